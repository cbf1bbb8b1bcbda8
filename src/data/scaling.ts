/** Height and width in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Takes an image row by row, and gives it in another size. */
export interface Scaler {
  /** Whole rows, from the top down: uint8, four numbers a pixel unless another number was agreed on. */
  add(rows: Uint8Array | Uint8ClampedArray): void;
  /** The image: uint8 `[height, width, 3]`. */
  finish(): Uint8Array<ArrayBuffer>;
}

/** A place as a weighted mean of old ones: `weights[i]` of the old place `first + i`. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** Shrinking by more than twice this goes in whole steps first. */
const GAP = 2;

/**
 * Scales an image to a size without regard to its aspect, as `harrier/node` does with sharp, so that models give the
 * same answers: by means of whole blocks until about twice the size, then with Lanczos filtering (3 lobes); larger,
 * with Catmull and Rom's cubic. Beyond its edges an image goes on as its outermost pixels. One that has the size
 * already keeps its pixels.
 */
export function scaler(from: ImageSize, to: ImageSize): Scaler {
  const enlarged = to.width > from.width || to.height > from.height;
  const across = axis(from.width, to.width, enlarged);
  const down = axis(from.height, to.height, enlarged);
  const row = to.width * 3;
  /** Rows that are scaled across and, by whole blocks, down. */
  const rows = new Float64Array(down.blocks * row);
  const blocks = new Float64Array(across.blocks * 3);
  let y = 0;
  return {
    add(pixels) {
      for (let start = 0; start < pixels.length; start += from.width * 4, y++) {
        meansOfBlocks(pixels, start, from.width, across, blocks);
        const block = Math.floor(y / down.block);
        const fraction = 1 / Math.min(down.block, from.height - block * down.block);
        across.taps.forEach(({ first, weights }, x) => {
          const target = block * row + x * 3;
          for (let i = 0; i < weights.length; i++) {
            const source = (first + i) * 3;
            const weight = weights[i] * fraction;
            for (let c = 0; c < 3; c++) rows[target + c] += weight * blocks[source + c];
          }
        });
      }
    },
    finish() {
      const out = new Uint8Array(to.height * row);
      const sums = new Float64Array(row);
      down.taps.forEach(({ first, weights }, at) => {
        sums.fill(0);
        for (let i = 0; i < weights.length; i++) {
          const source = (first + i) * row;
          for (let x = 0; x < row; x++) sums[x] += weights[i] * rows[source + x];
        }
        for (let x = 0; x < row; x++) out[at * row + x] = Math.max(0, Math.min(255, Math.round(sums[x])));
      });
      return out;
    },
  };
}

interface Axis {
  /** Places that make one block. */
  readonly block: number;
  readonly blocks: number;
  /** For each new place, the blocks that it is made of. */
  readonly taps: readonly Taps[];
}

/** @param enlarged whether the image becomes larger along this axis or the other */
function axis(from: number, to: number, enlarged: boolean): Axis {
  const block = Math.max(1, Math.floor(from / to / GAP));
  const blocks = Math.ceil(from / block);
  // The last block may be none whole.
  const ratio = from / block / to;
  const reduced =
    ratio > 1 ? filter(blocks, to, (place) => (place + 0.5) * ratio - 0.5, lanczos, 3, ratio) : undefined;
  if (!enlarged)
    return { block, blocks, taps: reduced ?? filter(blocks, to, (place) => place, catmullRom, 2, 1) };
  // libvips enlarges along both axes if along one, and puts the first place half an old one before the first.
  const size = reduced ? to : blocks;
  const grown = filter(size, to, (place) => (place * size) / to - 0.5, catmullRom, 2, 1);
  return { block, blocks, taps: reduced ? grown.map((taps) => composed(taps, reduced)) : grown };
}

/**
 * @param centreOf where a new place lies among the old ones
 * @param stretch by how much the filter is wider than one old place
 */
function filter(
  from: number,
  to: number,
  centreOf: (place: number) => number,
  kernel: (x: number) => number,
  support: number,
  stretch: number,
): Taps[] {
  return Array.from({ length: to }, (_, place) => {
    const centre = centreOf(place);
    const weights = new Float64Array(from);
    let sum = 0;
    for (let i = Math.ceil(centre - support * stretch); i <= Math.floor(centre + support * stretch); i++) {
      const weight = kernel((i - centre) / stretch);
      weights[Math.max(0, Math.min(from - 1, i))] += weight;
      sum += weight;
    }
    return trimmed(weights.map((weight) => weight / sum));
  });
}

/** Places made of places that are made of others. */
function composed({ first, weights }: Taps, inner: readonly Taps[]): Taps {
  const used = [...weights].map((weight, i) => ({ weight, taps: inner[first + i] }));
  const all = new Float64Array(Math.max(...used.map(({ taps }) => taps.first + taps.weights.length)));
  for (const { weight, taps } of used) {
    for (let i = 0; i < taps.weights.length; i++) all[taps.first + i] += weight * taps.weights[i];
  }
  return trimmed(all);
}

/** Without the zeros at both ends. */
function trimmed(weights: Float64Array): Taps {
  const first = weights.findIndex((weight) => weight !== 0);
  return { first, weights: weights.slice(first, weights.findLastIndex((weight) => weight !== 0) + 1) };
}

/** sinc(x) · sinc(x / 3) */
function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / (angle * angle);
}

function catmullRom(x: number): number {
  const t = Math.abs(x);
  if (t >= 2) return 0;
  return t < 1 ? 1.5 * t ** 3 - 2.5 * t ** 2 + 1 : -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2;
}

/** One row, every block of pixels as their mean. */
function meansOfBlocks(
  pixels: ArrayLike<number>,
  start: number,
  width: number,
  { block, blocks }: Axis,
  out: Float64Array,
): void {
  for (let b = 0; b < blocks; b++) {
    const end = Math.min(width, (b + 1) * block);
    let [red, green, blue] = [0, 0, 0];
    for (let x = b * block; x < end; x++) {
      const at = start + x * 4;
      red += pixels[at];
      green += pixels[at + 1];
      blue += pixels[at + 2];
    }
    const count = end - b * block;
    out[b * 3] = red / count;
    out[b * 3 + 1] = green / count;
    out[b * 3 + 2] = blue / count;
  }
}
