import { HarrierError } from '../errors.ts';
import { nearestNeighbours } from '../inspection/neighbours.ts';
import type { Runtime } from '../runtime/index.ts';

/** What is known when images are chosen. Images are told by their places in the list whose features were given. */
export interface ChoiceOptions {
  /** Images that have a label: they stand for those that look like them. */
  readonly labelled: readonly number[];
  /** Images that are not to be chosen, beside the labelled ones. */
  readonly leftOut?: ReadonlySet<number>;
  /** What a head says of all images: float32 `[images, classes]`. Left out where it does not know every class yet. */
  readonly probabilities?: Float32Array;
}

/** Neighbours that an image can stand for. */
const NEIGHBOURS = 100;
/** An image stands for others up to about the distance at which the median image has this neighbour. */
const REACH = 10;
/** The worth of an image that the head is quite sure of; one that it is quite unsure of is worth 1 more. */
const SURE_WORTH = 0.4;
/** Images are taken for copies from this cosine of their features less the mean: see `nearDuplicates`. */
const COPY = 0.9;

/**
 * Chooses the images whose labels teach most.
 *
 * Each image stands for its neighbours in the space of features, the more the closer they are, exp(−d²/s); an unlabelled
 * image adds what it stands for better than the labelled ones do. Images are taken one by one, each time the one that adds
 * most (the greedy choice for facility location, G. Nemhauser, L. Wolsey, M. Fisher, 1978): so they are typical, and
 * unlike each other. Once a head knows every class, what an image adds is weighed by how unsure the head is of it: 1 less
 * the margin between the two most probable classes. `bench/label-choice.ts` compares this with random choice and with the
 * k-centre choice of O. Sener and S. Savarese, "Active Learning for Convolutional Neural Networks", ICLR 2018.
 *
 * @example
 * const features = await imageFeatures(backbone, photos);
 * const choice = await ImageChoice.of(backbone.runtime, features, backbone.size);
 * const next = choice.next(20, { labelled: [] });
 */
export class ImageChoice {
  /** How many there are. */
  readonly images: number;
  /** Images with the same number look the same, or others that do lead from one to the other. */
  readonly copies: Uint32Array;
  /** Where the list of each image begins, and behind the last one its end. */
  readonly #starts: Uint32Array;
  readonly #others: Uint32Array;
  readonly #likeness: Float32Array;
  /** Of every image the most similar others, and their cosines: `[images, count]`. */
  readonly #nearest: { readonly count: number; readonly indices: Int32Array; readonly cosines: Float32Array };

  private constructor(
    images: number,
    nearest: { readonly count: number; readonly indices: Int32Array; readonly cosines: Float32Array },
  ) {
    this.images = images;
    this.#nearest = nearest;
    this.copies = connected(images, nearest);
    const { starts, others, likeness } = bothWays(images, nearest);
    this.#starts = starts;
    this.#others = others;
    this.#likeness = likeness;
  }

  /**
   * Compares all images with each other.
   *
   * @param runtime computes their similarities: `nodeRuntime` of `harrier/node`, `webRuntime` of `harrier/web`
   * @param features float32 `[images, size]`
   * @param size numbers of a row
   * @param onProgress images done, of all
   * @throws HarrierError `bad-shape` for features that are no whole rows
   */
  static async of(
    runtime: Runtime,
    features: Float32Array,
    size: number,
    onProgress?: (done: number, total: number) => void,
  ): Promise<ImageChoice> {
    if (features.length % size !== 0) {
      throw new HarrierError('bad-shape', 'these are not features of whole images', {
        where: 'ImageChoice',
        expected: `a multiple of ${size} numbers`,
        received: `${features.length}`,
      });
    }
    const nearest = await nearestNeighbours(runtime, features, size, NEIGHBOURS, onProgress);
    return new ImageChoice(features.length / size, nearest);
  }

  /**
   * The next images to label, by their places, the first first.
   * @param count how many; fewer come where there are not so many
   */
  next(count: number, { labelled, leftOut, probabilities }: ChoiceOptions): number[] {
    const covered = new Float32Array(this.images);
    const isOpen = new Uint8Array(this.images).fill(1);
    for (const image of labelled) {
      isOpen[image] = 0;
      this.#cover(covered, image);
    }
    for (const image of leftOut ?? []) isOpen[image] = 0;
    const worth = probabilities && worthOf(probabilities, this.images);
    const chosen: number[] = [];
    while (chosen.length < count) {
      let best = -1;
      let most = -1;
      for (let image = 0; image < this.images; image++) {
        if (!isOpen[image]) continue;
        const added = this.#added(covered, image) * (worth?.[image] ?? 1);
        if (added > most) [best, most] = [image, added];
      }
      if (best < 0) break;
      chosen.push(best);
      isOpen[best] = 0;
      this.#cover(covered, best);
    }
    return chosen;
  }

  /** An image for which `fits` holds and that looks the same, if there is one. */
  copyOf(image: number, fits: (other: number) => boolean): number | undefined {
    const { count, indices, cosines } = this.#nearest;
    for (let at = image * count; at < (image + 1) * count && cosines[at] >= COPY; at++) {
      if (fits(indices[at])) return indices[at];
    }
    return undefined;
  }

  #added(covered: Float32Array, image: number): number {
    let sum = 1 - covered[image];
    for (let at = this.#starts[image]; at < this.#starts[image + 1]; at++) {
      const gain = this.#likeness[at] - covered[this.#others[at]];
      if (gain > 0) sum += gain;
    }
    return sum;
  }

  #cover(covered: Float32Array, image: number): void {
    covered[image] = 1;
    for (let at = this.#starts[image]; at < this.#starts[image + 1]; at++) {
      const other = this.#others[at];
      covered[other] = Math.max(covered[other], this.#likeness[at]);
    }
  }
}

/** Lists of neighbours that hold both ways: an image stands for those that have it as a neighbour, too. */
function bothWays(
  images: number,
  {
    count,
    indices,
    cosines,
  }: { readonly count: number; readonly indices: Int32Array; readonly cosines: Float32Array },
) {
  const isMutual = (image: number, other: number) =>
    indices.subarray(other * count, (other + 1) * count).includes(image);
  const reach = reachOf(images, count, cosines);
  const lists = Array.from({ length: images }, () => [] as [number, number][]);
  for (let image = 0; image < images; image++) {
    for (let at = image * count; at < (image + 1) * count; at++) {
      const other = indices[at];
      const likeness = Math.exp(-(2 - 2 * cosines[at]) / reach);
      lists[image].push([other, likeness]);
      if (!isMutual(image, other)) lists[other].push([image, likeness]);
    }
  }
  const starts = new Uint32Array(images + 1);
  lists.forEach(({ length }, image) => {
    starts[image + 1] = starts[image] + length;
  });
  const others = new Uint32Array(starts[images]);
  const likeness = new Float32Array(starts[images]);
  lists.flat().forEach(([other, value], at) => {
    others[at] = other;
    likeness[at] = value;
  });
  return { starts, others, likeness };
}

/** For every image the first one that copies lead to. */
function connected(
  images: number,
  {
    count,
    indices,
    cosines,
  }: { readonly count: number; readonly indices: Int32Array; readonly cosines: Float32Array },
): Uint32Array {
  const before = Uint32Array.from({ length: images }, (_, image) => image);
  const root = (image: number): number => {
    let at = image;
    while (before[at] !== at) at = before[at];
    return at;
  };
  for (let image = 0; image < images; image++) {
    for (let at = image * count; at < (image + 1) * count && cosines[at] >= COPY; at++) {
      const [one, other] = [root(image), root(indices[at])];
      before[Math.max(one, other)] = Math.min(one, other);
    }
  }
  return before.map((_, image) => root(image));
}

/** The median of the squared distances to a near neighbour. */
function reachOf(images: number, count: number, cosines: Float32Array): number {
  if (count === 0) return 1;
  const place = Math.min(REACH, count) - 1;
  const distances = Float64Array.from(
    { length: images },
    (_, image) => 2 - 2 * cosines[image * count + place],
  );
  return Math.max(1e-6, distances.sort()[images >> 1]);
}

/** How much more an image teaches that the head is unsure of. */
function worthOf(probabilities: Float32Array, images: number): Float32Array {
  const classes = probabilities.length / images;
  return Float32Array.from({ length: images }, (_, image) => {
    let [first, second] = [0, 0];
    for (let at = image * classes; at < (image + 1) * classes; at++) {
      const value = probabilities[at];
      if (value > first) [first, second] = [value, first];
      else if (value > second) second = value;
    }
    return SURE_WORTH + 1 - (first - second);
  });
}
