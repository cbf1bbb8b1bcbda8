import { basename, resolve } from 'node:path';
import type { Progress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { correctionsFolder, isNamedData } from '../../platform/node/datasets/data-kind.ts';
import {
  type KeptCorrection,
  readCorrections,
  withCorrections,
  writeCorrections,
} from '../../platform/node/datasets/label-corrections.ts';
import { type OpenedDataset, openDataset } from '../../platform/node/datasets/open-dataset.ts';
import { hasSeveralLabels } from '../../platform/node/datasets/several-labels.ts';
import type {
  CorrectedImages,
  CorrectionChange,
  CorrectionChanges,
  DatasetAnswer,
  DatasetInfo,
  Split,
} from '../api.ts';
import type { EventHub } from '../events.ts';
import { notFound, refusalOf } from '../respond.ts';
import { DuplicateSearch } from './duplicate-search.ts';
import { hasPhotos } from './photos.ts';
import { sheetLayout } from './sheets.ts';
import { SplitView } from './split-view.ts';

/** A data set that may be looked at. */
export interface DatasetSource {
  readonly id: string;
  /** What `--data` takes: a name such as `cifar10`, or an absolute path. */
  readonly spec: string;
}

/** How often pages are told how far opening is. */
const TELL_MS = 250;

/** Ids for what `--data` named, each once: folders are called after their last part. */
export function datasetSources(specs: readonly string[]): DatasetSource[] {
  const sources: DatasetSource[] = [];
  for (const given of specs) addSource(sources, given);
  return sources;
}

/** Adds what `--data` would name to a list. @returns its id, or that of the same one that is there */
function addSource(sources: DatasetSource[], given: string): string {
  const spec = isNamedData(given) ? given : resolve(given);
  const known = sources.find((source) => source.spec === spec);
  if (known) return known.id;
  const name = basename(spec).replace(/[^\w.-]+/g, '-') || 'data';
  const taken = (id: string) =>
    sources.some((source) => source.id === id) || (isNamedData(id) && spec !== id);
  let id = name;
  for (let number = 2; taken(id); number++) id = `${name}-${number}`;
  sources.push({ id, spec });
  return id;
}

/** The data sets of a Studio, each opened when it is first asked for. */
export class DatasetLibrary {
  readonly #sources: DatasetSource[];
  readonly #hub: EventHub;
  readonly #signal: AbortSignal;
  readonly #opened = new Map<string, Promise<StudioDataset>>();
  readonly #ready = new Map<string, StudioDataset>();
  readonly #progress = new Map<string, Progress>();

  /** @param signal ends what is being opened */
  constructor(sources: readonly DatasetSource[], hub: EventHub, signal: AbortSignal) {
    this.#sources = [...sources];
    this.#hub = hub;
    this.#signal = signal;
  }

  get sources(): readonly DatasetSource[] {
    return this.#sources;
  }

  /** Adds a data set that may be looked at from now on. @returns its id */
  add(spec: string): string {
    return addSource(this.#sources, spec);
  }

  /** The id of a data set by what a run was given, or where its data lies. */
  idOf(data: string, path?: string): string | undefined {
    return this.sources.find(({ spec }) => spec === (path ?? data))?.id;
  }

  /** @throws HarrierError `not-found` */
  source(id: string): DatasetSource {
    return this.sources.find((source) => source.id === id) ?? notFound('data set', id);
  }

  /** What is known of it now; asking opens it. @throws HarrierError `not-found`, or why it cannot be opened */
  async answer(id: string): Promise<DatasetAnswer> {
    const { spec } = this.source(id);
    const opening = this.get(id);
    // What is in the cache is there within a moment: then one answer is enough.
    const ready = await Promise.race([
      opening,
      new Promise<undefined>((resolve) => setTimeout(resolve, 300)),
    ]);
    if (!ready) return { id, state: 'opening', name: spec, progress: this.#progress.get(id) };
    await ready.readCorrections();
    return ready.info();
  }

  /** The data set, once it is open. @throws HarrierError `not-found`, or why it cannot be opened */
  get(id: string): Promise<StudioDataset> {
    const known = this.#opened.get(id);
    if (known) return known;
    const source = this.source(id);
    const opening = this.#open(source);
    this.#opened.set(id, opening);
    opening.then(
      (dataset) => {
        this.#ready.set(id, dataset);
        this.#hub.send('dataset', dataset.info());
      },
      (error) => {
        // The cause may be repaired before the next request.
        this.#opened.delete(id);
        this.#hub.send('dataset', { id, state: 'failed', error: refusalOf(error) });
      },
    );
    return opening;
  }

  /** The data set if it is open already. */
  ready(id: string): StudioDataset | undefined {
    return this.#ready.get(id);
  }

  async #open({ id, spec }: DatasetSource): Promise<StudioDataset> {
    let told = 0;
    const reading = {
      signal: this.#signal,
      onProgress: (progress: Progress) => {
        this.#progress.set(id, progress);
        if (performance.now() - told < TELL_MS) return;
        told = performance.now();
        this.#hub.send('dataset', { id, state: 'opening', name: spec, progress });
      },
    };
    const multiLabel = await hasSeveralLabels(spec, reading);
    const opened = await openDataset(spec, {
      ...reading,
      marks: false,
      ...(multiLabel && { multiLabel }),
      // The page says which were left out.
      skipBad: true,
    });
    const dataset = new StudioDataset(id, spec, opened, this.#hub);
    await dataset.readCorrections();
    return dataset;
  }
}

/** An open data set with its label corrections. */
export class StudioDataset {
  readonly id: string;
  readonly name: string;
  readonly opened: OpenedDataset;
  readonly duplicates: DuplicateSearch;
  readonly #folder: string;
  readonly #hub: EventHub;
  readonly #views = new Map<string, SplitView>();
  readonly #hasPhotos: boolean;
  /** Corrections are changed one after another. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(id: string, spec: string, opened: OpenedDataset, hub: EventHub) {
    this.id = id;
    this.name = spec;
    this.opened = opened;
    this.#folder = correctionsFolder(spec);
    this.#hub = hub;
    for (const split of ['train', 'test', 'validation'] as const) {
      const dataset = opened[split];
      if (dataset) this.#views.set(split, new SplitView(split, dataset, this.#folder));
    }
    this.#hasPhotos = hasPhotos(opened.train);
    this.duplicates = new DuplicateSearch([...this.#views.values()], (answer) =>
      hub.send('duplicates', { id, ...answer }),
    );
  }

  /** All parts: training first, then test and validation. */
  get views(): readonly SplitView[] {
    return [...this.#views.values()];
  }

  /** @throws HarrierError `not-found` */
  view(split: string): SplitView {
    return this.#views.get(split) ?? notFound('part of this data set', split);
  }

  info(): DatasetInfo {
    const { train, skipped, notes = [] } = this.opened;
    const splits = Object.fromEntries([...this.#views].map(([split, view]) => [split, view.info()]));
    return {
      id: this.id,
      state: 'ready',
      name: this.name,
      classNames: train.classNames,
      imageShape: train.imageShape,
      splits: splits as unknown as DatasetInfo['splits'],
      sheet: sheetLayout(train.imageShape),
      hasPhotos: this.#hasPhotos,
      ...(train.tags && { multiLabel: true as const }),
      notes,
      skipped,
    };
  }

  /** The data as a run that begins now has it: with the label corrections that are kept. */
  async asCorrected(): Promise<OpenedDataset> {
    const kept = await readCorrections(this.#folder);
    return withCorrections(this.opened, kept, { spec: this.name, root: this.#folder });
  }

  /** Reads what lies beside the data: another Studio, or a person, may have changed it. */
  async readCorrections(): Promise<void> {
    const kept = await readCorrections(this.#folder);
    for (const view of this.#views.values()) view.setCorrections(kept);
  }

  /**
   * Changes the corrections of images, in the file beside the data first: all of them or none.
   *
   * @param hash `SplitInfo.hash` of the images that are meant, where that is known
   * @throws HarrierError `bad-option` for a label that is no class, `in-use` where the images are others, `storage` when
   *   the file cannot be written
   */
  setCorrections(
    split: Split,
    changes: CorrectionChanges['changes'],
    hash?: unknown,
  ): Promise<CorrectedImages> {
    const view = this.view(split);
    if (hash !== undefined && hash !== view.dataset.hash) {
      throw new HarrierError(
        'in-use',
        'the images have changed since this page showed them: nothing is changed',
        {
          next: 'Look at them again.',
        },
      );
    }
    for (const { label, indices } of changes) {
      checkLabel(view, label);
      for (const index of indices) view.check(index);
    }
    const all = changes.flatMap(({ indices }) => indices);
    const write = async (): Promise<CorrectedImages> => {
      const kept = { ...(await readCorrections(this.#folder)) };
      // What somebody else has written meanwhile is what undoing goes back to.
      for (const each of this.#views.values()) each.setCorrections(kept);
      const before = all.map((index) => view.entry(index));
      for (const { indices, ...change } of changes) {
        for (const index of indices) correct(kept, view, index, change);
      }
      await writeCorrections(this.#folder, kept);
      for (const each of this.#views.values()) each.setCorrections(kept);
      this.#hub.send('dataset', this.info());
      return { before, after: all.map((index) => view.entry(index)) };
    };
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }
}

/** @throws HarrierError `bad-option` for a label that is no class, `not-supported` where images have several */
function checkLabel({ dataset: { classNames, tags } }: SplitView, label: number | null | undefined): void {
  if (label === undefined || label === null) return;
  if (tags) {
    throw new HarrierError('not-supported', 'images with any number of labels cannot be relabelled here', {
      where: 'label',
      next: 'Correct the labels in the list itself.',
    });
  }
  if (classNames[label] !== undefined) return;
  throw new HarrierError('bad-option', 'this label is not a class', {
    where: 'label',
    expected: `a whole number from 0 to ${classNames.length - 1}, or null`,
    received: `${label}`,
  });
}

/** Puts the correction of an image among those that are kept, or takes it out. */
function correct(
  kept: Record<string, KeptCorrection>,
  view: SplitView,
  index: number,
  { label, excluded }: CorrectionChange,
): void {
  const { classNames, labels } = view.dataset;
  const key = view.source(index);
  const before: KeptCorrection = Object.hasOwn(kept, key) ? kept[key] : {};
  const name =
    label === undefined
      ? before.label
      : label === null || label === labels[index]
        ? undefined
        : classNames[label];
  const isExcluded = excluded ?? before.excluded ?? false;
  const mark = { ...(name !== undefined && { label: name }), ...(isExcluded && { excluded: true }) };
  if (Object.keys(mark).length > 0) kept[key] = mark;
  else delete kept[key];
}
