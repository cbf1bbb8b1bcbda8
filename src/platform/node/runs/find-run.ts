import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { HarrierError, nearestName } from '../../../errors.ts';
import { readAbout } from '../../../runs/about-run.ts';
import { RUN_FILES } from '../../../runs/stored-run.ts';
import { shellQuote } from '../shell-quote.ts';
import { FOLDS_FILE } from './folds-folder.ts';
import { RunFolder } from './run-folder.ts';
import { RunFolders } from './run-folders.ts';
import { isSeedsFolder } from './seeds-folder.ts';
import { shippedModel } from './shipped-model.ts';

/** A finished model, and the run it came from where that is known. */
export interface ModelSource {
  /** Path of the model file. */
  readonly modelFile: string;
  /** The run that the model belongs to, if it is in a run folder. */
  readonly run?: RunFolder;
  /** Whether it is the one that the package carries. */
  readonly shipped?: boolean;
}

/** What a user calls the newest run in `runs`; where a model is needed, the newest that has one. */
const LATEST = 'latest';

/**
 * The run that a user names: its folder, the name that it was given, or `latest`.
 * @throws HarrierError `not-found`, `bad-checkpoint`
 */
export async function findRun(name: string): Promise<RunFolder> {
  if (name === LATEST && !(await isThere(resolve(name)))) return latestRun('record');
  const path = resolve(name);
  const info = await stat(path).catch(() => undefined);
  if (!info) return (await runCalled(name)) ?? (await noSuchRun(name, 'run folder'));
  if (!info.isDirectory()) {
    throw new HarrierError('bad-checkpoint', 'this is a file', { where: path, expected: 'a run folder' });
  }
  return new RunFolder(path);
}

/**
 * The model that a user names: a run folder or the name that the run was given, `latest`, or an `.onnx` file. Who names none gets the one that the package
 * carries.
 * @throws HarrierError `not-found`, or `bad-checkpoint` when the run has no model yet
 */
export async function findModel(name: string | undefined): Promise<ModelSource> {
  if (name === undefined) {
    const modelFile = await shippedModel();
    if (modelFile) return { modelFile, shipped: true };
    throw new HarrierError('not-found', 'no model is named, and the package contains none', {
      next: 'Name a run folder, "latest" or a model file.',
    });
  }
  const path = resolve(name);
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) {
    const folder = dirname(path);
    const isOfRun = basename(path) === RUN_FILES.model && (await isThere(join(folder, RUN_FILES.record)));
    return { modelFile: path, ...(isOfRun && { run: new RunFolder(folder) }) };
  }
  const called = info || name === LATEST ? undefined : await runCalled(name);
  if (!info && !called && name !== LATEST) return noSuchRun(name, 'model or run folder');
  const run = called ?? (info ? new RunFolder(path) : await latestRun('model'));
  const modelFile = run.file('model');
  if (await isThere(modelFile)) {
    return { modelFile, ...((await isThere(run.file('record'))) && { run }) };
  }
  // The record of a cross-validation comes with its last run.
  if (!(await isThere(join(run.path, FOLDS_FILE))))
    await run.record().catch((error) => noOneModel(run, error));
  throw new HarrierError('bad-checkpoint', 'this run has no model yet: it is not finished', {
    where: run.path,
    next: `Resume it: npx harrier train --resume ${shellQuote(name)}`,
  });
}

/** Of runs with several seeds each has a model. */
async function noOneModel({ path }: RunFolder, error: unknown): Promise<never> {
  if (!(await isSeedsFolder(path))) throw error;
  const [first] = (await readdir(path)).filter((name) => name.startsWith('seed-'));
  throw new HarrierError('bad-checkpoint', 'these are runs with several seeds', {
    where: path,
    expected: `one of them${first === undefined ? '' : `, such as ${relative('', join(path, first))}`}`,
  });
}

/** For commands without a named model: the newest finished run, else the model in the package. */
export async function newestModel(): Promise<ModelSource> {
  try {
    return await findModel(LATEST);
  } catch (error) {
    const modelFile = await shippedModel();
    if (modelFile && error instanceof HarrierError && error.code === 'not-found') {
      return { modelFile, shipped: true };
    }
    throw error;
  }
}

/** The run whose record or model was written last. */
async function latestRun(file: 'record' | 'model'): Promise<RunFolder> {
  const runs = (await runNames()).map((name) => new RunFolder(resolve('runs', name)));
  // A cross-validation under way has the record of a run only at its end.
  const times = await Promise.all(
    runs.map((run) =>
      stat(run.file(file)).catch(() =>
        file === 'record' ? stat(join(run.path, FOLDS_FILE)).catch(() => undefined) : undefined,
      ),
    ),
  );
  const newest = runs
    .flatMap((run, i) => (times[i] ? [{ run, time: times[i].mtimeMs }] : []))
    .sort((a, b) => b.time - a.time)
    .at(0);
  if (newest) return newest.run;
  throw new HarrierError('not-found', `there is no ${file === 'model' ? 'finished ' : ''}run in ./runs yet`, {
    next:
      runs.length > 0
        ? 'Finish one: npx harrier train --resume latest'
        : 'Train one first: npx harrier train',
  });
}

/**
 * The runs in a folder, those of sweeps, seeds and folds too; the one whose record was written last comes first. (`latest`
 * passes over trials and folds.) Of a folder that is not there: none.
 *
 * @param folder default: `runs` in the current folder
 */
export async function listRuns(folder = 'runs'): Promise<RunFolder[]> {
  const found = await new RunFolders(folder).list();
  const runs = await Promise.all(
    found.map(async ({ names }) => {
      const run = new RunFolder(resolve(folder, ...names));
      const written = await stat(run.file('record')).catch(() => undefined);
      return { run, time: written?.mtimeMs ?? 0 };
    }),
  );
  return runs.sort((a, b) => b.time - a.time).map(({ run }) => run);
}

/** The runs of `runs` that were given a name (in Studio), those of sweeps and the like too. */
async function namedRuns(): Promise<{ readonly run: RunFolder; readonly name: string }[]> {
  const named = await Promise.all(
    (await listRuns()).map(async (run) => {
      const text = await run.read('about').catch(() => undefined);
      const { name } = text ? readAbout(text.toString('utf8')) : {};
      return name === undefined ? [] : [{ run, name }];
    }),
  );
  return named.flat();
}

/**
 * The run that was given a name; undefined where there is none.
 * @throws HarrierError `bad-option` where several have it
 */
async function runCalled(name: string): Promise<RunFolder | undefined> {
  const called = (await namedRuns()).filter((each) => each.name === name).map(({ run }) => run);
  if (called.length <= 1) return called[0];
  throw new HarrierError('bad-option', 'several runs have this name', {
    where: name,
    received: called.map(({ path }) => relative('', path)).join(', '),
    next: 'Give the folder of one of them.',
  });
}

async function noSuchRun(name: string, kind: string): Promise<never> {
  const folders = (await runNames()).map((run) => `runs/${run}`);
  const names = (await namedRuns()).map((each) => each.name);
  const near = nearestName(name, [LATEST, ...folders, ...names]);
  throw new HarrierError('not-found', `there is no such ${kind}`, {
    where: name,
    next: near ? `Did you mean "${near}"?` : 'Check the path.',
  });
}

/** Names of the runs in `runs` below the current folder: of those with several seeds each, as `NAME/seed-1`, and their average. */
async function runNames(): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir('runs').catch(() => [] as string[])) {
    const within = (await isSeedsFolder(join('runs', name))) ? await readdir(join('runs', name)) : undefined;
    names.push(name, ...(within?.map((seed) => join(name, seed)) ?? []));
  }
  const isRun = await Promise.all(
    names.map(async (name) => {
      const files = [RUN_FILES.record, FOLDS_FILE].map((file) => isThere(join('runs', name, file)));
      return (await Promise.all(files)).includes(true);
    }),
  );
  return names.filter((_, i) => isRun[i]);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
