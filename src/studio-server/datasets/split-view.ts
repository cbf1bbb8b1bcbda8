import { createHash } from 'node:crypto';
import { type Correction, countCorrections } from '../../data/corrected.ts';
import type { Dataset } from '../../data/dataset.ts';
import { classesOf, imagesOfEach } from '../../data/tags.ts';
import {
  correctionKey,
  correctionsByIndex,
  type KeptCorrections,
} from '../../platform/node/datasets/label-corrections.ts';
import type { CorrectionFilter, ImageEntry, Split, SplitInfo } from '../api.ts';
import { notFound } from '../respond.ts';

/** Which images are asked for: all that are left out say nothing. */
export interface ImageFilter {
  /** Of the label that counts. */
  readonly class?: number;
  readonly mark?: CorrectionFilter;
  /** Words, each in the class name or the source, in any case. */
  readonly text?: string;
}

/** One part of a data set with its label corrections: all images are there, also those that are excluded. */
export class SplitView {
  readonly split: Split;
  readonly dataset: Dataset;
  readonly #root: string;
  #marks: ReadonlyMap<number, Correction> = new Map();
  #sources: string[] | undefined;
  /** What was asked last: pages of it are asked for one after another. */
  #found = new Map<string, Uint32Array>();

  constructor(split: Split, dataset: Dataset, root: string) {
    this.split = split;
    this.dataset = dataset;
    this.#root = root;
  }

  get marks(): ReadonlyMap<number, Correction> {
    return this.#marks;
  }

  setCorrections(kept: KeptCorrections): void {
    this.#marks = correctionsByIndex(this.dataset, kept, this.#root).marks;
    this.#found.clear();
  }

  info(): SplitInfo {
    const { dataset } = this;
    return {
      size: dataset.size,
      counts: [...imagesOfEach(dataset)],
      hash: dataset.hash,
      marks: countCorrections(this.#marks),
    };
  }

  /** What the image is called in the file of label corrections. */
  source(index: number): string {
    return this.#sources?.[index] ?? correctionKey(this.dataset, index, this.#root);
  }

  /** @throws HarrierError `not-found` */
  check(index: number): number {
    return Number.isInteger(index) && index >= 0 && index < this.dataset.size
      ? index
      : notFound('image', `${index}`);
  }

  entry(index: number): ImageEntry {
    const mark = this.#marks.get(index);
    const { labels, tags, copies } = this.dataset;
    return {
      index,
      label: labels[index],
      ...(tags && { labels: classesOf(this.dataset, index) }),
      source: this.source(index),
      ...(copies && { copies: copies[index] }),
      ...(mark && { mark }),
    };
  }

  /** Indices of the images that fit, in order. */
  find(filter: ImageFilter): Uint32Array {
    const key = JSON.stringify([filter.class, filter.mark, filter.text]);
    const known = this.#found.get(key);
    if (known) return known;
    const { labels, tags, classNames, size } = this.dataset;
    const words = (filter.text ?? '')
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const classes = classNames.map((name) => name.toLowerCase());
    if (words.length > 0) this.#sources ??= Array.from({ length: size }, (_, index) => this.source(index));
    const found: number[] = [];
    for (let index = 0; index < size; index++) {
      const mark = this.#marks.get(index);
      const own = tags ? classesOf(this.dataset, index) : [mark?.label ?? labels[index]];
      if (filter.class !== undefined && !own.includes(filter.class)) continue;
      if (filter.mark !== undefined && !hasCorrection(mark, filter.mark)) continue;
      if (words.length > 0) {
        const source = this.source(index).toLowerCase();
        const isNamed = (word: string) => own.some((label) => classes[label].includes(word));
        if (!words.every((word) => isNamed(word) || source.includes(word))) continue;
      }
      found.push(index);
    }
    const indices = Uint32Array.from(found);
    if (this.#found.size >= 16) this.#found.clear();
    this.#found.set(key, indices);
    return indices;
  }

  /** What images of this part, in this order, are known by. */
  etag(indices: ArrayLike<number>, form: string): string {
    const order = Uint32Array.from(indices);
    return createHash('sha256')
      .update(`${this.dataset.hash} ${form} `)
      .update(new Uint8Array(order.buffer))
      .digest('hex')
      .slice(0, 32);
  }

  /** uint8 `[images, height, width, 3]` */
  pixels(indices: readonly number[]): Uint8Array<ArrayBuffer> {
    const { height, width } = this.dataset.imageShape;
    const out = new Uint8Array(indices.length * height * width * 3);
    this.dataset.gather(indices, out);
    return out;
  }
}

function hasCorrection(mark: Correction | undefined, wanted: CorrectionFilter): boolean {
  if (wanted === 'none') return mark === undefined;
  if (wanted === 'any') return mark !== undefined;
  return wanted === 'excluded' ? mark?.excluded === true : mark?.label !== undefined;
}
