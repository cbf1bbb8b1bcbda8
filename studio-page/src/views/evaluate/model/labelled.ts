import type { DroppedFile } from '../../../dropped.ts';

/** An image whose class is known. */
export interface LabelledImage {
  /** For people: where it lies. */
  readonly name: string;
  /** An index into the classes of the model. */
  readonly label: number;
  /** Images with the same number are copies of one another or of one group; absent where nobody has looked. */
  readonly copies?: number;
  /** Its content, whatever the kind of file. */
  readonly read: () => Promise<Blob>;
  /** An address to show it from; the longer side of a small one is at least `size` where the image has so many. */
  readonly url: (size?: number) => string;
}

/** Images to evaluate a model on. */
export interface LabelledImages {
  /** What they are called: `photos/test`. */
  readonly name: string;
  readonly images: readonly LabelledImage[];
  /** Folders or classes that the model does not know, with the number of their images. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** Names of classes are compared in Unicode's composed form. */
const plain = (name: string): string => name.trim().normalize('NFC');

/** Finds classes of a model by their names; in another letter case where a single class is called so. */
export function classFinder(classNames: readonly string[]): (name: string) => number | undefined {
  const exact = new Map(classNames.map((name, i) => [plain(name), i]));
  const inAnyCase = new Map<string, number | undefined>();
  for (const [name, i] of exact) {
    const key = name.toLowerCase();
    inAnyCase.set(key, inAnyCase.has(key) ? undefined : i);
  }
  return (name) => exact.get(plain(name)) ?? inAnyCase.get(plain(name).toLowerCase());
}

/** Files by the folders that they lie in: the innermost one that is called like a class counts. */
export function imagesOfFiles(files: readonly DroppedFile[], classNames: readonly string[]): LabelledImages {
  const find = classFinder(classNames);
  const images: LabelledImage[] = [];
  const leftOut = new Map<string, number>();
  for (const { path, file } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const folders = path.split('/').slice(0, -1);
    const label = folders.map(find).findLast((each) => each !== undefined);
    if (label === undefined) {
      const folder = folders.at(-1) ?? 'no folder';
      leftOut.set(folder, (leftOut.get(folder) ?? 0) + 1);
    } else images.push({ name: path, label, read: async () => file, url: urlOf(file) });
  }
  return { name: outermost(files), images, leftOut };
}

function outermost(files: readonly DroppedFile[]): string {
  const names = new Set(files.map(({ path }) => path.split('/')[0]));
  return names.size === 1 && files[0].path.includes('/') ? [...names][0] : 'the folders';
}

/** One address a file, made when it is first shown. */
function urlOf(file: File): () => string {
  let url: string | undefined;
  return () => {
    url ??= URL.createObjectURL(file);
    return url;
  };
}
