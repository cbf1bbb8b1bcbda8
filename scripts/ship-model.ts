// Makes a run's model the one that the package carries: `node --import tsx scripts/ship-model.ts RUN [NAME]` writes
// models/NAME.onnx, with its weights in as few bits as keep its accuracy, and its card models/NAME.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstImages } from '../src/data/subset.ts';
import {
  beforeAndAfter,
  type Evaluation,
  evaluatePredictions,
  renderModelCard,
} from '../src/evaluation/index.ts';
import { formatPercent } from '../src/format/format.ts';
import { exportOptionsOf, type WeightStorage, withStoredWeights } from '../src/models/index.ts';
import { decodeModel, encodeModel } from '../src/onnx/index.ts';
import { findRun } from '../src/platform/node/runs/find-run.ts';
import { prepareRun } from '../src/platform/node/runs/prepare-run.ts';
import { SHIPPED_MODELS } from '../src/platform/node/runs/shipped-model.ts';
import { factsOf, inputOf } from '../src/runs/describe-run.ts';
import { predictionsOf } from '../src/runs/predictions-of.ts';

/** The package grows by no more. */
const LARGEST_BYTES = 5e6;
/** Accuracy that may be lost, as a fraction. */
const LARGEST_LOSS = 0.0005;

const [name, as = 'cifar10'] = process.argv.slice(2);
if (!name) throw new Error('usage: node --import tsx scripts/ship-model.ts RUN [NAME]');
const folder = await findRun(name);
const record = await folder.record();
const bytes = await folder.read('model');
if (!bytes) throw new Error(`${name} has no model.onnx: it is not finished`);
const model = decodeModel(bytes, name);
const run = await prepareRun(record.options, {}, record);
const evaluated = async (candidate: Uint8Array, data: typeof run.test): Promise<Evaluation> => {
  const predictions = await predictionsOf(run.runtime, candidate, data, 'evaluating');
  const { testTimeAugmentation, temperature } = exportOptionsOf(model);
  return {
    ...evaluatePredictions(predictions),
    testTimeAugmentation,
    ...(temperature !== 1 && {
      temperatureScaling: { temperature, judged: beforeAndAfter(predictions, temperature) },
    }),
  };
};

// The test images choose nothing: how to store the weights is chosen by others.
const choosing = run.validation ?? firstImages(run.train, 10_000);
const reference = (await evaluated(bytes, choosing)).accuracy;
const chosen = await smallest();
const before = (await evaluated(bytes, run.test)).accuracy;
const after = await evaluated(chosen.bytes, run.test);
const metadata = { ...chosen.model.metadata, 'harrier.testAccuracy': `${after.accuracy}` };

mkdirSync(SHIPPED_MODELS, { recursive: true });
writeFileSync(join(SHIPPED_MODELS, `${as}.onnx`), encodeModel({ ...chosen.model, metadata }));
writeFileSync(
  join(SHIPPED_MODELS, `${as}.md`),
  renderModelCard({
    title: `${as}: the model in the package`,
    facts: factsOf(record, run.network, run.optimizer),
    evaluation: after,
    imageShape: inputOf(record),
    file: { name: `${as}.onnx`, command: 'predict' },
    note:
      `Its weights are stored in ${chosen.storage} (${(chosen.bytes.length / 1e6).toFixed(1)} MB instead of ` +
      `${(bytes.length / 1e6).toFixed(1)}), the smallest form that keeps its accuracy on ${choosing.name}. Its accuracy on the test images was ` +
      `${formatPercent(before)} after training and is ${formatPercent(after.accuracy)} as stored here.`,
  }),
);
process.stdout.write(
  `models/${as}.onnx: ${chosen.storage}, ${chosen.bytes.length} bytes; test accuracy ${formatPercent(before)} before, ` +
    `${formatPercent(after.accuracy)} after\n`,
);

/** The form with the fewest bytes that loses no more accuracy than it may. */
async function smallest() {
  const refused: string[] = [];
  for (const storage of ['int8', 'float16'] satisfies WeightStorage[]) {
    const small = withStoredWeights(model, storage);
    const encoded = encodeModel(small);
    const { accuracy } = await evaluated(encoded, choosing);
    if (reference - accuracy <= LARGEST_LOSS && encoded.length <= LARGEST_BYTES) {
      return { storage, model: small, bytes: encoded };
    }
    refused.push(
      `${storage}: ${encoded.length} bytes, ${formatPercent(accuracy)} instead of ${formatPercent(reference)}`,
    );
  }
  throw new Error(`no form of this model is small and good enough: ${refused.join('; ')}`);
}
