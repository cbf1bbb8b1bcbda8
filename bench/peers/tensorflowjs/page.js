/**
 * Measures TensorFlow.js inside a browser page, for `harrier bench --web`: training steps and inference of the seed's
 * network and of the network of the recipe `record`, on one of its backends. Of `record` the optimizer differs, SGD with
 * momentum, for TensorFlow.js has no Muon; and batch normalization has a scale, without which its training fails there.
 */
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';

const CLASSES = 10;
/** A measurement takes this long, or as many runs. */
const SECONDS = 5;
const RUNS = 30;

export async function start({ backend, threads }) {
  if (backend === 'wasm') {
    setWasmPaths('/');
    setThreadsCount(threads);
  }
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} did not start`);
  await tf.ready();
  return `${tf.version.tfjs} ${tf.getBackend()}`;
}

export async function measureHere({ kind, of, images }) {
  const network = of === 'keras-cnn' ? seedNetwork() : recordNetwork();
  const pixels = tf.randomUniform([images, 32, 32, 3]);
  if (kind === 'inference') {
    return median(async () => {
      const probabilities = network.predictOnBatch(pixels);
      await probabilities.data();
      probabilities.dispose();
    });
  }
  network.compile({
    optimizer: of === 'keras-cnn' ? tf.train.sgd(1e-9) : tf.train.momentum(1e-9, 0.85, true),
    loss: 'categoricalCrossentropy',
  });
  const labels = tf.oneHot(tf.randomUniform([images], 0, CLASSES, 'int32'), CLASSES);
  return median(() => network.trainOnBatch(pixels, labels));
}

function seedNetwork() {
  const { layers } = tf;
  return tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [32, 32, 3], filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 512, activation: 'relu' }),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: CLASSES, activation: 'softmax' }),
    ],
  });
}

function recordNetwork() {
  const { layers } = tf;
  const convolution = (filters) => layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false });
  const normalized = () => [
    layers.batchNormalization({ momentum: 0.6, epsilon: 1e-12 }),
    layers.activation({ activation: 'gelu' }),
  ];
  const block = (filters) => [
    convolution(filters),
    layers.maxPooling2d({ poolSize: 2 }),
    ...normalized(),
    convolution(filters),
    ...normalized(),
  ];
  return tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [32, 32, 3], filters: 24, kernelSize: 2, padding: 'valid' }),
      layers.activation({ activation: 'gelu' }),
      ...block(64),
      ...block(256),
      ...block(256),
      layers.globalMaxPooling2d({}),
      layers.dense({ units: CLASSES, useBias: false, activation: 'softmax' }),
    ],
  });
}

async function median(work) {
  await work();
  const times = [];
  const end = performance.now() + SECONDS * 1000;
  while (times.length === 0 || (times.length < RUNS && performance.now() < end)) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1];
}
