import { HarrierError } from '../../../errors.ts';
import { isJunkFile, isJunkFolder } from '../../../platform/node/datasets/junk.ts';
import { type Part, partNamed } from '../../../platform/node/datasets/part-names.ts';
import { isPlainName, NAME_RULE } from '../../../platform/node/files/plain-names.ts';

/** Where an image lies in a data set that is being made. */
export interface ImagePlace {
  /** Absent: of no part; training splits the data set. */
  readonly part?: Part;
  /** The folder of its class. */
  readonly folder: string;
  readonly file: string;
}

/** Bytes of a name, in UTF-8: what all file systems take, with room for a number behind it. */
const LONGEST = 200;

/**
 * The place of an image by where it lay in what was dropped: `photos/train/ants/1.jpg` is an image of the class `ants` in
 * the training part. Folders further out are left off.
 *
 * @throws HarrierError `bad-data` for an image in no folder, and for names that no folder or file can have
 */
export function imagePlace(path: string): ImagePlace {
  const names = path.normalize('NFC').split('/');
  const [outer, folder, file] = [names.at(-3), names.at(-2), names.at(-1)!];
  if (folder === undefined) {
    throw new HarrierError('bad-data', 'this image lies in no folder', {
      where: shown(path),
      expected: 'a folder for each class, with its images inside',
    });
  }
  checkName(folder, path);
  checkName(file, path);
  if (isJunkFolder(folder) || isJunkFile(file)) {
    throw new HarrierError('bad-data', 'this is a file that a system made', { where: shown(path) });
  }
  if (partNamed(folder) !== undefined) {
    throw new HarrierError('bad-data', 'a folder of this name is a part of the data, and no class', {
      where: shown(path),
      expected: `folders of classes in ${folder}, or another name`,
    });
  }
  const part = outer === undefined ? undefined : partNamed(outer);
  return { ...(part !== undefined && part !== 'unused' && { part }), folder, file };
}

/** @throws HarrierError `bad-data` for a name that is not one plain name on all systems */
export function checkName(name: string, where: string): void {
  if (isPlainName(name) && Buffer.byteLength(name) <= LONGEST) return;
  throw new HarrierError('bad-data', 'no folder or file can have this name on all systems', {
    where: shown(where),
    expected: `${NAME_RULE}, at most ${LONGEST} bytes long`,
    received: shown(name),
  });
}

/** As errors name what came from elsewhere. */
function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
