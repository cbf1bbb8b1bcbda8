import { isJunk } from 'junk';

/** A file, and where it lay in what was dropped or chosen: `photos/cats/1.jpg`. */
export interface DroppedFile {
  readonly path: string;
  readonly file: File;
}

/**
 * All files of a drop, those of its folders too; hidden ones and what systems leave in folders are left out. What cannot be
 * read, such as a file that went away meanwhile, stands there as an empty file: whoever looks into the files says that it
 * is no image.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  // Entries can be had only before the event has ended: all at once, then one after another.
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ path: file.name, file }));
  const found: DroppedFile[] = [];
  for (const entry of entries) await collect(entry, '', found);
  return found;
}

/** The files of a folder that was chosen, with their places in it. */
export function chosenFiles(files: Iterable<File>): DroppedFile[] {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => !path.split('/').some(isUnwanted));
}

/** What is dropped beside every zone would take the place of the page. */
export function ignoreStrayDrops(): void {
  for (const name of ['dragover', 'drop'] as const) {
    addEventListener(name, (event) => {
      if (!event.defaultPrevented && event.dataTransfer) {
        event.preventDefault();
        if (name === 'dragover') event.dataTransfer.dropEffect = 'none';
      }
    });
  }
}

/** Whether a name is of a hidden file, or of one that systems leave in folders. */
export const isUnwanted = (name: string): boolean => name.startsWith('.') || isJunk(name);

async function collect(entry: FileSystemEntry, folder: string, found: DroppedFile[]): Promise<void> {
  if (isUnwanted(entry.name)) return;
  const path = `${folder}${entry.name}`;
  const unread = () => new File([], entry.name);
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    ).catch(unread);
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Browsers give a hundred at a time, and nothing at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    ).catch(() => undefined);
    if (!some) found.push({ path, file: unread() });
    if (!some?.length) return;
    for (const each of some) await collect(each, `${path}/`, found);
  }
}
