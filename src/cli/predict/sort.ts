import { createReadStream } from 'node:fs';
import { lstat, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity, printable } from '../../format/format.ts';
import { withLock } from '../../platform/node/files/lock.ts';
import { checkFolderName } from '../../platform/node/files/plain-names.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { isCopy } from '../../platform/node/files/second-name.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { Exit, failureOf } from '../failure.ts';
import type { Interruption } from '../interruption.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { type Answered, type Answering, answered, checkAnswered } from './answering.ts';
import { inOrder } from './in-order.ts';
import { OTHER_FOLDER, SortedFolder, type SortedImage, TABLE } from './sorted-folder.ts';
import type { Answer } from './text.ts';

/** For images whose largest probability is too low, and for those of none of the classes. */
const UNSURE = 'unsure';
const UNKNOWN = 'unknown';
/** Why a link is not moved. */
const IS_LINK: NodeJS.ErrnoException = new Error('it is a link');
/** Files that are looked at before it is their turn to be read. */
const AHEAD = 16;

export interface Sorting extends Answering<Answer> {
  readonly files: readonly string[];
  /** What was typed: images that were sorted before are sorted again only where it names their folder. */
  readonly words: readonly string[];
  readonly folder: string;
  readonly classNames: readonly string[];
  /** Whether the model tells images of none of the classes. */
  readonly tellsUnknown: boolean;
  /** Tells lines of this model, with these options, from those of others. */
  readonly model: string;
  /** The least largest probability of an image that a class gets. */
  readonly atLeast?: number;
  readonly move?: boolean;
  /** Whether images that cannot be read leave the command a success; not where none can be read. */
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

/** How many images went where. */
interface Counts {
  classes: Record<string, number>;
  unsure: number;
  unknown: number;
  /** That cannot be read. */
  failed: number;
  /** That cannot be moved. */
  left: number;
  /** Of the others: those that were sorted by a command before. */
  before: number;
}

/** `predict --sort`: copies or moves images into folders that are called after their classes. */
export async function sortImages(
  task: Sorting,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  checkFolders(task);
  const { files, apart } = await unsorted(task);
  if (apart > 0) {
    reporter.note(
      `${formatQuantity(apart, 'image')} ${apart === 1 ? 'lies' : 'lie'} in the folders of ${shortPath(task.folder)} already: not sorted again.`,
    );
  }
  let hasWaited = false;
  const onWait = (holder: number): void => {
    if (!hasWaited) reporter.note(`Waiting: process ${holder} sorts into this folder.`);
    hasWaited = true;
  };
  const { signal } = interruption;
  const lock = { signal, onWait, elsewhere: OTHER_FOLDER };
  const counts = await withLock(join(task.folder, `${TABLE}.lock`), lock, async (check) => {
    const folder = await SortedFolder.open(task.folder);
    return new Sorter(task, folder, check, reporter, interruption).sort(files).finally(() => folder.close());
  }).catch((error) => {
    // Stopped before it had the folder for itself.
    throw error === signal.reason ? new Exit(interruption.exitCode!) : error;
  });
  reporter.clear();
  report(counts, task, files.length, reporter);
}

function report(counts: Counts, task: Sorting, total: number, reporter: Reporter): void {
  const { classes, unsure, unknown, failed, left, before } = counts;
  const sorted = Object.values(classes).reduce((sum, count) => sum + count, 0);
  const used = Object.values(classes).filter((count) => count > 0).length;
  if (before > 0) reporter.note(`${formatQuantity(before, 'image')} of these had been sorted before.`);
  if (task.json) {
    reporter.json({ folder: task.folder, sorted, classes, unsure, unknown, failed, left });
  } else {
    reporter.print(
      [
        `${formatCount(sorted)} sorted into ${formatQuantity(used, 'class', 'classes')}`,
        ...(task.atLeast === undefined ? [] : [`${formatCount(unsure)} unsure`]),
        ...(task.tellsUnknown ? [`${formatCount(unknown)} unknown`] : []),
        ...(left > 0 ? [`${formatCount(left)} left where they were`] : []),
      ].join(', '),
    );
  }
  const mayFail = task.skipBad === true && failed < total;
  if (failed > 0) {
    const stay = failed === 1 ? 'stays where it is' : 'stay where they are';
    const summary = `${formatCount(failed)} of ${formatQuantity(total, 'image')} could not be read and ${stay}; ${shortPath(join(task.folder, TABLE))} says why`;
    if (mayFail) reporter.note(`Note: ${summary}.`);
    else reporter.error(summary);
  }
  if (left > 0 || (failed > 0 && !mayFail)) throw new Exit(1);
}

/** Sorts images, one batch after another. */
class Sorter {
  readonly #task: Sorting;
  readonly #folder: SortedFolder;
  readonly #check: () => Promise<void>;
  readonly #reporter: Reporter;
  readonly #interruption: Interruption;
  readonly #counts: Counts;
  readonly #hashes = new Map<string, string>();
  #done = 0;

  /** @param check throws when another process has taken the folder over, after this one slept for long */
  constructor(
    task: Sorting,
    folder: SortedFolder,
    check: () => Promise<void>,
    reporter: Reporter,
    interruption: Interruption,
  ) {
    this.#task = task;
    this.#folder = folder;
    this.#check = check;
    this.#reporter = reporter;
    this.#interruption = interruption;
    const classes = Object.fromEntries(task.classNames.map((name) => [name, 0]));
    this.#counts = { classes, unsure: 0, unknown: 0, failed: 0, left: 0, before: 0 };
  }

  async sort(files: readonly string[]): Promise<Counts> {
    for await (const batch of answered(this.#toAnswer(files), this.#task)) {
      this.#checkStopped();
      checkAnswered(batch);
      await this.#check();
      const sorted: SortedImage[] = [];
      const old: string[] = [];
      for (const image of batch) {
        const made = await this.#sorted(image);
        if (!made) continue;
        sorted.push(made.image);
        old.push(...made.old);
      }
      // Only what the table tells of is removed elsewhere.
      await this.#folder.add(sorted);
      for (const file of old) await this.#remove(file);
      this.#done += batch.length;
      this.#progress(files.length);
    }
    this.#checkStopped();
    return this.#counts;
  }

  #checkStopped(): void {
    const { exitCode } = this.#interruption;
    if (exitCode === undefined) return;
    this.#reporter.note(`Stopped after ${formatQuantity(this.#done, 'image')}. The same command resumes.`);
    throw new Exit(exitCode);
  }

  #progress(total: number): void {
    this.#reporter.work({ what: 'sorting', done: this.#done, total, unit: 'images' });
  }

  /** The files that the model is to be asked about: not those that it has sorted. */
  async *#toAnswer(files: readonly string[]): AsyncGenerator<string> {
    const look = async (file: string) => {
      const hash = await hashOf(file).catch(() => '');
      const known = this.#folder.known(file, hash, this.#task.model);
      const path = known && join(this.#folder.path, known.sorted);
      // A file that was sorted and is here again is sorted again; in a copied folder, others may have moved the copy.
      const isDone = path !== undefined && (!this.#task.move || (await isCopy(file, path)));
      return { file, hash, known: isDone ? known : undefined };
    };
    const names = (async function* () {
      yield* files;
    })();
    for await (const { file, hash, known } of inOrder(names, look, AHEAD)) {
      if (this.#interruption.exitCode !== undefined) return;
      if (!known) {
        this.#hashes.set(file, hash);
        yield file;
        continue;
      }
      const [into] = known.sorted.split('/');
      this.#count(into, known.unknown);
      this.#counts.before++;
      if (this.#task.move) await this.#remove(file);
      this.#done++;
      this.#progress(files.length);
    }
  }

  /** Gives an image its name in a folder. @returns its line, and the names that are to be removed then */
  async #sorted({
    file,
    answer,
    error,
  }: Answered<Answer>): Promise<{ image: SortedImage; old: string[] } | undefined> {
    const { model, move, atLeast = 0 } = this.#task;
    const hash = this.#hashes.get(file) ?? '';
    this.#hashes.delete(file);
    if (!answer) {
      this.#counts.failed++;
      const { message = '' } = failureOf(error);
      return { image: { file, hash, model, predictions: [], error: message }, old: [] };
    }
    const [{ label, probability }] = answer.predictions;
    const unknown = answer.unknown === true;
    const into = unknown ? UNKNOWN : probability < atLeast ? UNSURE : label;
    try {
      if (move && (await lstat(file)).isSymbolicLink()) throw IS_LINK;
      // What another model has sorted into another folder moves on: nothing is there twice. What somebody has moved stays.
      const known = await this.#folder.earlier(file, hash);
      if (known?.isMoved) {
        const [where] = known.sorted.split('/');
        this.#count(where, where === UNKNOWN);
        return { image: { file, hash, model, ...answer, sorted: known.sorted }, old: move ? [file] : [] };
      }
      const earlier = known && join(this.#folder.path, known.sorted);
      const from = earlier ?? file;
      const { sorted, isThere } = await this.#folder.place(from, into, move || earlier !== undefined);
      this.#count(into, unknown);
      const old = [
        ...(earlier !== undefined && !isThere ? [earlier] : []),
        ...(move && !(isThere && from === file) ? [file] : []),
      ];
      return { image: { file, hash, model, ...answer, sorted }, old };
    } catch (reason) {
      if (reason instanceof HarrierError) throw reason;
      this.#leave(file, reason as NodeJS.ErrnoException);
      return undefined;
    }
  }

  #count(into: string, unknown: boolean): void {
    if (unknown) this.#counts.unknown++;
    else if (into === UNSURE && this.#task.atLeast !== undefined) this.#counts.unsure++;
    else this.#counts.classes[into] = (this.#counts.classes[into] ?? 0) + 1;
  }

  async #remove(file: string): Promise<void> {
    const isLink = (await lstat(file).catch(() => undefined))?.isSymbolicLink();
    if (isLink) return this.#leave(file, IS_LINK);
    await rm(file, { force: true }).catch((error) => this.#leave(file, error));
  }

  #leave(file: string, { code, message }: NodeJS.ErrnoException): void {
    this.#counts.left++;
    const reason = code === 'ENOENT' ? 'the file is not there' : message;
    this.#reporter.note(`Note: ${printable(file)} stays where it is: ${reason}.`);
  }
}

/** @throws HarrierError `bad-data` for a class that no folder can be called after; `bad-option` */
function checkFolders({ classNames, atLeast, tellsUnknown }: Sorting): void {
  for (const name of classNames)
    checkFolderName(name, 'Print the answers with --csv, and move the files by it.');
  if (classNames.includes(TABLE)) {
    throw new HarrierError('not-supported', 'a class has the name of the table', {
      where: TABLE,
      next: 'Print the answers with --csv, and move the files by it.',
    });
  }
  const isClass = (folder: string) => classNames.some((name) => name.toLowerCase() === folder);
  if (atLeast !== undefined && isClass(UNSURE)) {
    throw new HarrierError('bad-option', `this model has a class "${UNSURE}"`, {
      where: '--at-least',
      expected: 'a folder of that name for images below the probability alone',
      next: 'Leave --at-least out.',
    });
  }
  if (tellsUnknown && isClass(UNKNOWN)) {
    throw new HarrierError(
      'not-supported',
      `this model has a class "${UNKNOWN}", and tells unknown images besides`,
      {
        where: '--sort',
        expected: 'a folder of that name for images of none of the classes alone',
        next: 'Print the answers with --csv, and move the files by it.',
      },
    );
  }
}

/**
 * The images to sort, each once, and how many stay: those in a folder that images are sorted into, unless it was named.
 *
 * @throws HarrierError `bad-option` where such a folder was named and its images would then lie in two
 */
async function unsorted({
  files,
  words,
  folder,
  classNames,
  move,
}: Sorting): Promise<{ files: string[]; apart: number }> {
  const root = await realpath(folder).catch(() => resolve(folder));
  const targets = [...classNames, UNSURE, UNKNOWN].map((name) => join(root, name));
  const isIn = (path: string, place: string) => path === place || path.startsWith(join(place, sep));
  const targetOf = (path: string) => targets.find((target) => isIn(path, target));
  const named = new Set<string>();
  const paths = await Promise.all(words.map((word) => realpath(word).catch(() => undefined)));
  if (words.length > 0 && paths.every((path) => path === undefined)) {
    throw new HarrierError('not-found', 'there is no such file or folder', { where: words[0] });
  }
  // Found on the way, below another folder: nothing of it is meant.
  const isFound =
    paths.some((path) => path && path !== root && isIn(root, path)) &&
    !paths.some((path) => path && isIn(path, root));
  for (const [i, word] of words.entries()) {
    const path = paths[i];
    const target = path && targetOf(path);
    if (!target) continue;
    if (!move) {
      throw new HarrierError('bad-option', 'these images are in the folder already', {
        where: word,
        next: 'Add --move to move them on, or choose another folder with --sort.',
      });
    }
    named.add(target);
  }
  const folders = new Map<string, { path: string; isMeant: boolean }>();
  const found = new Map<string, string>();
  const apart = new Set<string>();
  for (const file of files) {
    const own = dirname(file);
    let folder = folders.get(own);
    if (!folder) {
      const path = await realpath(own).catch(() => resolve(own));
      const target = targetOf(path);
      const isMeant = !(isFound && isIn(path, root)) && (target === undefined || named.has(target));
      folder = { path, isMeant };
      folders.set(own, folder);
    }
    // One file may be named in several ways.
    const key = join(folder.path, basename(file));
    if (!folder.isMeant) apart.add(key);
    else if (!found.has(key)) found.set(key, file);
  }
  return { files: [...found.values()], apart: apart.size };
}

/** @throws HarrierError `bad-data` for what is no file */
async function hashOf(file: string): Promise<string> {
  if (!(await stat(file)).isFile()) return '';
  const hash = nativeSha256();
  for await (const part of createReadStream(file)) hash.update(part);
  return hash.digest();
}

/** @throws HarrierError for a pipe or a device, which has no name to keep */
export async function checkRegular(file: string): Promise<void> {
  const info = await stat(file).catch((error) => {
    throw readError(error, file, 'file');
  });
  if (info.isFile() || info.isDirectory()) return;
  throw new HarrierError('bad-data', 'this is not a file that can be sorted', { where: file });
}
