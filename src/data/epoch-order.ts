import { unknownName } from '../errors.ts';
import { SAMPLINGS } from '../options/words.ts';
import type { Dataset } from './dataset.ts';
import { random } from './random.ts';
import { classCounts } from './statistics.ts';

/**
 * Which images an epoch shows. `natural`: each once. `balanced`: as many, but every class equally often; images of a
 * rare class come several times, some of a frequent one not at all.
 */
export type Sampling = (typeof SAMPLINGS)[number];

/** An epoch's images in the order in which they are shown. */
export interface EpochOrder {
  /** Indices into the data set. */
  readonly images: Uint32Array;
  /** A number for each that no other has in the epoch: what its random changes are drawn by. */
  readonly draws: Uint32Array;
}

/** A pure function of seed, epoch, sampling and the labels. @throws HarrierError `bad-option` for another sampling */
export function epochOrder(
  dataset: Pick<Dataset, 'size' | 'labels' | 'classNames'>,
  { seed, epoch, sampling = 'natural' }: { seed: number; epoch: number; sampling?: Sampling },
): EpochOrder {
  checkSampling(sampling);
  const order = random(seed, 'shuffle', epoch).permutation(dataset.size);
  if (sampling === 'natural') return { images: order, draws: order };
  const chosen = balanced(dataset, seed, epoch);
  return {
    images: order.map((place) => chosen.images[place]),
    draws: order.map((place) => chosen.draws[place]),
  };
}

/** @throws HarrierError `bad-option` */
export function checkSampling(sampling: Sampling): void {
  if (!SAMPLINGS.includes(sampling)) throw unknownName('sampling', String(sampling), SAMPLINGS);
}

/** As many images as there are, each class with an equal fraction; no image comes again before all others of its class. */
function balanced(
  dataset: Pick<Dataset, 'size' | 'labels' | 'classNames'>,
  seed: number,
  epoch: number,
): EpochOrder {
  const { size, labels } = dataset;
  const members: number[][] = Array.from(classCounts(dataset), () => []);
  labels.forEach((label, image) => {
    members[label].push(image);
  });
  const there = members.filter((images) => images.length > 0);
  const first = random(seed, 'sampling', epoch).integer(there.length);
  const images = new Uint32Array(size);
  const draws = new Uint32Array(size);
  let place = 0;
  there.forEach((own, i) => {
    // What is left when the images are dealt out evenly goes to other classes in every epoch.
    const extra = (i + there.length - first) % there.length < size % there.length ? 1 : 0;
    const quota = Math.floor(size / there.length) + extra;
    const order = random(seed, 'sampling/class', epoch, labels[own[0]]);
    for (let round = 0, left = quota; left > 0; round++) {
      for (const member of order.permutation(own.length).subarray(0, left)) {
        images[place] = own[member];
        draws[place++] = own[member] + round * size;
        left--;
      }
    }
  });
  return { images, draws };
}
