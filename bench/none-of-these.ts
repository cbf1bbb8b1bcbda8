/**
 * How measures tell images of other things from images of the classes: the ones that `train --reject` combines, and
 * others beside them. A linear head is fitted on features; the threshold keeps 95% of held-out training images.
 *
 *     npx tsx bench/none-of-these.ts FOLDER OTHER_FOLDER [--leave-out 0,3,6,9] [--divisions 20]
 *
 * Prints the fraction of test images that is kept for 95%, as the data set is divided and, on average, as `--divisions`
 * random ones are; and, for images of OTHER_FOLDER and for those of the classes that are left out of FOLDER, AUROC and the fraction
 * that is accepted where 95% of the test images are kept.
 */
import { parseArgs } from 'node:util';
import { imageFeatures } from '../src/backbones/index.ts';
import { random } from '../src/data/random.ts';
import { separationOf } from '../src/evaluation/index.ts';
import { distancesTo, fitLinear, heldOutDistances, knownDirections } from '../src/heads/index.ts';
import { foreignness } from '../src/models/index.ts';
import { featureCache } from '../src/platform/node/backbones/feature-cache.ts';
import { nativeSha256 } from '../src/platform/node/files/sha256.ts';
import { loadBackbone, openDataset } from '../src/platform/node/index.ts';
import { fitRejection } from '../src/runs/reject-run.ts';

const NEIGHBOURS = 10;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'leave-out': { type: 'string', default: '' },
    divisions: { type: 'string', default: '0' },
  },
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

const logSum = (logits: readonly number[]) => {
  const most = Math.max(...logits);
  return most + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0));
};
const doubtOf = (logits: readonly number[]) => 1 - Math.exp(Math.max(...logits) - logSum(logits));

/** A head and what tells unknown images, as `train --reject 0.95` fits them. */
async function fitted({ rows, labels }: Labelled) {
  const data = { name: own, views: [rows], size, labels, classNames };
  const { kernel, bias, crossValidation } = await fitLinear(runtime, data, { seed: 1 });
  const classes = classNames.length;
  const logitsOf = (others: Float32Array) =>
    Array.from({ length: others.length / size }, (_, row) =>
      Array.from(classNames, (__, label) => {
        let sum = bias[label];
        for (let i = 0; i < size; i++) sum += others[row * size + i] * kernel[i * classes + label];
        return sum;
      }),
    );
  const means = knownDirections(rows, data);
  const { images, distances } = heldOutDistances(rows, data, 1)!;
  const logits = crossValidation!.heldOut;
  const doubts = images.map((image) => doubtOf([...logits.subarray(image * classes, (image + 1) * classes)]));
  const rejection = fitRejection({ distances, doubts }, { layer: '', means, keep: 0.95 });
  const scores = (others: Float32Array) => {
    const own = logitsOf(others);
    return Array.from(distancesTo(means, others, size), (distance, i) =>
      foreignness(distance, doubtOf(own[i]), rejection),
    );
  };
  const kept = (others: Float32Array) => {
    const all = scores(others);
    return all.filter((score) => score <= rejection.threshold).length / all.length;
  };
  return { means, logitsOf, scores, kept };
}

const { means, logitsOf, scores, kept } = await fitted(train);
process.stdout.write(`kept of the test images, for 95%: ${(100 * kept(test.rows)).toFixed(1)}%\n`);
const divisions = Number(values.divisions);
if (divisions > 0) {
  const rows = joined(train.rows, test.rows);
  const labels = [...train.labels, ...test.labels];
  const part = (places: readonly number[]): Labelled => ({
    rows: joined(...places.map((place) => rows.subarray(place * size, (place + 1) * size))),
    labels: Uint16Array.from(places, (place) => labels[place]),
  });
  const fractions: number[] = [];
  for (let division = 0; division < divisions; division++) {
    const order = random(division, 'division').permutation(labels.length);
    const model = await fitted(part([...order.subarray(0, train.labels.length)]));
    fractions.push(model.kept(part([...order.subarray(train.labels.length)]).rows));
  }
  const mean = fractions.reduce((sum, each) => sum + each, 0) / divisions;
  process.stdout.write(`  mean of ${divisions} random divisions: ${(100 * mean).toFixed(1)}%\n`);
}
await backbone.dispose();

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
  'train --reject': scores,
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
