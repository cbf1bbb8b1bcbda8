import { relative, resolve } from 'node:path';
import type { Backbone, FeatureStore } from '../../backbones/index.ts';
import type { Progress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import {
  bestOf,
  estimateOf,
  fitProposals,
  ImageChoice,
  type LabelledFeatures,
  rowsOf,
} from '../../labelling/index.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import type {
  LabelImage,
  LabellingAct,
  LabellingAnswer,
  LabellingHead,
  LabellingInfo,
  MovedImages,
} from '../api.ts';
import { refusalOf } from '../respond.ts';
import { moveToClassFolders } from './class-folders.ts';
import { LabelledImages } from './labelled-images.ts';
import { readUnsorted, type UnsortedImages } from './unsorted-images.ts';

/** What a run knows of its classes, by the features of its own network. */
export interface RunKnowledge {
  readonly name: string;
  readonly classNames: readonly string[];
  /** Probabilities `[images, classes]` from features `[images, size]`. */
  readonly probabilities: (features: Float32Array) => Float32Array;
  /** Features and labels of its training images, where they are at hand. */
  readonly training?: LabelledFeatures;
}

export interface LabelSessionOptions {
  /** The folder of images. */
  readonly folder: string;
  /** What makes features of images; disposed of with the session. */
  readonly backbone: Backbone;
  readonly store?: FeatureStore;
  readonly run?: RunKnowledge;
  /** Classes that are known from the start. */
  readonly classes?: readonly string[];
  /** Told why a head could not be fitted. */
  readonly log?: (error: unknown) => void;
}

/** Images that are shown ahead. */
const AHEAD = 16;
/** The first of them stay when others are chosen: who is quick is that far ahead of the server. */
const KEPT = 8;
/** Fewer than that are left: more are chosen. */
const FEW = 8;
/** With so many labels, a new head is worth its time after each further part of them. */
const PART = 1 / 20;
/** A proposal that is sure enough to be confirmed together with others, and how many are shown together. */
const SURE = { probability: 0.9, images: 24 };
/** Probable classes that are named. */
const PROPOSALS = 3;
/** How often pages are told how far reading is. */
const TELL_MS = 250;

interface Head {
  readonly info: LabellingHead;
  /** `[images, classes]`, of the classes that there were when it was fitted. */
  readonly probabilities: Float32Array;
  readonly classes: number;
}

/** Labels a folder of images with help: proposes, chooses the next images, keeps what is confirmed. */
export class LabelSession {
  readonly folder: string;
  readonly #options: LabelSessionOptions;
  readonly #ending = new AbortController();
  #tell: (change: { readonly revision: number; readonly progress?: Progress }) => void = () => {};
  #revision = 0;
  #progress: Progress | undefined;
  #error: unknown;
  #images: UnsortedImages | undefined;
  #labelled!: LabelledImages;
  #choice!: ImageChoice;
  #run: Float32Array | undefined;
  #head: Head | undefined;
  #queue: number[] = [];
  /** Images whose sure proposal somebody doubted: they are shown one by one. */
  readonly #doubted = new Set<number>();
  #training = false;
  #newLabels = 0;
  /** Settles when all images are read, or cannot be. */
  readonly #reading: Promise<void>;

  constructor(options: LabelSessionOptions) {
    this.folder = resolve(options.folder);
    this.#options = options;
    this.#reading = this.#read().catch((error: unknown) => {
      this.#error = error;
      this.#changed();
    });
  }

  /** Has somebody told of changes. */
  listen(tell: (change: { readonly revision: number; readonly progress?: Progress }) => void): void {
    this.#tell = tell;
  }

  /**
   * @param shown an image that a page shows: it comes first as long as it is to be labelled
   * @param group images that it shows together: those that are to be labelled still are told
   * @param by who asks: whose last act can be taken back
   */
  answer(shown?: number, group: readonly number[] = [], by?: string): LabellingAnswer {
    const { folder } = this;
    if (this.#error !== undefined) return { state: 'failed', folder, error: refusalOf(this.#error) };
    if (!this.#images)
      return { state: 'opening', folder, ...(this.#progress && { progress: this.#progress }) };
    return this.#info(this.#images, shown, group, by);
  }

  /** Does one thing to the images. @throws HarrierError as `LabelledImages` does */
  async act(act: LabellingAct): Promise<LabellingAnswer> {
    await this.#ready();
    const { by } = act;
    if (act.act === 'confirm') {
      const { images, files = [], label, doubted = [] } = act;
      for (const [i, file] of files.entries()) this.#labelled.check(images[i], file);
      for (const image of doubted) this.#labelled.check(image);
      await this.#labelled.confirm(images, label, by);
      this.#newLabels += images.length;
      for (const image of doubted) this.#doubted.add(image);
      this.#putFirst(doubted);
    } else if (act.act === 'revisit') this.#labelled.revisit();
    else if (act.act === 'skip') this.#labelled.skip(this.#labelled.check(act.image, act.file), by);
    else if (act.act === 'class') this.#labelled.addClass(act.name);
    else {
      const images = await this.#labelled.undo(by);
      // What was taken back is looked at once more, now.
      if (images) this.#putFirst(images);
      this.#newLabels += images?.length ?? 0;
    }
    this.#refill();
    this.#changed();
    this.#fitSoon();
    return this.answer(undefined, [], by);
  }

  /** Moves labelled images into class folders. @throws HarrierError as `moveToClassFolders` does */
  async move(): Promise<MovedImages> {
    await this.#ready();
    const moved = await moveToClassFolders(this.folder, (paths) => this.#labelled.rename(paths));
    this.#changed();
    return moved;
  }

  /** The path of an image below the folder. @throws HarrierError `not-found` */
  async file(image: number): Promise<string> {
    await this.#ready();
    return this.#labelled.files[this.#labelled.check(image)];
  }

  /** Resolves when all images are read. @throws what made it fail */
  async #ready(): Promise<void> {
    await this.#reading;
    if (this.#error !== undefined) throw this.#error;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#ending.abort(new HarrierError('in-use', 'labelling is ending'));
    await this.#reading;
    await this.#fitting;
    await this.#options.backbone.dispose();
  }

  async #read(): Promise<void> {
    const { backbone, store, run, classes = [] } = this.#options;
    const images = await readUnsorted(this.folder, backbone, {
      store,
      signal: this.#ending.signal,
      onProgress: (progress) => this.#say(progress),
    });
    const known = [...new Set([...(run?.classNames ?? []), ...classes])];
    this.#labelled = await LabelledImages.open(this.folder, images.files, known);
    this.#choice = await ImageChoice.of(backbone.runtime, images.features, images.size, (done, total) => {
      this.#ending.signal.throwIfAborted();
      this.#say({ what: 'comparing the images', done, total, unit: 'images' });
    });
    this.#run = run?.probabilities(images.features);
    this.#images = images;
    this.#newLabels = this.#labelledCount();
    if (this.#run) this.#head = this.#runHead(this.#run, {});
    this.#choose();
    this.#changed();
    this.#fitSoon();
  }

  #putFirst(images: readonly number[]): void {
    this.#queue = [...images, ...this.#queue.filter((image) => !images.includes(image))];
  }

  #labelledCount(): number {
    return this.#labelled.labels.filter((label) => label !== undefined).length;
  }

  #told = 0;

  #say(progress: Progress): void {
    this.#progress = progress;
    if (performance.now() - this.#told < TELL_MS) return;
    this.#told = performance.now();
    this.#tell({ revision: this.#revision, progress });
  }

  #changed(): void {
    this.#revision++;
    this.#tell({ revision: this.#revision });
  }

  #fitting: Promise<void> = Promise.resolve();

  /** Fits a new head when there are labels enough that the last one did not know. */
  #fitSoon(): void {
    const wanted = Math.max(1, Math.floor(PART * this.#labelledCount()));
    if (this.#training || this.#newLabels < wanted || this.#ending.signal.aborted) return;
    this.#training = true;
    this.#fitting = this.#fit()
      // The head before goes on proposing, and labels are kept all the same.
      .catch((error: unknown) => this.#options.log?.(error))
      .finally(() => {
        this.#training = false;
        this.#changed();
        this.#fitSoon();
      });
  }

  async #fit(): Promise<void> {
    const { backbone, run } = this.#options;
    const { features, size } = this.#images!;
    this.#newLabels = 0;
    const { classes, labels, files } = this.#labelled;
    const classNames = [...classes];
    const places = [...labels.keys()].filter((image) => labels[image] !== undefined);
    const confirmed = {
      features: rowsOf(features, size, places),
      labels: places.map((image) => classNames.indexOf(labels[image]!)),
      files: places.map((image) => resolve(this.folder, files[image])),
      copies: places.map((image) => this.#choice.copies[image]),
    };
    const fitted = await fitProposals(backbone.runtime, confirmed, {
      size,
      classes: classNames.length,
      ...(run?.training && { training: run.training }),
    });
    const ofRun =
      places.length > 0 ? estimateOf(this.#runRight(places, confirmed.labels), confirmed.copies) : undefined;
    const at = new Date().toISOString();
    const own = fitted?.heldOut;
    // Without the images that it learned from, the run's head stays until one of the labels alone is no worse.
    const isRun =
      this.#run &&
      !run?.training &&
      (!fitted || !own || !ofRun || own.right / own.images < ofRun.right / ofRun.images);
    if (this.#run && (isRun || !fitted)) {
      this.#head = this.#runHead(this.#run, ofRun ? { estimate: ofRun } : {});
    } else if (fitted) {
      this.#head = {
        info: { source: 'labels', images: places.length, at, ...(own && { estimate: own }) },
        probabilities: fitted.probabilities(features),
        classes: classNames.length,
      };
    } else this.#head = undefined;
    this.#choose();
  }

  #runHead(probabilities: Float32Array, estimate: Pick<LabellingHead, 'estimate'>): Head {
    const info = { source: 'run' as const, images: 0, at: new Date().toISOString(), ...estimate };
    return { info, probabilities, classes: this.#options.run!.classNames.length };
  }

  /** Of confirmed images, whether the run's head is right about each. */
  #runRight(places: readonly number[], labels: readonly number[]): boolean[] {
    const classes = this.#options.run?.classNames.length ?? 0;
    const answers = this.#run;
    return places.map(
      (image, i) => answers !== undefined && bestOf(answers, classes, image)[0]?.label === labels[i],
    );
  }

  /** Chooses the next images anew; those that may be on a screen already stay. */
  #choose(): void {
    const { labels, classes, skipped } = this.#labelled;
    const labelled = [...labels.keys()].filter((image) => labels[image] !== undefined);
    const head = this.#head;
    const { run } = this.#options;
    const named = new Set([...labels, ...(run?.training ? run.classNames : [])]);
    const isEveryClass = classes.every((name) => named.has(name)) || head?.info.source === 'run';
    const doubted = [...this.#doubted].filter((image) => this.#isOpen(image));
    const keeps = [
      ...new Set([...this.#queue.filter((image) => this.#isOpen(image)).slice(0, KEPT), ...doubted]),
    ];
    const chosen = this.#choice.next(Math.max(0, AHEAD - keeps.length), {
      labelled: [...labelled, ...keeps],
      leftOut: skipped,
      ...(head && isEveryClass && classes.length > 1 && { probabilities: head.probabilities }),
    });
    this.#queue = [...keeps, ...chosen];
  }

  /** Whether an image is to be labelled. */
  #isOpen(image: number): boolean {
    const { files, labels, skipped } = this.#labelled;
    return image < files.length && labels[image] === undefined && !skipped.has(image);
  }

  #refill(): void {
    this.#queue = this.#queue.filter((image) => this.#isOpen(image));
    if (this.#queue.length < FEW) this.#choose();
  }

  #info(
    images: UnsortedImages,
    shown: number | undefined,
    group: readonly number[],
    by: string | undefined,
  ): LabellingInfo {
    const { classes, labels, skipped } = this.#labelled;
    const undoable = this.#labelled.undoable(by);
    const counts = new Map<string, number>();
    for (const label of labels) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
    const batch = this.#batch();
    const isShown = shown !== undefined && this.#isOpen(shown);
    const next = isShown ? [shown, ...this.#queue.filter((image) => image !== shown)] : this.#queue;
    const { list } = this.#labelled;
    const path = relative('', list);
    return {
      state: 'ready',
      revision: this.#revision,
      folder: this.folder,
      list,
      train: `npx harrier train --data ${shellQuote(path.startsWith('..') ? list : `./${path}`)}`,
      images: labels.length,
      labelled: this.#labelledCount(),
      skipped: [...skipped].filter((image) => labels[image] === undefined).length,
      classes: classes.map((name) => ({ name, images: counts.get(name) ?? 0 })),
      next: next.slice(0, AHEAD).map((image) => this.#entry(image)),
      ...(group.length > 0 && {
        group: group.filter((image) => this.#isOpen(image)).map((image) => this.#entry(image)),
      }),
      ...(this.#head && { head: this.#head.info }),
      training: this.#training,
      ...(undoable !== undefined && { undo: undoable }),
      ...(batch && { batch }),
      unusable: images.unusable,
      others: images.others.length,
    };
  }

  #entry(image: number): LabelImage {
    const { files, labels } = this.#labelled;
    const head = this.#head;
    const copy = this.#choice.copyOf(image, (other) => labels[other] !== undefined);
    return {
      id: image,
      file: files[image],
      proposals: head ? bestOf(head.probabilities, head.classes, image).slice(0, PROPOSALS) : [],
      ...(copy !== undefined && { copyOf: { file: files[copy], label: labels[copy]! } }),
    };
  }

  /** The largest group of images with one sure proposal. */
  #batch(): LabellingInfo['batch'] {
    if (!this.#head) return undefined;
    const { probabilities, classes } = this.#head;
    const groups = new Map<number, { image: number; probability: number }[]>();
    for (const image of this.#labelled.unlabelled()) {
      const own = probabilities.subarray(image * classes, (image + 1) * classes);
      const probability = Math.max(...own);
      if (probability < SURE.probability || this.#doubted.has(image)) continue;
      const label = own.indexOf(probability);
      const group = groups.get(label) ?? [];
      groups.set(label, group);
      group.push({ image, probability });
    }
    const largest = [...groups].sort(([, a], [, b]) => b.length - a.length)[0];
    if (!largest || largest[1].length < 2) return undefined;
    const [label, members] = largest;
    const sure = members.sort((a, b) => b.probability - a.probability).slice(0, SURE.images);
    return { label, total: members.length, images: sure.map(({ image }) => this.#entry(image)) };
  }
}
