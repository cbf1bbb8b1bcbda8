import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import './dropzone.css';
import { Icon } from './icon.tsx';
import { useDrop } from './use-drop.ts';

export interface DropzoneProps {
  /** What to do, in a few words: `Drop an image here`. */
  readonly title: string;
  /** A second line. */
  readonly note?: ComponentChildren;
  /** As a file input has it; what is dropped is not filtered, so that a wrong file can be spoken of. */
  readonly accept?: string;
  readonly multiple?: boolean;
  /** Takes images that are pasted anywhere on the page. */
  readonly paste?: boolean;
  readonly disabled?: boolean;
  /** Small, for where there is something already. */
  readonly compact?: boolean;
  readonly onFiles: (files: File[]) => void;
}

/** A place for files: dropped, pasted, or picked by a click. */
export function Dropzone(props: DropzoneProps) {
  const { title, note, accept = 'image/*', multiple, paste, disabled, compact, onFiles } = props;
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    if (!paste || disabled) return;
    const take = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      latest.current(multiple ? files : files.slice(0, 1));
    };
    addEventListener('paste', take);
    return () => removeEventListener('paste', take);
  }, [paste, disabled, multiple]);
  const { over, handlers } = useDrop(disabled, (dropped) => {
    const files = dropped.map(({ file }) => file);
    if (files.length > 0) latest.current(multiple ? files : files.slice(0, 1));
  });
  return (
    <label
      class={`dropzone ${over ? 'over' : ''} ${compact ? 'compact' : ''} ${disabled ? 'disabled' : ''}`}
      {...handlers}
    >
      <input
        type="file"
        accept={accept}
        multiple={multiple}
        disabled={disabled}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          // The same file again is a choice too.
          event.currentTarget.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      <Icon name="upload" size={compact ? 20 : 30} />
      <span class="dropzone-title">{title}</span>
      {note && <span class="dropzone-note">{note}</span>}
    </label>
  );
}
