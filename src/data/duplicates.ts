import { type Dataset, imageBytes } from './dataset.ts';
import type { Progress } from './progress.ts';

/** Images that show the same, as places in all the data sets together. */
export interface DuplicateImages {
  /** `exact`: the same pixels; `near`: images that hardly differ (a copy saved anew, a little lighter, a little moved). */
  readonly kind: 'exact' | 'near';
  /** Two or more, in order. */
  readonly images: readonly { readonly dataset: number; readonly index: number }[];
}

/** Images that are looked at between two signs of life. */
const SLICE = 32;
/** Columns of the small image that the hash is of: one more than rows, so that there are as many differences. */
const COLUMNS = 9;
const ROWS = 8;
/** How alike the brightness of all pixels must be: Pearson's correlation. */
const LEAST_CORRELATION = 0.9;
/** Images whose pixels are compared with one, at most: thousands of empty ones would take for ever. */
const MOST_COMPARED = 64;
/** Mean distance of all values, of 255, beyond which images are different ones in any case. */
const MOST_DISTANCE = 32;

export interface DuplicateOptions {
  /** Bits of 64 in which the difference hashes of near duplicates may differ. Default 10. */
  readonly mostBits?: number;
  /** Whether images of one colour are near duplicates when their colours are alike. Default true. */
  readonly plain?: boolean;
}

/**
 * Finds images that are there more than once, in one data set or in several of the same image shape (a test image that
 * is also trained on says nothing).
 *
 * Candidates have nearly the same difference hash: whether brightness rises or falls from one place to the next, in the
 * image scaled to 9 × 8 (N. Krawetz, "Kind of Like That", 2013). Their pixels decide: equal, or so alike that
 * brightness correlates by 0.9.
 *
 * It works in slices: between two, the caller may do other things, or stop.
 *
 * @returns the groups, those with equal pixels first
 */
export function* findDuplicates(
  datasets: readonly Dataset[],
  { mostBits = 10, plain = true }: DuplicateOptions = {},
): Generator<Progress, DuplicateImages[]> {
  const firsts: number[] = [];
  let total = 0;
  for (const { size } of datasets) {
    firsts.push(total);
    total += size;
  }
  const images = new AllImages(datasets, firsts, total);
  const low = new Uint32Array(total);
  const high = new Uint32Array(total);
  const contents = new Uint32Array(total);
  const progress = (what: string, done: number): Progress => ({ what, done, total, unit: 'images' });
  for (let image = 0; image < total; image++) {
    if (image % SLICE === 0) yield progress('looking at every image', image);
    const pixels = images.read(image, 0);
    [low[image], high[image]] = differenceHash(pixels, datasets[0].imageShape);
    contents[image] = contentHash(pixels);
  }
  const groups = new Groups(total);
  yield* joinExact();
  yield* joinNear();
  const found = groups.list().map((members): DuplicateImages => {
    const isExact = members.every((member) => groups.exact(member) === groups.exact(members[0]));
    return { kind: isExact ? 'exact' : 'near', images: members.map((member) => images.place(member)) };
  });
  const isNear = ({ kind }: DuplicateImages) => Number(kind === 'near');
  return found.sort((a, b) => isNear(a) - isNear(b));

  function* joinExact(): Generator<Progress> {
    const seen = new Map<number, number[]>();
    for (let image = 0; image < total; image++) {
      if (image % (16 * SLICE) === 0) yield progress('comparing', 0);
      const same = seen.get(contents[image]) ?? [];
      const twin = same.find(
        (other) => low[other] === low[image] && high[other] === high[image] && images.equal(other, image),
      );
      if (twin === undefined) seen.set(contents[image], [...same, image]);
      else groups.join(twin, image, true);
    }
  }

  /** Two hashes that differ in at most n bits agree wholly in one of n + 1 parts. */
  function* joinNear(): Generator<Progress> {
    const parts = mostBits + 1;
    for (let part = 0; part < parts; part++) {
      const [from, to] = [Math.round((64 * part) / parts), Math.round((64 * (part + 1)) / parts)];
      const seen = new Map<number, number[]>();
      for (let image = 0; image < total; image++) {
        if (image % SLICE === 0) yield progress('comparing', Math.floor((part * total + image) / parts));
        if (groups.exact(image) !== image) continue;
        const key = bits(low[image], high[image], from, to);
        const others = seen.get(key);
        if (!others) {
          seen.set(key, [image]);
          continue;
        }
        let compared = 0;
        for (const other of others) {
          const distance = ones(low[image] ^ low[other]) + ones(high[image] ^ high[other]);
          if (distance > mostBits || groups.together(other, image)) continue;
          if (++compared > MOST_COMPARED) break;
          if (images.alike(other, image, plain)) groups.join(other, image, false);
        }
        others.push(image);
      }
    }
  }
}

/** The images of several data sets as one list. */
class AllImages {
  readonly #datasets: readonly Dataset[];
  readonly #firsts: readonly number[];
  readonly #buffers: readonly Uint8Array[];

  constructor(datasets: readonly Dataset[], firsts: readonly number[], total: number) {
    this.#datasets = datasets;
    this.#firsts = firsts;
    const bytes = total === 0 ? 0 : imageBytes(datasets[0].imageShape);
    this.#buffers = [new Uint8Array(bytes), new Uint8Array(bytes)];
  }

  place(image: number): { dataset: number; index: number } {
    const dataset = this.#firsts.findLastIndex((first) => first <= image);
    return { dataset, index: image - this.#firsts[dataset] };
  }

  /** Its pixels, until the same buffer is used again. */
  read(image: number, buffer: 0 | 1): Uint8Array {
    const { dataset, index } = this.place(image);
    this.#datasets[dataset].gather([index], this.#buffers[buffer]);
    return this.#buffers[buffer];
  }

  equal(a: number, b: number): boolean {
    const [one, other] = [this.read(a, 0), this.read(b, 1)];
    return one.every((value, i) => value === other[i]);
  }

  alike(a: number, b: number, plain: boolean): boolean {
    const [one, other] = [this.read(a, 0), this.read(b, 1)];
    const pixels = one.length / 3;
    let [distance, sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < one.length; i += 3) {
      const brightA = one[i] + one[i + 1] + one[i + 2];
      const brightB = other[i] + other[i + 1] + other[i + 2];
      distance +=
        Math.abs(one[i] - other[i]) +
        Math.abs(one[i + 1] - other[i + 1]) +
        Math.abs(one[i + 2] - other[i + 2]);
      sumA += brightA;
      sumB += brightB;
      squaresA += brightA * brightA;
      squaresB += brightB * brightB;
      products += brightA * brightB;
    }
    if (distance > MOST_DISTANCE * one.length) return false;
    const covariance = products - (sumA * sumB) / pixels;
    const spread = (squaresA - sumA ** 2 / pixels) * (squaresB - sumB ** 2 / pixels);
    // Images of one colour have nothing to correlate: their colours alone decide.
    return spread <= 0
      ? plain && distance <= one.length
      : covariance >= LEAST_CORRELATION * Math.sqrt(spread);
  }
}

/** Which images belong together: each knows one before it, the first of a group itself. */
class Groups {
  readonly #before: Uint32Array;
  readonly #same: Uint32Array;

  constructor(size: number) {
    this.#before = Uint32Array.from({ length: size }, (_, i) => i);
    this.#same = Uint32Array.from(this.#before);
  }

  /** The first image with the same pixels. */
  exact(image: number): number {
    return this.#same[image];
  }

  join(first: number, image: number, isExact: boolean): void {
    if (isExact) this.#same[image] = first;
    const [a, b] = [this.#root(first), this.#root(image)];
    this.#before[Math.max(a, b)] = Math.min(a, b);
  }

  together(a: number, b: number): boolean {
    return this.#root(a) === this.#root(b);
  }

  /** Groups of two and more. */
  list(): number[][] {
    const groups = new Map<number, number[]>();
    for (let image = 0; image < this.#before.length; image++) {
      const root = this.#root(image);
      if (root === image) continue;
      const group = groups.get(root) ?? [root];
      group.push(image);
      groups.set(root, group);
    }
    return [...groups.values()];
  }

  #root(image: number): number {
    let root = image;
    while (this.#before[root] !== root) root = this.#before[root];
    this.#before[image] = root;
    return root;
  }
}

function differenceHash(
  pixels: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
): [low: number, high: number] {
  const [rows, columns] = [Math.min(ROWS, height), Math.min(COLUMNS, width)];
  const sums = new Float64Array(rows * columns);
  const counts = new Uint32Array(rows * columns);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++, i += 3) {
      const place = row + Math.floor((x * columns) / width);
      sums[place] += pixels[i] + pixels[i + 1] + pixels[i + 2];
      counts[place]++;
    }
  }
  const hash: [number, number] = [0, 0];
  let bit = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 1; column < columns; column++, bit++) {
      const place = row * columns + column;
      const rises = sums[place] / counts[place] > sums[place - 1] / counts[place - 1];
      if (rises) hash[bit >> 5] |= 1 << (bit & 31);
    }
  }
  return [hash[0] >>> 0, hash[1] >>> 0];
}

/** FNV-1a, 32 bits: equal pixels have equal ones, and others seldom. */
function contentHash(pixels: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < pixels.length; i++) hash = Math.imul(hash ^ pixels[i], 0x01000193);
  return hash >>> 0;
}

/** Bits `from` to `to - 1` of 64: at most 32 of them. */
function bits(low: number, high: number, from: number, to: number): number {
  let value = 0;
  for (let bit = from; bit < to; bit++) {
    value = 2 * value + (((bit < 32 ? low : high) >>> (bit & 31)) & 1);
  }
  return value;
}

function ones(value: number): number {
  let left = value - ((value >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
