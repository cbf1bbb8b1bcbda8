import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { OnProgress } from '../data/progress.ts';
import { HarrierError } from '../errors.ts';
import { humanBaseline } from '../evaluation/human-baseline.ts';
import { jsonObject } from '../json-text.ts';
import type { FetchedModel } from '../platform/node/backbones/fetch-model.ts';
import { CIFAR10_CLASSES } from '../platform/node/datasets/cifar10-files.ts';
import { isNamedData } from '../platform/node/datasets/data-kind.ts';
import { makeDirectory, storageError, writeAtomically } from '../platform/node/files/cache.ts';
import { isPlainName } from '../platform/node/files/plain-names.ts';
import type { RunFolder } from '../platform/node/runs/run-folder.ts';
import { HARRIER_VERSION } from '../platform/node/version.ts';
import { RECIPES } from '../recipes/index.ts';
import { pathsOfRun, withoutPaths } from '../runs/private-paths.ts';
import type { ImageList, ModelInfo, RunDetails, RunSummary, StudioState } from './api.ts';
import { backboneForPages } from './backbone.ts';
import { DatasetLibrary, datasetSources } from './datasets/dataset-library.ts';
import { PER_PAGE, SheetMaker } from './datasets/sheets.ts';
import { EventHub } from './events.ts';
import { SECURITY_HEADERS } from './guard.ts';
import { ModelLibrary } from './models.ts';
import { PageFiles } from './page.ts';
import { recipeForm } from './training/form.ts';
import { runPredictions } from './training/predictions.ts';
import { runId } from './training/run-library.ts';
import { RunView, SERVED_FILES } from './training/run-view.ts';

export interface ExportOptions {
  /** Where to; empty, or an earlier export, which is replaced. Files that no export wrote stay there. */
  readonly folder: string;
  readonly pageFolder: string;
  /** Runs whose results the page shows. */
  readonly runs: readonly RunFolder[];
  /** A pretrained network for the view Teach. */
  readonly backbone?: FetchedModel;
  /** Data sets whose test images go along, for the runs that were evaluated on them: `cifar10`, or paths. */
  readonly data: readonly string[];
  readonly onProgress?: OnProgress;
}

export interface Exported {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

/** Files up to this size are kept in the browser at once. */
const KEPT_BYTES = 2 ** 20;
/** What is no part of the page, or images by the hundred. */
const UNKEPT = /^_headers$|^index\.html$|^offline\.js$|^api\/datasets\/.*\.(png|webp|jpg)$/;
const ELSEWHERE = { next: 'choose another folder', options: ['export'] };

/**
 * Writes Studio as files that need no server of ours: the page, the shipped model, and what the page would have asked
 * for. It works below any address, on any host of static files.
 *
 * An earlier export in the folder stays until all is written; then its files that are no part of this one are removed.
 *
 * @throws HarrierError `bad-option` when the folder holds something, but no export; `bad-checkpoint` for a run that is not
 * finished; `storage`
 */
export async function exportSite({
  runs,
  data,
  backbone,
  onProgress,
  ...options
}: ExportOptions): Promise<Exported> {
  const views: RunView[] = [];
  for (const run of runs) {
    // Runs of several groups may be called alike, `seed-1`: as much of the path as tells them apart.
    const names = resolve(run.path)
      .split(/[\\/]/)
      .filter((name) => name !== '');
    let taken = 1;
    while (taken < names.length && views.some(({ id }) => id === runId(names.slice(-taken)))) taken++;
    views.push(await finishedRun(run, names.slice(-taken)));
  }
  const paths = views.flatMap(({ record, folder }) => [...pathsOfRun(record!), folder.path]);
  const given = data.filter((spec) => !isNamedData(spec)).flatMap((spec) => [spec, resolve(spec)]);
  const site = new Site(resolve(options.folder), withoutPaths([...paths, ...given]));
  await site.check();
  // First: an export that is broken off can be made again.
  const state: StudioState = { version: HARRIER_VERSION, datasets: [], canTrain: false, exported: true };
  await site.json('state', state);
  await writePage(site, await PageFiles.open(options.pageFolder));
  await site.json('recipes', Object.values(RECIPES).map(recipeForm));
  const people = humanBaseline(
    CIFAR10_CLASSES.map(() => CIFAR10_CLASSES.map(() => 0)),
    CIFAR10_CLASSES,
  );
  await site.json('human-baseline', people);

  const served = backbone && (await backboneForPages(backbone));
  await site.json('backbone', served?.info ?? null);
  if (served) await site.write('api/backbone/model.onnx', served.bytes);
  const models: ModelInfo[] = [];
  const shipped = await new ModelLibrary().shipped();
  if (shipped) {
    models.push(shipped.info);
    await site.copy(`api/models/${shipped.info.id}/model.onnx`, shipped.path);
  }
  const datasets = new DatasetLibrary(datasetSources(data), new EventHub(), new AbortController().signal);
  const summaries: RunSummary[] = [];
  const shown = new Set<string>();
  for (const view of views) {
    // Of images with several labels, the page has no view of single answers.
    const predictions = view.record!.options.multiLabel ? undefined : await runPredictions(view, datasets);
    if (predictions?.dataset !== undefined) shown.add(predictions.dataset);
    const { details, model } = await detailsOf(view, predictions?.dataset);
    summaries.push(details.summary);
    models.push(model);
    await site.json(`runs/${view.id}`, details);
    if (predictions) await site.json(`runs/${view.id}/predictions`, predictions);
    for (const name of details.files) {
      await view.folder.check(SERVED_FILES[name].file);
      const from = view.folder.file(SERVED_FILES[name].file);
      const to = `api/runs/${view.id}/files/${name}`;
      await (/\.(json|html|md|csv)$/i.test(name) ? site.copyText(to, from) : site.copy(to, from));
    }
    await view.folder.check('model');
    await site.copy(`api/models/${view.id}/model.onnx`, view.folder.file('model'));
  }
  await site.json('runs', summaries);
  await site.json('models', models);
  for (const id of shown) await writeImages(site, datasets, id, onProgress);
  await site.finish();
  return site.written();
}

/** Tells a site of Studio from other folders. */
const STATE = 'api/state.json';
const OFFLINE_LIST = 'offline.json';
/** Folders of a site that hold nothing but an export. */
const OWN_FOLDERS = ['api', 'assets'];

class Site {
  readonly folder: string;
  /** Bytes of each file, by name. */
  readonly #sizes = new Map<string, number>();
  readonly #hash = createHash('sha256');

  readonly #shared: (text: string) => string;

  /** @param shared takes out of a text what is not to be shared */
  constructor(folder: string, shared: (text: string) => string) {
    this.folder = folder;
    this.#shared = shared;
  }

  /** Makes the folder. @throws HarrierError `bad-option` when it holds something, but no export; `storage` */
  async check(): Promise<void> {
    await makeDirectory(this.folder, ELSEWHERE);
    if ((await readdir(this.folder)).length === 0) return;
    const before = await readFile(join(this.folder, STATE), 'utf8').catch(() => '');
    if (before.includes('"exported":true')) return;
    throw new HarrierError('bad-option', 'this folder is not empty', {
      where: this.folder,
      expected: 'an empty folder, a new one, or one that harrier studio --export wrote',
    });
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    await writeAtomically(join(this.folder, name), content, ELSEWHERE);
    this.#sizes.set(name, typeof content === 'string' ? Buffer.byteLength(content) : content.length);
    this.#hash.update(name).update(content);
  }

  json(name: string, value: unknown): Promise<void> {
    return this.write(`api/${name}.json`, this.#shared(JSON.stringify(value)));
  }

  /** A text of a run, without the paths of this machine. */
  async copyText(name: string, from: string): Promise<void> {
    await this.write(name, this.#shared(await readFile(from, 'utf8')));
  }

  async copy(name: string, from: string): Promise<void> {
    await this.write(name, await readFile(from));
  }

  /** Lists what the page keeps, and only then removes what an earlier export wrote and this one did not. */
  async finish(): Promise<void> {
    const before = jsonObject(await readFile(join(this.folder, OFFLINE_LIST), 'utf8').catch(() => ''));
    await this.#writeOfflineList();
    const listed = Array.isArray(before?.files) ? before.files : [];
    for (const name of listed) {
      // The folders are looked through below: the list leaves out large files.
      if (typeof name === 'string' && isPlainName(name) && !this.#sizes.has(name)) await this.#remove(name);
    }
    for (const folder of OWN_FOLDERS) await this.#removeOthers(folder);
  }

  /** What the page keeps for times without a network: all that is small. Its service worker keeps the rest on use. */
  async #writeOfflineList(): Promise<void> {
    const small = [...this.#sizes].filter(([name, size]) => size <= KEPT_BYTES && !UNKEPT.test(name));
    const files = ['./', ...small.map(([name]) => name)];
    const version = this.#hash.copy().digest('hex').slice(0, 16);
    await this.write(OFFLINE_LIST, JSON.stringify({ version, files }));
  }

  /** Removes all of a folder that was not written. */
  async #removeOthers(folder: string): Promise<void> {
    const written = [...this.#sizes.keys()];
    for (const each of await readdir(join(this.folder, folder)).catch(() => [])) {
      const name = `${folder}/${each}`;
      if (written.some((file) => file.startsWith(`${name}/`))) await this.#removeOthers(name);
      else if (!this.#sizes.has(name)) await this.#remove(name);
    }
  }

  async #remove(name: string): Promise<void> {
    const path = join(this.folder, name);
    await rm(path, { recursive: true, force: true }).catch((error) => {
      throw storageError(error, path, ELSEWHERE);
    });
  }

  written(): Exported {
    const bytes = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    return { folder: this.folder, files: this.#sizes.size, bytes };
  }
}

/** Headers for hosts that read such a file (Netlify, Cloudflare Pages): with them WebAssembly has threads. */
const HEADERS_FILE = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
`;

const INDEX = 'index.html';

async function writePage(site: Site, page: PageFiles): Promise<void> {
  for (const name of page.names) if (name !== INDEX) await site.write(name, await page.read(name));
  // Last: it names the others.
  await site.write(INDEX, exportedPage(new TextDecoder().decode(await page.read(INDEX))));
  await site.write('_headers', HEADERS_FILE);
}

/** The page, which knows that it stands alone, and keeps to its policy though no server sends it. */
function exportedPage(html: string): string {
  // A page cannot say of itself who may frame it.
  const policy = SECURITY_HEADERS['content-security-policy'].replace(/; frame-ancestors 'none'/, '');
  const lines = [
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="referrer" content="no-referrer">',
    '<meta name="harrier-exported" content="true">',
  ];
  return html.replace(/<meta charset="utf-8" ?\/?>/i, (charset) => [charset, ...lines].join('\n    '));
}

async function finishedRun(folder: RunFolder, names: readonly string[]): Promise<RunView> {
  const record = await folder.record();
  const view = new RunView(runId(names), folder.path);
  await view.look();
  if (record.result && (await folder.read('predictions'))) return view;
  throw new HarrierError('bad-checkpoint', 'this run has no results yet: it is not finished', {
    where: folder.path,
    next: 'Finish it first: npx harrier train --resume.',
  });
}

async function detailsOf(
  view: RunView,
  dataset: string | undefined,
): Promise<{ details: RunDetails; model: ModelInfo }> {
  const { record, history } = view;
  const { classNames, imageShape, ...data } = record!.data;
  // Where the data lay, and which of its images were marked, is its owner's business.
  const { path: _, marks: __, ...info } = { ...data, classNames, imageShape };
  const summary = view.summary(false, () => dataset);
  const files = (await view.files()).filter((name) => name !== 'run.json');
  const details: RunDetails = {
    summary,
    record: { ...record!, options: { ...record!.options }, data: info },
    history,
    evaluation: await view.evaluation(),
    files,
  };
  const { size: bytes } = await stat(view.folder.file('model'));
  const accuracy = record!.result!.testAccuracy;
  const model: ModelInfo = {
    id: view.id,
    name: view.id,
    classNames,
    imageShape,
    source: 'run',
    bytes,
    accuracy,
  };
  return { details, model };
}

/** The test images of a data set as sheets: what the runs were evaluated on. */
async function writeImages(
  site: Site,
  datasets: DatasetLibrary,
  id: string,
  onProgress?: OnProgress,
): Promise<void> {
  const dataset = await datasets.get(id);
  const view = dataset.view('test');
  const { size } = view.dataset;
  await site.json(`datasets/${id}`, {
    ...dataset.info(),
    name: id,
    hasPhotos: false,
    skipped: [],
    notes: [],
  });
  const images = Array.from({ length: size }, (_, index) => view.entry(index));
  const list: ImageList = { total: size, images };
  await site.json(`datasets/${id}/test/images`, list);
  const sheets = new SheetMaker();
  for (let start = 0; start < size; start += PER_PAGE) {
    const indices = images.slice(start, start + PER_PAGE).map(({ index }) => index);
    const sheet = await sheets.sheet(view, indices, `${start}`);
    await site.write(`api/datasets/${id}/test/sheet/${start / PER_PAGE}.webp`, sheet);
    onProgress?.({
      what: 'drawing the test images',
      done: start + indices.length,
      total: size,
      unit: 'images',
    });
  }
}
