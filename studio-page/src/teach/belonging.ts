import { standardizationOf, standardized } from 'harrier/src/heads/standardize.ts';

/** Images as they are told apart: their features, and what they were recorded with. */
export interface Recorded {
  /** Class index of every image. */
  readonly labels: ArrayLike<number>;
  /** Features, float32 `[images, size]`. */
  readonly features: Float32Array;
  readonly bursts: readonly (string | undefined)[];
}

export interface Belonging {
  /** Images with the same number show the same thing at the same moment: all of them are held out, or none. */
  readonly copies: Uint32Array;
  /** Classes whose images are all of one recording. */
  readonly oneRecording: readonly number[];
}

/**
 * From which likeness two images count as one. Measured with EfficientNet-Lite0: no two of 397 different photos of
 * insects reach 0.85, and most photos do that were saved anew or lost their border. The lowest counts at which no class falls into one lump, as images may
 * that were taken before one background.
 */
const LIKENESS = [0.85, 0.9, 0.95, 0.98, 0.995] as const;
/** Images of this likeness are the same, whatever their number. */
const SAME = 0.9999;
/** A lump: more images than this, and a larger fraction of their class. */
const LUMP = { images: 3, ofClass: 0.2 };
/** Stretches that a class of one recording is divided into, so that it can be evaluated at all. */
const STRETCHES = 5;
/** Fraction of a class that may be held out with one recording. */
const LARGEST_RECORDING = 0.3;

/** Which images belong together: those of one recording, and those that are hardly different. */
export function belonging({ labels, features, bursts }: Recorded): Belonging {
  const images = labels.length;
  const pairs = likePairs(features, images);
  const least = LIKENESS.find((each) => !hasLump(componentsOf(images, from(pairs, each)), labels)) ?? SAME;
  const { parts, oneRecording } = recordings({ labels, bursts });
  const isOne = (image: number) => oneRecording.includes(labels[image]);
  const links = [...sameOf(parts)];
  for (const [a, b, likeness] of pairs) {
    // Within one recording everything is alike: its stretches are all that there is to tell apart.
    const isWithin = isOne(a) && labels[a] === labels[b];
    if (!isWithin && likeness >= least) links.push([a, b]);
  }
  return { copies: componentsOf(images, links), oneRecording };
}

/**
 * Which images belong together by their recordings alone, where nothing is known of what they show and a fifth of them is
 * held out once: a recording with much of its class would take with it what the class could be learned from.
 */
export function recordedTogether({ labels, bursts }: Omit<Recorded, 'features'>): Belonging {
  const { parts, oneRecording } = recordings({ labels, bursts }, LARGEST_RECORDING);
  return { copies: componentsOf(labels.length, sameOf(parts)), oneRecording };
}

/**
 * The recording of each image, or the stretch of one that is all of its class, or of which it has more than a fraction.
 */
function recordings(
  { labels, bursts }: Omit<Recorded, 'features'>,
  largest = 1,
): { readonly parts: readonly (string | undefined)[]; readonly oneRecording: readonly number[] } {
  const oneRecording: number[] = [];
  const parts = bursts.slice();
  for (const label of new Set(Array.from(labels))) {
    const own = [...bursts.keys()].filter((image) => labels[image] === label);
    for (const burst of new Set(own.map((image) => bursts[image]))) {
      const recorded = own.filter((image) => bursts[image] === burst);
      const isAll = recorded.length === own.length;
      if (burst === undefined || !(isAll || recorded.length > largest * own.length)) continue;
      if (isAll) oneRecording.push(label);
      recorded.forEach((image, i) => {
        parts[image] = `${burst} ${Math.floor((i * STRETCHES) / recorded.length)}`;
      });
    }
  }
  return { parts, oneRecording: oneRecording.sort((a, b) => a - b) };
}

type Link = readonly [a: number, b: number];

type Pair = readonly [a: number, b: number, likeness: number];

/**
 * Pairs of images that could count as one. Likeness is 1 for equal features and about 0 for those of different images:
 * 1 − |a − b|² / 2 · size, each feature being standardised over all images.
 */
function likePairs(features: Float32Array, images: number): Pair[] {
  const size = features.length / images;
  const scaled = standardized(features, standardizationOf(features, size));
  const rows = Array.from({ length: images }, (_, i) => scaled.subarray(i * size, (i + 1) * size));
  const most = (1 - LIKENESS[0]) * 2 * size;
  const found: Pair[] = [];
  for (let a = 0; a < images; a++) {
    for (let b = a + 1; b < images; b++) {
      let sum = 0;
      for (let i = 0; i < size && sum <= most; i++) sum += (rows[a][i] - rows[b][i]) ** 2;
      if (sum <= most) found.push([a, b, 1 - sum / (2 * size)]);
    }
  }
  return found;
}

function* from(pairs: readonly Pair[], least: number): Generator<Link> {
  for (const [a, b, likeness] of pairs) if (likeness >= least) yield [a, b];
}

function* sameOf(keys: readonly (string | undefined)[]): Generator<Link> {
  const first = new Map<string, number>();
  for (const [image, key] of keys.entries()) {
    if (key === undefined) continue;
    const other = first.get(key);
    if (other === undefined) first.set(key, image);
    else yield [other, image];
  }
}

/** For every image the first one that links lead to. */
function componentsOf(images: number, links: Iterable<Link>): Uint32Array {
  const before = Uint32Array.from({ length: images }, (_, i) => i);
  const root = (image: number): number => {
    let at = image;
    while (before[at] !== at) at = before[at];
    return at;
  };
  for (const [a, b] of links) {
    const [one, other] = [root(a), root(b)];
    before[Math.max(one, other)] = Math.min(one, other);
  }
  return before.map((_, image) => root(image));
}

function hasLump(components: Uint32Array, labels: ArrayLike<number>): boolean {
  const sizes = new Map<number, number>();
  const ofClass = new Map<number, number>();
  components.forEach((first, image) => {
    sizes.set(first, (sizes.get(first) ?? 0) + 1);
    ofClass.set(labels[image], (ofClass.get(labels[image]) ?? 0) + 1);
  });
  return [...sizes].some(
    ([first, size]) => size > LUMP.images && size > LUMP.ofClass * ofClass.get(labels[first])!,
  );
}
