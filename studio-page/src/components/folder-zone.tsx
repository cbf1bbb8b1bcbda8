import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { chosenFiles, type DroppedFile } from '../dropped.ts';
import { Button } from './button.tsx';
import './dropzone.css';
import { Icon } from './icon.tsx';
import { useDrop } from './use-drop.ts';

export interface FolderZoneProps {
  /** What to do, in a few words: `Drop folders here`. */
  readonly title: string;
  /** A second line. */
  readonly note?: ComponentChildren;
  readonly disabled?: boolean;
  /** Takes files with their places in the folders; empty drops are left out. */
  readonly onFiles: (files: DroppedFile[]) => void;
}

/** A place for folders of images: dropped, or chosen by a button. */
export function FolderZone({ title, note, disabled, onFiles }: FolderZoneProps) {
  const picker = useRef<HTMLInputElement>(null);
  const take = (files: DroppedFile[]) => {
    if (files.length > 0) onFiles(files);
  };
  const { over, handlers } = useDrop(disabled, take);
  return (
    <div class={`dropzone of-folders ${over ? 'over' : ''} ${disabled ? 'disabled' : ''}`} {...handlers}>
      <Icon name="upload" size={30} />
      <span class="dropzone-title">{title}</span>
      {note && <span class="dropzone-note">{note}</span>}
      <Button disabled={disabled} onClick={() => picker.current?.click()}>
        Choose a folder
      </Button>
      <input
        ref={picker}
        type="file"
        hidden
        multiple
        {...{ webkitdirectory: true }}
        aria-label="Folder of images"
        onChange={(event) => {
          const files = chosenFiles(event.currentTarget.files ?? []);
          event.currentTarget.value = '';
          take(files);
        }}
      />
    </div>
  );
}
