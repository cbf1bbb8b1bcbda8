import { readFile, stat } from 'node:fs/promises';
import { HarrierError } from '../../errors.ts';
import { filesBelow, lookInto } from '../../platform/node/datasets/folder-tree.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { isImageName } from '../../platform/node/images/image-names.ts';
import { isAddress } from '../../platform/node/remote/remote-images.ts';
import { RUN_FILES } from '../../runs/stored-run.ts';
import { withoutByteOrderMark } from '../../utf8.ts';
import { isInShard, type Shard } from '../shard.ts';
import { STANDARD_INPUT, textOfStandardInput } from './input.ts';
import { withListings } from './names.ts';
import { checkListed, type RemoteFlags } from './remote.ts';

/** Options of commands that take images. */
export interface ListOptions extends RemoteFlags {
  /** A file with one name a line, or `-`. */
  readonly list?: string;
  /** The part of the images that is meant. */
  readonly shard?: Shard;
  /** The model; without it the first word may be one. */
  readonly model?: string;
}

export interface PredictArguments {
  readonly model: string | undefined;
  /** The words that name images, as they were typed. */
  readonly named: readonly string[];
  /** Names of files, addresses, and `-` for standard input; folders are resolved. */
  readonly files: readonly string[];
}

/**
 * Parts what was typed into model and images: the first word is the model, unless it is called like an image, is an
 * address, `-`, or a folder of images. A folder stands for the images below it.
 *
 * @param isStreamed whether list, parts and `s3://` prefixes are taken later, name by name: folders of a list are then no
 *   images
 * @throws HarrierError `bad-option` when there are no images, or for a listed address without `--allow-remote`;
 *   `not-found`, `storage` for a list or folder that cannot be read; as `S3Images.list`
 */
export async function predictArguments(
  words: readonly string[],
  { list, model, shard, ...flags }: ListOptions = {},
  isStreamed = false,
): Promise<PredictArguments> {
  const [first, ...rest] = words;
  const hasModel = model === undefined && first !== undefined && !(await isMeantAsImage(first));
  const listed = list === undefined || isStreamed ? [] : await namesIn(list);
  for (const name of listed) checkListed(name, list!, flags);
  const named = hasModel ? rest : words;
  const files: string[] = [];
  for (const name of [...named, ...listed]) {
    const found = await resolved(name);
    for await (const each of isStreamed ? found : withListings(found)) files.push(each);
  }
  if (files.filter((name) => name === STANDARD_INPUT).length + Number(list === STANDARD_INPUT) > 1) {
    throw new HarrierError('bad-option', 'standard input can be read only once', {
      received: '"-" more than once',
      next: 'Keep one "-".',
    });
  }
  if (files.length > 0 || (isStreamed && list !== undefined)) {
    // Of a stream, a part is taken as it is read.
    const isMeant = (i: number) => isStreamed || !shard || isInShard(shard, i);
    return { model: hasModel ? first : model, named, files: files.filter((_, i) => isMeant(i)) };
  }
  throw new HarrierError('bad-option', "missing required argument 'file': no image is given", {
    // If it was meant as an image, the error explains why it is not one.
    ...(hasModel &&
      list === undefined && {
        received: `only "${first}", which has no image's file extension and so names the model`,
      }),
    ...(list !== undefined && { received: `an empty list (${list})` }),
    next: 'See --help.',
  });
}

async function isMeantAsImage(word: string): Promise<boolean> {
  if (word === STANDARD_INPUT || isAddress(word)) return true;
  const info = await stat(word).catch(() => undefined);
  if (info?.isDirectory()) return isFolderOfImages(word);
  return isImageName(word) || info?.isFIFO() === true || info?.isCharacterDevice() === true;
}

/** No folder of a run, and with images in it or in a folder in it. */
async function isFolderOfImages(folder: string): Promise<boolean> {
  const top = await lookInto(folder);
  if (
    top.files.some((name) => ([RUN_FILES.model, RUN_FILES.record, 'seeds.json'] as string[]).includes(name))
  ) {
    return false;
  }
  if (top.images > 0) return true;
  const below = await Promise.all(top.folders.map((name) => lookInto(folder, name)));
  return below.some(({ images }) => images > 0);
}

/** The images below a folder; any other name as it is. */
async function resolved(name: string): Promise<string[]> {
  if (name === STANDARD_INPUT || isAddress(name)) return [name];
  const info = await stat(name).catch(() => undefined);
  if (!info?.isDirectory()) return [name];
  const below = name.replace(/(?<=.)\/+$/, '');
  const found = (await filesBelow(below, '.')).map(({ path }) => path.slice(2)).filter(isImageName);
  if (found.length === 0) {
    throw new HarrierError('bad-data', 'this folder contains no images', {
      where: name,
      expected: "files with an image's extension (.png, .jpg, …)",
      next: 'Check the path.',
    });
  }
  return found.map((path) => (below === '/' ? `/${path}` : `${below}/${path}`));
}

/** One name a line; names that a NUL ends (`find -print0`) may hold line breaks. */
async function namesIn(list: string): Promise<string[]> {
  const text =
    list === STANDARD_INPUT
      ? await textOfStandardInput()
      : await readFile(list, 'utf8').catch((error) => {
          throw readError(error, list, 'file');
        });
  const names = text.includes('\0') ? text.split('\0') : withoutByteOrderMark(text).split(/\r?\n/);
  return names.filter((name) => name.trim() !== '');
}
