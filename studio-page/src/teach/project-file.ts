import { unzipSync, type Zippable, zipSync } from 'fflate';
import { HarrierError } from 'harrier/src/errors.ts';
import { formatBytes } from 'harrier/src/format/format.ts';
import * as z from 'zod/mini';
import type { Way } from './lesson.ts';
import type { Outcome } from './messages.ts';
import type { ChosenOptions } from './options.ts';

/** What a project file is called when it is saved. */
export const PROJECT_FILE = 'my-classes.harrier.zip';
/** The list of what the archive holds. */
const LIST = 'harrier-project.json';
const MODEL = 'model.onnx';
/** Bytes that an archive may unpack to: a page has no more memory. */
const MOST_BYTES = 1.5e9;

export interface SavedImage {
  readonly id: string;
  readonly name: string;
  /** Its media type. */
  readonly type: string;
  readonly burst?: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Classes with their images, how they are trained on, and the model that was taught, as a file keeps them. */
export interface SavedProject {
  readonly classes: readonly { readonly name: string; readonly images: readonly SavedImage[] }[];
  readonly options?: ChosenOptions;
  readonly taught?: {
    readonly outcome: Outcome;
    readonly model: Uint8Array<ArrayBuffer>;
    readonly of: string;
  };
}

/** A file of an archive. */
export interface Entry {
  /** With `/` between folders. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Identifiers become names in the browser's storage. */
const Id = z.string().check(z.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/));
const WAYS: readonly Way[] = ['features', 'head', 'all', 'scratch'];
const List = z.object({
  format: z.literal(1),
  classes: z.array(
    z.object({
      name: z.string(),
      images: z.array(
        z.object({
          id: Id,
          name: z.string(),
          // Files of before may have none.
          type: z.string().check(z.regex(/^(image\/[\w.+-]+)?$/)),
          file: z.string(),
          burst: z.optional(z.string()),
        }),
      ),
    }),
  ),
  // Another version may have other ones.
  options: z.catch(
    z.optional(z.object({ way: z.optional(z.enum(WAYS)), epochs: z.string(), mirrored: z.boolean() })),
    undefined,
  ),
  taught: z.optional(
    z.object({
      of: z.string(),
      outcome: z.object({
        job: z.string(),
        classNames: z.array(z.string()),
        imageShape: z.tuple([z.number(), z.number()]),
        history: z.array(z.looseObject({ epoch: z.number(), loss: z.number(), accuracy: z.number() })),
        bestEpoch: z.optional(z.number()),
        folds: z.optional(z.number()),
        oneRecording: z.optional(z.array(z.string())),
        heldOut: z.array(
          z.object({
            id: z.string(),
            label: z.number(),
            probabilities: z.array(z.number()),
            group: z.optional(z.number()),
          }),
        ),
        engine: z.string(),
        seconds: z.number(),
      }),
    }),
  ),
});

/**
 * A project as a zip archive. Each class is a folder of image files, so `harrier train --data` reads the archive too.
 */
export function packProject({ classes, options, taught }: SavedProject): Uint8Array<ArrayBuffer> {
  // Images and weights do not get smaller.
  const stored = { level: 0 } as const;
  const files: Zippable = {};
  const folders = new Set<string>();
  const listed = classes.map(({ name, images }) => {
    const folder = free(fileName(name, 'class'), folders);
    const names = new Set<string>();
    return {
      name,
      images: images.map(({ bytes, ...image }) => {
        const ending = EXTENSIONS[image.type] ?? '.img';
        const stem = image.name.replace(/\.[A-Za-z0-9]{1,5}$/, '');
        const file = `${folder}/${free(fileName(stem, 'image'), names, ending)}`;
        files[file] = [bytes, stored];
        return { ...image, file };
      }),
    };
  });
  const list: z.infer<typeof List> = {
    format: 1,
    classes: listed,
    options,
    // As a schema has it: arrays that may change.
    ...(taught && { taught: JSON.parse(JSON.stringify({ outcome: taught.outcome, of: taught.of })) }),
  };
  files[LIST] = new TextEncoder().encode(JSON.stringify(list));
  if (taught) files[MODEL] = [taught.model, stored];
  return zipSync(files) as Uint8Array<ArrayBuffer>;
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/webp': '.webp',
  'image/avif': '.avif',
  'image/gif': '.gif',
  'image/bmp': '.bmp',
};

/** A name that every file system takes. */
function fileName(text: string, otherwise: string): string {
  const name = text
    .normalize('NFC')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: file systems refuse these
    .replace(/[\u0000-\u001f<>:"/\\|?*]+/g, '-')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  // By whole characters: half a pair of surrogates is no name.
  return name === '' ? otherwise : [...name].slice(0, 80).join('');
}

/** The name, or one with a number behind it where it is taken; case does not tell names apart. */
function free(name: string, taken: Set<string>, ending = ''): string {
  let result = `${name}${ending}`;
  for (let i = 2; taken.has(result.toLowerCase()); i++) result = `${name}-${i}${ending}`;
  taken.add(result.toLowerCase());
  return result;
}

/**
 * The files of a zip archive; folders are left out.
 * @throws HarrierError `bad-data` when it is damaged or none, `too-large` when it would not fit into the page's memory
 */
export function unpackZip(bytes: Uint8Array, name: string): Entry[] {
  let total = 0;
  try {
    const files = unzipSync(bytes, {
      filter: ({ name: path, originalSize }) => {
        total += originalSize;
        return total <= MOST_BYTES && !path.endsWith('/');
      },
    });
    if (total <= MOST_BYTES) {
      return Object.entries(files).map(([path, content]) => ({
        path: path.replaceAll('\\', '/'),
        // A copy of its own: what is stored is a view of the archive.
        bytes: content.slice() as Uint8Array<ArrayBuffer>,
      }));
    }
  } catch (cause) {
    throw new HarrierError('bad-data', 'this is no zip archive, or a damaged one', {
      where: name,
      received: cause instanceof Error ? cause.message : String(cause),
      next: 'Save the project again, or pack the folders of images again.',
      cause,
    });
  }
  throw new HarrierError('too-large', 'this archive unpacks to more than a page can hold', {
    where: name,
    expected: `at most ${formatBytes(MOST_BYTES)}`,
    received: `${formatBytes(total)} or more`,
    next: 'Train on it in a terminal: npx harrier train --data FILE.zip.',
  });
}

/**
 * The project that an archive holds; undefined for an archive of images.
 * @throws HarrierError `bad-data` when the list of a project is damaged, or files that it names are missing
 */
export function projectOf(entries: readonly Entry[], name: string): SavedProject | undefined {
  const files = new Map(entries.map(({ path, bytes }) => [path, bytes]));
  const text = files.get(LIST);
  if (!text) return undefined;
  const damaged = (received: string) =>
    new HarrierError('bad-data', 'this project file is damaged', {
      where: name,
      received,
      next: 'Save it again, or unpack it and add its folders of images.',
    });
  let list: z.infer<typeof List>;
  try {
    list = List.parse(JSON.parse(new TextDecoder().decode(text)));
  } catch (cause) {
    throw damaged(
      `${LIST} that cannot be read (${cause instanceof SyntaxError ? cause.message : z.prettifyError(cause as z.core.$ZodError).split('\n')[0]})`,
    );
  }
  const bytesOf = (file: string) => {
    const bytes = files.get(file);
    if (!bytes) throw damaged(`no file ${file}`);
    return bytes;
  };
  const { classes, options, taught } = list;
  return {
    classes: classes.map(({ name, images }) => ({
      name,
      images: images.map(({ file, ...image }) => ({ ...image, bytes: bytesOf(file) })),
    })),
    ...(options && { options }),
    ...(taught && {
      taught: { of: taught.of, outcome: taught.outcome as unknown as Outcome, model: bytesOf(MODEL) },
    }),
  };
}
