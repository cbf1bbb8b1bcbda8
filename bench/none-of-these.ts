/**
 * How measures tell images of other things from images of the classes: the ones that `train --reject` combines, and
 * others beside them. A linear head is fitted on features; the threshold keeps 95% of held-out training images.
 *
 *     npx tsx bench/none-of-these.ts FOLDER OTHER_FOLDER [--leave-out 0,3,6,9]
 *
 * Prints, for images of OTHER_FOLDER and for those of the classes that are left out of FOLDER, AUROC and the fraction
 * that is accepted where 95% of the test images are kept.
 */
import { parseArgs } from 'node:util';
import { imageFeatures } from '../src/backbones/index.ts';
import { separationOf } from '../src/evaluation/index.ts';
import { classDirections, distancesTo, fitLinear, heldOutDistances } from '../src/heads/index.ts';
import { foreignness } from '../src/models/index.ts';
import { featureCache } from '../src/platform/node/backbones/feature-cache.ts';
import { nativeSha256 } from '../src/platform/node/files/sha256.ts';
import { loadBackbone, openDataset } from '../src/platform/node/index.ts';
import { fitRejection } from '../src/runs/reject-run.ts';

const NEIGHBOURS = 10;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'leave-out': { type: 'string', default: '' } },
});
const [own, other] = positionals;
const leftOut = values['leave-out'].split(',').filter((name) => name !== '');
const backbone = await loadBackbone('efficientnet-lite0');
const { size, imageShape, runtime } = backbone;
const store = featureCache(backbone.key(nativeSha256), size);

async function featuresOf(folder: string) {
  const { height, preprocessing } = imageShape;
  const { train, test } = await openDataset(folder, { imageSize: height, preprocessing });
  const options = { sha256: nativeSha256, store };
  return {
    classNames: train.classNames,
    train: { rows: await imageFeatures(backbone, train, options), labels: train.labels },
    test: { rows: await imageFeatures(backbone, test, options), labels: test.labels },
  };
}

type Labelled = Awaited<ReturnType<typeof featuresOf>>['train'];

/** The images of some classes, whose numbers follow their order. */
function only({ rows, labels }: Labelled, classes: readonly number[]): Labelled {
  const kept = [...labels.keys()].filter((image) => classes.includes(labels[image]));
  const chosen = new Float32Array(kept.length * size);
  kept.forEach((image, i) => {
    chosen.set(rows.subarray(image * size, (image + 1) * size), i * size);
  });
  return { rows: chosen, labels: Uint16Array.from(kept, (image) => classes.indexOf(labels[image])) };
}

const joined = (...parts: readonly Float32Array[]) => {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    all.set(part, at);
    return at + part.length;
  }, 0);
  return all;
};

const known = await featuresOf(own);
const places = [...known.classNames.keys()];
const inside = places.filter((label) => !leftOut.includes(known.classNames[label]));
const outside = places.filter((label) => !inside.includes(label));
const train = only(known.train, inside);
const test = only(known.test, inside);
const classNames = inside.map((label) => known.classNames[label]);
const foreign = await featuresOf(other);
const data = { name: own, views: [train.rows], size, labels: train.labels, classNames };
const head = await fitLinear(runtime, data, { seed: 1 });
await backbone.dispose();

const logitsOf = (rows: Float32Array) =>
  Array.from({ length: rows.length / size }, (_, row) =>
    Array.from(classNames, (__, label) => {
      let sum = head.bias[label];
      for (let i = 0; i < size; i++) sum += rows[row * size + i] * head.kernel[i * classNames.length + label];
      return sum;
    }),
  );
const logSum = (logits: readonly number[]) => {
  const most = Math.max(...logits);
  return most + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0));
};
const doubtOf = (logits: readonly number[]) => 1 - Math.exp(Math.max(...logits) - logSum(logits));
const means = classDirections(train.rows, { size, labels: train.labels, classNames });
const held = heldOutDistances(train.rows, data, 1)!;
const heldLogits = head.crossValidation!.heldOut;
const rejection = fitRejection(
  {
    distances: held.distances,
    doubts: held.images.map((image) =>
      doubtOf([...heldLogits.subarray(image * classNames.length, (image + 1) * classNames.length)]),
    ),
  },
  { layer: '', means, keep: 0.95 },
);
const unit = (rows: Float32Array) =>
  Array.from({ length: rows.length / size }, (_, row) => {
    const own = rows.subarray(row * size, (row + 1) * size);
    const length = Math.hypot(...own);
    return own.map((value) => value / length);
  });
const directions = unit(train.rows);
/** Y. Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022. */
const neighbourDistance = (rows: Float32Array) =>
  unit(rows).map((row) => {
    const cosines = directions.map((direction) =>
      direction.reduce((sum, value, i) => sum + value * row[i], 0),
    );
    return 1 - cosines.sort((a, b) => b - a)[NEIGHBOURS - 1];
  });

const MEASURES: Readonly<Record<string, (rows: Float32Array) => ArrayLike<number>>> = {
  'train --reject': (rows) => {
    const logits = logitsOf(rows);
    return Array.from(distancesTo(means, rows, size), (distance, i) =>
      foreignness(distance, doubtOf(logits[i]), rejection),
    );
  },
  'nearest class mean': (rows) => distancesTo(means, rows, size),
  [`${NEIGHBOURS}th nearest image`]: neighbourDistance,
  'largest probability': (rows) => logitsOf(rows).map(doubtOf),
  energy: (rows) => logitsOf(rows).map((logits) => -logSum(logits)),
};
const sources: [string, Float32Array][] = [
  ...(outside.length > 0
    ? [
        [
          `classes ${leftOut.join(', ')} left out`,
          joined(only(known.train, outside).rows, only(known.test, outside).rows),
        ] as [string, Float32Array],
      ]
    : []),
  [`images of ${other}`, joined(foreign.train.rows, foreign.test.rows)],
];
for (const [name, measure] of Object.entries(MEASURES)) {
  const base = measure(test.rows);
  for (const [what, rows] of sources) {
    const { auroc, acceptedAt95 } = separationOf(base, measure(rows));
    process.stdout.write(
      `${name.padEnd(22)} ${what.padEnd(40)} AUROC ${auroc.toFixed(3)}  accepted ${(100 * acceptedAt95).toFixed(1)}%\n`,
    );
  }
}
