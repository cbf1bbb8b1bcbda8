import { type ChildProcess, fork } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import type { ImageName, Inspection } from '../../inspection/index.ts';
import { jsonObject } from '../../json-text.ts';
import { temporaryFolder } from '../../platform/node/files/temporary-folder.ts';
import type { ImageMap, InspectionAnswer, Split, StudioInspection } from '../api.ts';
import type { EventHub } from '../events.ts';
import { notFound, refusalOf } from '../respond.ts';
import type { DatasetLibrary, StudioDataset } from './dataset-library.ts';
import { type Found, keepInspection, readInspection } from './kept-inspections.ts';

/** What is kept of what the process says. */
const KEPT_CHARACTERS = 4_000;
const STOP_MS = 10_000;

interface Job {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  progress?: Progress;
  isStopped: boolean;
}

/**
 * Inspects data sets in the background, each by a process of its own: `harrier inspect`. What it found is kept in the
 * cache, for the next server.
 */
export class Inspector {
  readonly #datasets: DatasetLibrary;
  readonly #hub: EventHub;
  readonly #program: string;
  readonly #jobs = new Map<string, Job>();
  readonly #found = new Map<string, Found>();
  readonly #failed = new Map<string, unknown>();
  /** Data sets of which an inspection of before was looked for. */
  readonly #read = new Map<string, Promise<void>>();

  /** @param program the script that is started as `node PROGRAM inspect …` */
  constructor(datasets: DatasetLibrary, hub: EventHub, program: string) {
    this.#datasets = datasets;
    this.#hub = hub;
    this.#program = program;
  }

  /** What is known of a data set now. @throws HarrierError `not-found` */
  async answer(id: string): Promise<InspectionAnswer> {
    const dataset = await this.#datasets.get(id);
    const job = this.#jobs.get(id);
    if (job) return { state: 'inspecting', ...(job.progress && { progress: job.progress }) };
    if (this.#failed.has(id)) return { state: 'failed', error: refusalOf(this.#failed.get(id)) };
    await this.#readKept(id, dataset);
    const found = this.#found.get(id);
    if (!found) return { state: 'none' };
    const { inspection, corrections } = found;
    return { state: 'done', inspection, isOld: corrections !== correctionsOf(dataset) };
  }

  /** All images as points. @throws HarrierError `not-found` */
  async map(id: string): Promise<ImageMap> {
    await this.#readKept(id, await this.#datasets.get(id));
    return this.#found.get(id)?.map ?? notFound('inspection', id);
  }

  /** The page that the command wrote. @throws HarrierError `not-found` */
  async page(id: string): Promise<string> {
    await this.#readKept(id, await this.#datasets.get(id));
    return this.#found.get(id)?.page ?? notFound('inspection', id);
  }

  /** @throws HarrierError `not-found`; `overloaded` while another data set is inspected */
  async start(id: string): Promise<InspectionAnswer> {
    const { spec } = this.#datasets.source(id);
    const dataset = await this.#datasets.get(id);
    if (this.#jobs.has(id)) return this.answer(id);
    if (this.#jobs.size > 0) {
      throw new HarrierError('overloaded', 'another data set is being inspected', {
        where: [...this.#jobs.keys()][0],
        next: 'Wait until that ends, or stop it.',
      });
    }
    this.#failed.delete(id);
    this.#jobs.set(id, this.#spawn(id, spec, dataset));
    this.#tell(id, { state: 'inspecting' });
    return this.answer(id);
  }

  /** Has an inspection end without a result. */
  async stop(id: string): Promise<InspectionAnswer> {
    const job = this.#jobs.get(id);
    if (job) {
      job.isStopped = true;
      if (job.child.connected) job.child.send('stop', () => {});
      await Promise.race([job.ended, sleep(STOP_MS, undefined, { ref: false })]);
      if (job.child.exitCode === null) job.child.kill();
    }
    return this.answer(id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map((id) => this.stop(id).catch(() => {})));
  }

  #readKept(id: string, dataset: StudioDataset): Promise<void> {
    const known = this.#read.get(id);
    if (known) return known;
    const reading = readInspection(dataset).then((found) => {
      if (found && !this.#found.has(id)) this.#found.set(id, found);
    });
    this.#read.set(id, reading);
    return reading;
  }

  #spawn(id: string, spec: string, dataset: StudioDataset): Job {
    const folder = temporaryFolder('inspection');
    const page = join(folder, 'inspection.html');
    const words = [
      'inspect',
      spec,
      '--json',
      '--map',
      '--out',
      page,
      ...(spec === 'cifar10' ? [] : ['--skip-bad']),
      ...(dataset.opened.train.tags ? ['--multi-label'] : []),
    ];
    const corrections = correctionsOf(dataset);
    const child = fork(this.#program, words, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own, which Ctrl-C does not reach. Windows would open a window.
      detached: process.platform !== 'win32',
    });
    let [result, said] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      result += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-KEPT_CHARACTERS);
    });
    child.on('message', ({ progress }: { progress?: Progress }) => {
      if (!progress) return;
      job.progress = progress;
      this.#tell(id, { state: 'inspecting', progress });
    });
    const ended = async (code: number | null): Promise<void> => {
      try {
        if (code === 0) {
          const found = jsonObject(result) as unknown as Inspection;
          const kept = { ...located(found, dataset), page: await readFile(page, 'utf8'), corrections };
          this.#found.set(id, kept);
          // A full disk takes nothing from this server: the next one inspects again.
          await keepInspection(dataset, kept).catch(() => {});
        } else if (!job.isStopped) throw failureOf(said, code);
      } catch (error) {
        this.#failed.set(id, error);
      }
      await rm(folder, { recursive: true, force: true }).catch(() => {});
      this.#jobs.delete(id);
      this.#tell(id, { state: this.#failed.has(id) ? 'failed' : this.#found.has(id) ? 'done' : 'none' });
    };
    const job: Job = {
      child,
      isStopped: false,
      ended: new Promise((resolve) => {
        child.once('error', (error) => {
          said += `\nerror: ${error.message}`;
          void ended(1).then(resolve);
        });
        child.once('close', (code) => void ended(code).then(resolve));
      }),
    };
    return job;
  }

  #tell(id: string, { state, progress }: { state: InspectionAnswer['state']; progress?: Progress }): void {
    this.#hub.send('inspection', { id, state, ...(progress && { progress }) });
  }
}

/** What tells one state of all corrections of a data set from another. */
function correctionsOf(dataset: StudioDataset): string {
  return dataset.views
    .map(({ split, marks }) => `${split} ${[...marks].map((each) => JSON.stringify(each)).join()}`)
    .join();
}

/** The sentence of a command that failed. */
function failureOf(said: string, code: number | null): HarrierError {
  const line = said.split('\n').findLast((each) => each.startsWith('error: '));
  const why = line?.slice('error: '.length).replace(/\.$/, '');
  return new HarrierError(
    'bad-data',
    why ??
      `the inspection ended ${code === null ? 'by a signal: was there enough memory?' : `with code ${code}`}`,
  );
}

/** An inspection whose images are known by their places in the parts of a data set here; others are left out. */
function located(found: Inspection, dataset: StudioDataset): Pick<Found, 'inspection' | 'map'> {
  const places = new Map<string, number>();
  for (const { split, dataset: images } of dataset.views) {
    for (let index = 0; index < images.size; index++) places.set(`${split} ${images.describe(index)}`, index);
  }
  const here = <T extends ImageName>(images: readonly T[]): T[] =>
    images.flatMap((image) => {
      const index = places.get(`${image.part} ${image.file}`);
      return index === undefined ? [] : [{ ...image, index, file: dataset.view(image.part).source(index) }];
    });
  const { labels, duplicates, outliers, quality, rotation, confusions, map = [], ...rest } = found;
  const inspection: StudioInspection = {
    ...rest,
    labels: { ...labels, issues: here(labels.issues) },
    duplicates: duplicates.map((group) => ({ ...group, images: here(group.images) })),
    outliers: here(outliers),
    quality: { ...quality, issues: here(quality.issues) },
    ...(rotation && { rotation: { ...rotation, rotated: here(rotation.rotated) } }),
    confusions: confusions.map((pair) => ({ ...pair, examples: here(pair.examples) })),
  };
  const points = here(map);
  const { classNames, tags } = dataset.opened.train;
  const isMultiLabel = tags !== undefined;
  return {
    inspection,
    map: {
      split: points.map(({ part }) => part as Split),
      index: points.map(({ index }) => index),
      x: points.map(({ x }) => x),
      y: points.map(({ y }) => y),
      predicted: points.map(({ predicted }) =>
        predicted === undefined ? null : classNames.indexOf(predicted),
      ),
      // Of several labels a point has the colour of the rarest one.
      label: points.map(({ part, index, class: name }) =>
        isMultiLabel ? dataset.view(part).dataset.labels[index] : classNames.indexOf(name),
      ),
    },
  };
}
