import { formatCount } from 'harrier/src/format/format.ts';
import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Dropzone } from '../../components/dropzone.tsx';
import { Icon } from '../../components/icon.tsx';
import { Message } from '../../components/message.tsx';
import { addFiles, forgetRefusals, reading, refusals } from '../../teach/add-images.ts';
import { isArchive, offerProject } from '../../teach/open-project.ts';
import {
  imageUrlOf,
  removeClass,
  removeImages,
  renameClass,
  type TaughtClass,
  unkept,
} from '../../teach/project.ts';
import { Recorder } from './camera.tsx';

interface ClassCardProps {
  readonly taught: TaughtClass;
  /** From 1. */
  readonly number: number;
  readonly removable: boolean;
  /** The user does something with it. */
  readonly onUse: () => void;
  /** What is pasted comes here. */
  readonly isTarget: boolean;
}

/** As many thumbnails as fit into a few rows; the rest can be asked for. */
const SHOWN = 40;

/** A class: its name, its images, and ways to add more. */
export function ClassCard({ taught, number, removable, onUse, isTarget }: ClassCardProps) {
  const { id, name, images } = taught;
  const [camera, setCamera] = useState(false);
  const [all, setAll] = useState(false);
  const mine = refusals.value.filter(({ classId }) => classId === id);
  const waiting = reading.value[id] ?? 0;
  const shown = all ? images : images.slice(-SHOWN);
  const add = (files: File[]) => {
    onUse();
    const archive = files.find(({ name }) => isArchive(name));
    if (archive) void offerProject(archive);
    void addFiles(
      id,
      files.filter(({ name }) => !isArchive(name)).map((file) => ({ blob: file, name: file.name })),
    );
  };
  return (
    <article class={`class-card tint-${((number - 1) % 6) + 1}`} onFocusIn={onUse} aria-label={name}>
      <header>
        <input
          class="class-name"
          value={name}
          aria-label={`Name of class ${number}`}
          maxLength={60}
          spellcheck={false}
          autocomplete="off"
          onFocus={(event) => event.currentTarget.select()}
          onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
          onInput={(event) => renameClass(id, event.currentTarget.value)}
          onBlur={() => {
            if (name.trim() === '') renameClass(id, `Class ${number}`);
          }}
        />
        <span class="class-count">
          {images.length === 1 ? '1 image' : `${formatCount(images.length)} images`}
        </span>
        <Button
          kind="quiet"
          icon="trash"
          disabled={!removable}
          aria-label={`Remove class ${name}`}
          onClick={() => removeClass(id)}
        />
      </header>
      {mine.length > 0 && (
        <Message
          kind="error"
          title={mine.length === 1 ? 'A file was left out' : `${mine.length} files were left out`}
          onClose={() => forgetRefusals(id)}
        >
          {mine.slice(0, 3).map((each) => (
            <span key={each.id} class="refusal">
              {each.message}
            </span>
          ))}
          {mine.length > 3 && <span class="refusal">And {mine.length - 3} more.</span>}
        </Message>
      )}
      {/* Above the images: they become more while the button is held, and it must not move. */}
      {camera && (
        <Recorder
          label={name}
          onImage={(blob, taken, burst) =>
            void addFiles(id, [{ blob, name: `webcam ${taken.toLocaleTimeString()}`, burst }])
          }
          onClose={() => setCamera(false)}
        />
      )}
      {images.length > 0 && (
        <ul class="thumbnails">
          {shown.map((image) => (
            <li key={image.id} class={unkept.value.has(image.id) ? 'unkept' : undefined}>
              <img src={imageUrlOf(image)} alt={image.name} loading="lazy" />
              <button
                type="button"
                aria-label={`Remove ${image.name}`}
                title={`Remove ${image.name}`}
                onClick={() => removeImages(id, [image.id])}
              >
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {images.length > SHOWN && (
        <Button kind="quiet" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${formatCount(images.length)}`}
        </Button>
      )}
      {waiting > 0 && <p class="note">Reading {waiting === 1 ? 'an image' : `${waiting} images`} …</p>}
      {!camera && (
        <div class="class-sources">
          <Dropzone
            compact
            multiple
            title={images.length === 0 ? 'Drop or choose images' : 'Add images'}
            note={isTarget && images.length === 0 ? 'or paste' : undefined}
            onFiles={add}
          />
          <Button
            icon="camera"
            onClick={() => {
              onUse();
              setCamera(true);
            }}
          >
            Webcam
          </Button>
        </div>
      )}
    </article>
  );
}
