import { useState } from 'preact/hooks';
import { type DroppedFile, droppedFiles } from '../dropped.ts';

/**
 * What makes an element a place where files may be dropped.
 * @param take is given what was dropped, also where that is no file
 */
export function useDrop(disabled: boolean | undefined, take: (files: DroppedFile[]) => void) {
  const [over, setOver] = useState(false);
  return {
    /** Whether something is held above it. */
    over,
    handlers: {
      onDragOver: (event: DragEvent) => {
        event.preventDefault();
        if (!disabled) setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: DragEvent) => {
        setOver(false);
        // A place inside this one has taken it.
        if (event.defaultPrevented) return;
        event.preventDefault();
        if (!disabled && event.dataTransfer) void droppedFiles(event.dataTransfer).then(take);
      },
    },
  };
}
