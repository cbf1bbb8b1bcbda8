/**
 * Measures TensorFlow.js in Node: the seed's training step on its CPU backend, and inference on its CPU and
 * WebAssembly backends, whichever is faster. Prints one JSON object; all else goes to stderr. Convolutions alone are
 * left out: forward and backward, one of the shapes that the other peers are measured on takes minutes here.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

// What TensorFlow.js prints (it greets, and advises a package that no longer installs) is no part of the result.
console.log = console.info = console.warn = console.error;

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');

const SEED_PARAMETERS = 4_200_842;
const TRAINING_BATCH = 32;
const INFERENCE_BATCHES = [1, 64];

function seedNetwork() {
  const network = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [32, 32, 3],
        filters: 32,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 512, activation: 'relu' }),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
  const count = network.countParams();
  if (count !== SEED_PARAMETERS) throw new Error(`expected ${SEED_PARAMETERS} parameters, built ${count}`);
  return network;
}

/** `trainOnBatch` on one batch of random data: forward pass, backward pass and update. */
function trainingStep(optimizer) {
  const network = seedNetwork();
  network.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const images = tf.randomUniform([TRAINING_BATCH, 32, 32, 3]);
  const labels = tf.oneHot(tf.randomUniform([TRAINING_BATCH], 0, 10, 'int32'), 10);
  return () => network.trainOnBatch(images, labels);
}

/** The model's own forward pass, the answer read back. */
function predictionStep(batch) {
  const network = seedNetwork();
  const images = tf.randomUniform([batch, 32, 32, 3]);
  return async () => {
    const probabilities = network.predictOnBatch(images);
    await probabilities.data();
    probabilities.dispose();
  };
}

/** Times `steps` runs in milliseconds, after `warmUp` untimed ones. */
async function timeMs(step, steps, warmUp) {
  for (let run = 0; run < warmUp; run++) await step();
  const times = [];
  for (let run = 0; run < steps; run++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const middle = times.length >> 1;
  const median = times.length % 2 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
  return { min: round(times[0]), median: round(median), max: round(times.at(-1)) };
}

const round = (value) => Math.round(value * 1000) / 1000;

/** Runs `measure`; what fails is left out of the result, and its error goes to `notes` word for word. */
async function attempt(what, notes, measure) {
  console.error(`${what} …`);
  try {
    await measure();
  } catch (error) {
    notes[what] = error instanceof Error ? error.message : String(error);
    console.error(`${what}: ${notes[what]}`);
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      threads: { type: 'string' },
      steps: { type: 'string', default: '2' },
    },
  });
  const steps = Number(values.steps);
  if (!Number.isInteger(steps) || steps < 1) {
    console.error(`--steps: expected a whole number from 1, received ${values.steps}`);
    process.exitCode = 2;
    return;
  }

  const notes = {};
  const seedStepMsAll = {};
  const variants = { cpu: { imagesPerSecond: {} }, wasm: { imagesPerSecond: {} } };
  const optimizers = { sgd: () => tf.train.sgd(0.01), adam: () => tf.train.adam(0.001) };

  const inference = async (backend) => {
    for (const batch of INFERENCE_BATCHES) {
      await attempt(`${backend}: inference, batch ${batch}`, notes, async () => {
        const runs = backend === 'cpu' ? steps : Math.max(steps, 30);
        const times = await timeMs(predictionStep(batch), runs, backend === 'cpu' ? 1 : 10);
        variants[backend].imagesPerSecond[`batch${batch}`] = round((batch / times.median) * 1000);
      });
    }
  };

  await tf.setBackend('cpu');
  for (const [name, optimizer] of Object.entries(optimizers)) {
    await attempt(`cpu: seed step, ${name}`, notes, async () => {
      seedStepMsAll[name] = await timeMs(trainingStep(optimizer()), steps, 1);
    });
  }
  await inference('cpu');

  await attempt('wasm: start', notes, async () => {
    wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    if (!(await tf.setBackend('wasm'))) throw new Error('the backend did not start');
    await inference('wasm');
    await attempt('wasm: seed step', notes, () => timeMs(trainingStep(optimizers.sgd()), 1, 0));
  });

  const best = {};
  for (const { imagesPerSecond } of Object.values(variants)) {
    for (const [name, rate] of Object.entries(imagesPerSecond)) best[name] = Math.max(best[name] ?? 0, rate);
  }
  const seedStepMs = Object.fromEntries(Object.entries(seedStepMsAll).map(([name, { median }]) => [name, median]));
  const figures = { seedStepMs, imagesPerSecond: best };
  const result = {
    name: 'tensorflowjs',
    version: tf.version.tfjs,
    threads: 1, // both backends compute on one thread in Node, whatever --threads asks for
    steps,
    ...figures,
    seedStepMsAll,
    fastest: figures,
    variants,
    unsupported: notes,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

await main();
