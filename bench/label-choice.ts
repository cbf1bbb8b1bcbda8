/**
 * How many labels the choice of `harrier label` saves: accuracy against the number of labels, for its choice, for random
 * choice, and for two parts of it (k-centre alone, the most unsure alone). A linear head is fitted on the features of the
 * images that have a label so far, as `harrier label` fits it, and evaluated on the test images, which no choice sees.
 *
 *     npx tsx bench/label-choice.ts [cifar10|FOLDER ...] [--labels 200] [--batch 10] [--seeds 5] [--images 2000]
 *
 * With each seed the images to choose from are another four fifths of the training images (of the first `--images`).
 * Prints the mean accuracies, and for random choice's accuracy at some numbers of labels how many our choice needs.
 */
import { parseArgs } from 'node:util';
import { imageFeatures } from '../src/backbones/index.ts';
import type { Dataset } from '../src/data/dataset.ts';
import { random } from '../src/data/random.ts';
import { firstImages } from '../src/data/subset.ts';
import { fitProposals, ImageChoice, rowsOf } from '../src/labelling/index.ts';
import { featureCache } from '../src/platform/node/backbones/feature-cache.ts';
import { nativeSha256 } from '../src/platform/node/files/sha256.ts';
import { loadBackbone, openDataset } from '../src/platform/node/index.ts';
import { resizer } from '../src/platform/resizer.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    labels: { type: 'string', default: '200' },
    batch: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '5' },
    images: { type: 'string', default: '2000' },
    choices: { type: 'string', default: 'random,harrier,k-centre,unsure' },
  },
});
const [budget, batch, seeds, most] = [values.labels, values.batch, values.seeds, values.images].map(Number);
const backbone = await loadBackbone('efficientnet-lite0');
const { size, imageShape, runtime } = backbone;
const store = featureCache(backbone.key(nativeSha256), size);

/** Images of another size as the network takes them. */
function enlarged(dataset: Dataset): Dataset {
  const own = dataset.imageShape;
  if (own.height === imageShape.height && own.width === imageShape.width) return dataset;
  const to = { ...imageShape, preprocessing: undefined };
  const bytes = to.height * to.width * 3;
  return {
    ...dataset,
    size: dataset.size,
    hash: dataset.hash,
    imageShape: to,
    describe: (index) => dataset.describe(index),
    gather(indices, out) {
      const image = new Uint8Array(own.height * own.width * 3);
      for (let i = 0; i < indices.length; i++) {
        dataset.gather([indices[i]], image);
        const scaler = resizer(own, to, 3);
        scaler.add(image);
        out.set(scaler.finish(), i * bytes);
      }
    },
  };
}

async function featuresOf(dataset: Dataset) {
  const rows = await imageFeatures(backbone, enlarged(dataset), { sha256: nativeSha256, store });
  return { rows, labels: dataset.labels };
}

interface State {
  readonly choice: ImageChoice;
  readonly features: Float32Array;
  readonly labelled: readonly number[];
  readonly seed: number;
  /** Of all images, once every class has a label. */
  readonly probabilities?: Float32Array;
}

const open = ({ choice, labelled }: State) => {
  const known = new Set(labelled);
  return Array.from({ length: choice.images }, (_, i) => i).filter((image) => !known.has(image));
};
const atRandom = (state: State) => {
  const left = open(state);
  return [...random(state.seed, 'choice', state.labelled.length).permutation(left.length)].map(
    (i) => left[i],
  );
};
const marginOf = (probabilities: Float32Array, classes: number, image: number) => {
  const [first, second] = [...probabilities.subarray(image * classes, (image + 1) * classes)].sort(
    (a, b) => b - a,
  );
  return first - second;
};
/** O. Sener, S. Savarese, ICLR 2018: the image that is furthest from all that are chosen. */
const kCentre = ({ features, labelled, ...state }: State) => {
  const left = open({ features, labelled, ...state });
  const nearest = new Map(left.map((image) => [image, Number.POSITIVE_INFINITY]));
  const see = (chosen: number) => {
    for (const image of left) {
      let squares = 0;
      for (let i = 0; i < size; i++)
        squares += (features[image * size + i] - features[chosen * size + i]) ** 2;
      nearest.set(image, Math.min(nearest.get(image)!, squares));
    }
  };
  for (const image of labelled) see(image);
  const chosen: number[] = [];
  while (chosen.length < batch) {
    const image = left.reduce((best, each) => (nearest.get(each)! > nearest.get(best)! ? each : best));
    chosen.push(image);
    nearest.delete(image);
    left.splice(left.indexOf(image), 1);
    see(image);
  }
  return chosen;
};
const CHOICES: Readonly<Record<string, (state: State, classes: number) => number[]>> = {
  random: atRandom,
  harrier: ({ choice, ...known }) => choice.next(batch, known),
  'k-centre': kCentre,
  unsure: (state, classes) => {
    const { probabilities } = state;
    if (!probabilities) return atRandom(state);
    return open(state).sort(
      (a, b) => marginOf(probabilities, classes, a) - marginOf(probabilities, classes, b),
    );
  },
};

/** Means over few seeds rise and fall: what was reached once counts as reached. */
const bestSoFar = (curve: readonly number[]) => curve.map((_, step) => Math.max(...curve.slice(0, step + 1)));
/** With how many labels a curve comes to an accuracy, between two steps in proportion; undefined where it does not. */
const labelsFor = (curve: readonly number[], accuracy: number) => {
  const after = curve.findIndex((value) => value >= accuracy);
  if (after <= 0) return after < 0 ? undefined : batch;
  return batch * (after + (accuracy - curve[after - 1]) / (curve[after] - curve[after - 1]));
};

for (const spec of positionals.length > 0 ? positionals : ['cifar10']) {
  const { height, preprocessing } = imageShape;
  const opened = await openDataset(spec, spec === 'cifar10' ? {} : { imageSize: height, preprocessing });
  const [whole, test] = [firstImages(opened.train, most), firstImages(opened.test, 1000)];
  const train = await featuresOf(whole);
  const evaluated = await featuresOf(test);
  const classes = whole.classNames.length;
  const right = (probabilities: Float32Array) => {
    const found = [...evaluated.labels].filter((label, image) => {
      const row = probabilities.subarray(image * classes, (image + 1) * classes);
      return row.indexOf(Math.max(...row)) === label;
    });
    return found.length / test.size;
  };
  const steps = Math.floor(Math.min(budget, 0.8 * whole.size) / batch);
  const curves = new Map<string, number[]>();
  for (const name of values.choices.split(',')) {
    const means = new Array<number>(steps).fill(0);
    for (let seed = 1; seed <= seeds; seed++) {
      const pool = [...random(seed, 'pool').permutation(whole.size)].slice(0, Math.floor(0.8 * whole.size));
      const features = rowsOf(train.rows, size, pool);
      const labels = pool.map((image) => train.labels[image]);
      const choice = await ImageChoice.of(runtime, features, size);
      const labelled: number[] = [];
      let probabilities: Float32Array | undefined;
      for (let step = 0; step < steps; step++) {
        const state = { choice, features, labelled, seed, ...(probabilities && { probabilities }) };
        labelled.push(...CHOICES[name](state, classes).slice(0, batch));
        const own = labelled.map((image) => labels[image]);
        const head = await fitProposals(
          runtime,
          { features: rowsOf(features, size, labelled), labels: own },
          { size, classes },
        );
        means[step] += (head ? right(head.probabilities(evaluated.rows)) : 1 / classes) / seeds;
        probabilities = new Set(own).size === classes ? head?.probabilities(features) : undefined;
      }
    }
    curves.set(name, means);
    const line = means.map((value) => (100 * value).toFixed(1)).join(' ');
    process.stdout.write(`${spec} ${name.padEnd(8)} ${line}\n`);
  }
  const [base, ours] = ['random', 'harrier'].map((name) => bestSoFar(curves.get(name) ?? []));
  if (base.length === 0 || ours.length === 0) continue;
  for (const fraction of [0.25, 0.5, 0.75, 1]) {
    const labels = batch * Math.round(fraction * steps);
    const wanted = base[labels / batch - 1];
    const needed = labelsFor(ours, wanted);
    const saved =
      needed === undefined
        ? `not reached with ${batch * steps} chosen ones`
        : `${Math.round(needed)} chosen ones, ${(100 * (1 - needed / labels)).toFixed(0)}% fewer`;
    process.stdout.write(`${spec}: ${(100 * wanted).toFixed(1)}% with ${labels} random labels; ${saved}\n`);
  }
}
await backbone.dispose();
