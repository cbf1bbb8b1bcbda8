import { access, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../errors.ts';
import type { Evaluation } from '../../evaluation/index.ts';
import { jsonObject } from '../../json-text.ts';
import { exportOptionsOf, originOf } from '../../models/index.ts';
import { decodeModel, encodeModel, type Model } from '../../onnx/index.ts';
import { writeAtomically } from '../../platform/node/files/cache.ts';
import { readModelFile } from '../../platform/node/files/model-file.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { KeptEdits } from '../../publishing/edits.ts';
import { type PublishedModel, publishedModel } from '../../publishing/published-model.ts';
import { modelToEvaluate } from '../evaluate/model.ts';
import { foreignClassifierOptions } from '../foreign.ts';
import type { Reporter } from '../reporter.ts';
import { type ExportCommandOptions, plainViews } from './formats.ts';
import { noteLostSets } from './lost-sets.ts';

/** In a folder as long as it is being written: an export that is broken off can be made again. */
const BEGUN = '.harrier-export';

/** Contents by path within a folder; the last file says that all others are there. */
export type FolderFiles = ReadonlyMap<string, string | Uint8Array>;

/**
 * Refuses a folder that holds anything but an export of the same format: to be asked before the work.
 *
 * @param isOwn whether the folder holds such an export
 * @throws HarrierError `bad-option`
 */
export async function checkFolder(
  folder: string,
  isOwn: (folder: string) => Promise<boolean>,
  force = false,
): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] as string[];
    if (error.code !== 'ENOTDIR') throw error;
    throw new HarrierError('bad-option', 'this is a file', {
      where: folder,
      expected: 'a folder for the export',
      next: 'Choose another one with --out.',
    });
  });
  if (force || names.length === 0 || names.includes(BEGUN) || (await isOwn(folder))) return;
  throw new HarrierError('bad-option', 'this folder is not empty, and harrier export did not write it', {
    where: folder,
    next: 'Choose another folder with --out, or write into this one with --force.',
  });
}

/** Whether the last export into a folder did not come to its end. */
export async function isBrokenOff(folder: string): Promise<boolean> {
  return access(join(folder, BEGUN)).then(
    () => true,
    () => false,
  );
}

/** What a JSON file of a folder holds; undefined where there is none. */
export async function jsonIn(folder: string, name: string) {
  return jsonObject(await readFile(join(folder, name), 'utf8').catch(() => ''));
}

/** Texts of an export that people edit. */
export const EDITED = ['README.md', 'LICENSE.md'];

/** Keeps what was edited in an export that is written again, and says so. */
export async function keepTexts(
  folder: string,
  files: Map<string, string | Uint8Array>,
  reporter: Reporter,
): Promise<void> {
  const edits = new KeptEdits();
  for (const path of EDITED) {
    const there = await readFile(join(folder, path), 'utf8').catch(() => undefined);
    if (there !== undefined) files.set(path, edits.merge(path, `${files.get(path)}`, there));
  }
  if (edits.words.length > 0) {
    const stay = edits.words.join(', ');
    reporter.note(`Note: these stay as they are: ${stay}. Remove a file to have it written anew.`);
  }
}

/** Writes the files; others in the folder stay. @throws HarrierError `storage` */
export async function writeFolder(folder: string, files: FolderFiles): Promise<number> {
  const elsewhere = 'choose another folder with --out';
  await writeAtomically(join(folder, BEGUN), '', elsewhere);
  let bytes = 0;
  for (const [path, content] of files) {
    await writeAtomically(join(folder, path), content, elsewhere);
    bytes += Buffer.byteLength(content);
  }
  await rm(join(folder, BEGUN), { force: true });
  return bytes;
}

/** A model with all that its run knows of it. @throws HarrierError as the readers of its files do */
export async function modelToPublish(
  { modelFile, run }: ModelSource,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<{ readonly published: PublishedModel; readonly bytes: Uint8Array }> {
  for (const option of ['data', 'limit'] as const) {
    if (options[option] === undefined) continue;
    throw new HarrierError('bad-option', `--format ${options.format} evaluates nothing`, {
      where: `--${option}`,
      next: 'Leave it out: the model is exported as it is.',
    });
  }
  const found = await modelToEvaluate(
    { modelFile, run },
    plainViews(options),
    await foreignClassifierOptions(options),
    (sentence) => reporter.note(`Note: ${sentence}`),
  );
  const bytes = found instanceof Uint8Array ? found : encodeModel(found);
  const model: Model = found instanceof Uint8Array ? decodeModel(found, modelFile) : found;
  const ownModel = async () => decodeModel(await readModelFile(modelFile), modelFile);
  if (options.tta !== undefined) noteLostSets(await ownModel(), model, reporter);
  const record = await run?.record();
  const evaluation = jsonObject((await run?.read('evaluation'))?.toString() ?? '') as Evaluation | undefined;
  // Figures of other views, or of views that only some images get, would be those of another model.
  const hasOwnViews = async () => {
    const own = exportOptionsOf(await ownModel());
    return options.tta === own.testTimeAugmentation && own.viewsBelow === undefined;
  };
  const isEvaluated = evaluation !== undefined && (options.tta === undefined || (await hasOwnViews()));
  const description = record?.result && isEvaluated ? { record, evaluation } : undefined;
  const published = publishedModel(model, description, modelFile);
  const from = record?.options.from;
  const origin = published.origin ?? (from && originOf(from));
  return { published: { ...published, ...(origin && { origin }) }, bytes };
}
