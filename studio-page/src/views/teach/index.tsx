import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Asking } from '../../components/asking.tsx';
import { Button } from '../../components/button.tsx';
import { HiddenPixels } from '../../components/hidden-pixels.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { chosenFiles, type DroppedFile, droppedFiles } from '../../dropped.ts';
import { addFiles, addFolders, endAdditions, refusals } from '../../teach/add-images.ts';
import { isArchive, offerProject } from '../../teach/open-project.ts';
import { setOptions } from '../../teach/options.ts';
import {
  addClass,
  classes,
  clearProject,
  forgetRemoved,
  loadProject,
  notKept,
  removed,
  undo,
  unkeptImages,
} from '../../teach/project.ts';
import { taught } from '../../teach/taught.ts';
import { forgetTaught, loadTraining, training } from '../../teach/training.ts';
import { ClassCard } from './class-card.tsx';
import { HeldOut } from './held-out.tsx';
import { Opening, OpenProject, SaveProject } from './project-file.tsx';
import { TakeAway } from './take-away.tsx';
import './teach.css';
import { TrainPanel } from './train-panel.tsx';
import { TryPanel } from './try-panel.tsx';

/** Classes of one's own: images, a training in this page, and a model to take away. */
export default function Teach() {
  useEffect(() => {
    void loadProject().then(loadTraining);
  }, []);
  const all = classes.value;
  const active = useSignal<string>();
  // What is pasted, and loose files, go to the class that was used last, as it stands when they come.
  const targetNow = () => {
    const known = classes.peek();
    return known?.find(({ id }) => id === active.peek()) ?? known?.[0];
  };
  // A project is opened, folders become classes.
  const takeDropped = async (files: readonly DroppedFile[]): Promise<void> => {
    const target = targetNow();
    if (!target) return;
    const archive = files.find(({ file }) => isArchive(file.name));
    if (archive) void offerProject(archive.file);
    await addFolders(
      files.filter((each) => !isArchive(each.file.name)),
      target.id,
    );
  };
  useEffect(() => {
    const take = (event: ClipboardEvent) => {
      const target = targetNow();
      const place = event.target as Element | null;
      if (!target || place?.closest('input, textarea, .try-panel')) return;
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      void addFiles(
        target.id,
        files.map((file) => ({ blob: file, name: file.name })),
      );
    };
    addEventListener('paste', take);
    return () => removeEventListener('paste', take);
  }, []);

  // Folders become classes wherever they are dropped.
  useEffect(() => {
    const allow = (event: DragEvent) => {
      if (inZone(event) || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
    };
    const take = (event: DragEvent) => {
      if (!targetNow() || inZone(event) || !event.dataTransfer) return;
      event.preventDefault();
      void droppedFiles(event.dataTransfer).then(takeDropped);
    };
    addEventListener('dragover', allow);
    addEventListener('drop', take);
    return () => {
      removeEventListener('dragover', allow);
      removeEventListener('drop', take);
    };
  }, []);

  if (!all) return <Loading what="your classes" />;
  const target = all.find(({ id }) => id === active.value) ?? all[0];
  const images = all.reduce((total, each) => total + each.images.length, 0);
  return (
    <>
      <header class="view-head">
        <div>
          <h1>Teach it your own classes</h1>
          <p class="note">
            Show a few images of each thing. The training runs in this page, and nothing leaves it: images and
            model stay in your browser.
          </p>
        </div>
        <ProjectButtons isEmpty={images === 0 && !taught.value} />
      </header>
      <HiddenPixels />
      <Opening />
      {notKept.value !== undefined && (
        <Message kind="note" title={lossText(unkeptImages.value)} error={notKept.value} />
      )}
      <div class="teach">
        <section class="teach-classes" aria-label="Classes and their images">
          {all.map((each, place) => (
            <ClassCard
              key={each.id}
              taught={each}
              number={place + 1}
              removable={all.length > 1}
              onUse={() => {
                active.value = each.id;
              }}
              isTarget={each.id === target?.id}
            />
          ))}
          <div class="add-classes">
            <button
              type="button"
              class="add-class"
              onClick={() => {
                active.value = addClass().id;
              }}
            >
              <span aria-hidden="true">+</span> Add a class
            </button>
            <FolderPicker onFiles={(files) => void addFolders(files, target!.id)} />
          </div>
        </section>
        <div class="teach-work">
          <TrainPanel />
          {taught.value && !training.value && (
            <>
              <TryPanel taught={taught.value} onOthers={takeDropped} />
              <HeldOut taught={taught.value} />
              <TakeAway taught={taught.value} />
            </>
          )}
        </div>
      </div>
      <Undo />
    </>
  );
}

/** Whether a part of the page takes what is dropped. */
const inZone = (event: Event): boolean =>
  (event.target as Element | null)?.closest('.dropzone, .try-panel') != null;

/** Chooses a folder whose folders are classes. */
function FolderPicker({ onFiles }: { readonly onFiles: (files: DroppedFile[]) => void }) {
  return (
    <label class="add-class">
      <input
        type="file"
        class="unseen"
        multiple
        {...{ webkitdirectory: true }}
        onChange={(event) => {
          const files = chosenFiles(event.currentTarget.files ?? []);
          event.currentTarget.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      Add folders of images
      <span class="note">each becomes a class; dropping them here works too</span>
    </label>
  );
}

/** What closing the page would lose. */
function lossText(images: number): string {
  if (images === 0) return 'What you change will be gone when you close the page';
  const what = images === 1 ? '1 image, marked below, is' : `${images} images, marked below, are`;
  return `${what} in this page only: save the project before you close it`;
}

/** Keeps all of it in a file, brings it back from one, or removes it. */
function ProjectButtons({ isEmpty }: { readonly isEmpty: boolean }) {
  return (
    <div class="row">
      {!isEmpty && <SaveProject />}
      <OpenProject />
      {!isEmpty && <StartOver />}
    </div>
  );
}

/** Removes everything, when that is confirmed. */
function StartOver() {
  return (
    <Asking
      kind="quiet"
      icon="trash"
      question="Remove all images, and the model?"
      yes="Remove all"
      no="Keep them"
      onYes={() => {
        forgetTaught();
        endAdditions();
        refusals.value = [];
        void clearProject();
        setOptions();
      }}
    >
      Start over
    </Asking>
  );
}

/** Brings back what was removed last, for a while. */
function Undo() {
  const last = removed.value;
  const pill = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!last) return;
    const end = () => {
      // Who is on the way to the button has the time that it takes.
      if (pill.current?.matches(':hover, :focus-within')) timer = setTimeout(end, 1000);
      else if (removed.peek() === last) forgetRemoved();
    };
    let timer = setTimeout(end, 15_000);
    const keys = (event: KeyboardEvent) => {
      const isTyped = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      if (isTyped || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
      event.preventDefault();
      undo();
    };
    addEventListener('keydown', keys);
    return () => {
      clearTimeout(timer);
      removeEventListener('keydown', keys);
    };
  }, [last]);
  return (
    <div class="teach-undo" role="status">
      {last && (
        <div ref={pill}>
          <span>Removed {last.what}.</span>
          <Button kind="quiet" icon="undo" onClick={undo}>
            Undo
          </Button>
        </div>
      )}
    </div>
  );
}
