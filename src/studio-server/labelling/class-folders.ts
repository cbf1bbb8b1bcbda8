import { lstat, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LabelList } from '../../platform/node/datasets/label-list.ts';
import { checkFolderName } from '../../platform/node/files/plain-names.ts';
import { isCopy, secondName } from '../../platform/node/files/second-name.ts';
import type { MovedImages } from '../api.ts';

/** A move of a file, by paths below the folder. */
interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * Moves labelled images into folders called after their classes, and has the list follow. No file is overwritten: where
 * one has the name already, the image stays. The list is written between making the new names and removing the old
 * ones, so that its lines lead to images whenever this ends; a move that was broken off before is finished.
 *
 * @param follow has whoever else knows the paths follow: new ones, by old ones in NFC
 * @throws HarrierError `bad-data` for a class that no folder can be called after, `storage`
 */
export async function moveToClassFolders(
  folder: string,
  follow: (moved: ReadonlyMap<string, string>) => Promise<void>,
): Promise<MovedImages> {
  const { labels } = await LabelList.read(folder);
  for (const label of new Set(labels.values()))
    checkFolderName(label, 'Train from the list as it is, or rename the class in it.');
  // Names of other images of the list: they are not those of a move before.
  const taken = new Set([...labels.keys()].map((file) => file.normalize('NFC')));
  const left: { file: string; reason: string }[] = [];
  const made: Move[] = [];
  for (const [file, label] of labels) {
    const from = await spelt(folder, file);
    const to = `${label}/${basename(from)}`;
    if (dirname(from) === label) continue;
    if (from.startsWith('../')) {
      left.push({ file: from, reason: 'it lies outside the folder' });
      continue;
    }
    if ((await lstat(join(folder, from)).catch(() => undefined))?.isSymbolicLink()) {
      left.push({ file: from, reason: 'it is a link' });
      continue;
    }
    try {
      await mkdir(join(folder, label), { recursive: true });
      await nameAgain(join(folder, from), join(folder, to), !taken.has(to.normalize('NFC')));
      made.push({ from, to });
      taken.add(to.normalize('NFC'));
    } catch (error) {
      left.push({ file: from, reason: reasonOf(error as NodeJS.ErrnoException, to) });
    }
  }
  if (made.length > 0) await follow(new Map(made.map(({ from, to }) => [from.normalize('NFC'), to])));
  for (const { from } of made) await rm(join(folder, from), { force: true });
  return { moved: made.length, left };
}

/** A path as the files have it, where it is there: an `é` may be spelt in one character or two. */
async function spelt(folder: string, path: string): Promise<string> {
  for (const each of [path, path.normalize('NFC'), path.normalize('NFD')]) {
    if (await lstat(join(folder, each)).catch(() => undefined)) return each;
  }
  return path;
}

/** @param mayBeThere whether the file may have the name already, from a move that was broken off */
async function nameAgain(from: string, to: string, mayBeThere: boolean): Promise<void> {
  await secondName(from, to).catch(async (error) => {
    if (error.code !== 'EEXIST' || !mayBeThere || !(await isCopy(from, to))) throw error;
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException, to: string): string {
  if (code === 'EEXIST') return `there is a file ${to} already`;
  if (code === 'ENOENT') return 'the file is not there';
  return message;
}
