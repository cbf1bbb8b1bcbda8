// docs/coming-from-keras.md shows these lines beside Keras's. Run: node --import tsx examples/coming-from-keras.ts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchNormalization,
  Conv2D,
  CSVLogger,
  cosineDecay,
  Dense,
  EarlyStopping,
  Flatten,
  Input,
  LearningRateScheduler,
  l2,
  Model,
  ModelCheckpoint,
  memoryDataset,
  ReduceLROnPlateau,
  RMSprop,
  Sequential,
  SGD,
} from 'harrier';
import { loadModel, nodeRuntime } from 'harrier/node';

const folder = await mkdtemp(join(tmpdir(), 'coming-from-keras-'));
const path = (name: string) => join(folder, name);

// 120 grey images, 8 × 8, of three kinds: bars that stand, bars that lie, and nothing but noise.
const y = Array.from({ length: 120 }, (_, i) => i % 3);
const x = Uint8Array.from({ length: 120 * 64 }, (_, i) => {
  const bar = [i % 8, Math.floor(i / 8) % 8, 0][Math.floor(i / 64) % 3] === 4;
  return (bar ? 150 : 20) + ((i * 7919) % 80);
});

const model = new Sequential({
  inputShape: [8, 8, 1],
  layers: [
    new Conv2D({ filters: 8, kernelSize: 3, activation: 'relu', kernelInitializer: 'heNormal' }),
    new BatchNormalization({ momentum: 0.9 }),
    new Flatten(),
    new Dense({ units: 3, activation: 'softmax', kernelRegularizer: l2(1e-4) }),
  ],
});
console.log(model.summary());

const runtime = nodeRuntime();
model.compile({ optimizer: 'adam', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'], runtime });
const history = await model.fit(x, y, {
  epochs: 8,
  batchSize: 20,
  validationSplit: 0.2,
  callbacks: [
    new EarlyStopping({ monitor: 'val_loss', patience: 3, restoreBestWeights: true }),
    new ReduceLROnPlateau({ factor: 0.5, patience: 2 }),
    new ModelCheckpoint({ filepath: path('at-{epoch:02d}.onnx'), saveBestOnly: true }),
    new CSVLogger({ filename: path('history.csv') }),
    { onEpochEnd: ({ epoch, loss }) => console.log(epoch, loss) },
  ],
});
console.log(history.map(({ validationLoss }) => validationLoss));

const { loss, accuracy } = await model.evaluate(x, y);
const probabilities = await model.predict(x);
console.log(loss, accuracy, probabilities.length); // accuracy above 0.9

const kernel = model.weights.get('conv2d/kernel'); // float32, in Keras's layout
model.weights = new Map(model.weights);
console.log(kernel?.length);

await model.save(path('mine.onnx'));
const again = await loadModel(path('mine.onnx'));
console.log((await again.evaluate(x, y)).accuracy); // the same

again.compile({
  optimizer: new SGD({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3, weightDecayFor: 'all' }),
  runtime,
});
await again.fit(x, y, {
  epochs: 2,
  validationData: [x, y],
  keepBest: false,
  callbacks: [new LearningRateScheduler((epoch, rate) => (epoch < 2 ? rate : rate * Math.exp(-0.1)))],
});
again.compile({
  optimizer: new RMSprop({ learningRate: cosineDecay({ initialLearningRate: 0.001 }) }),
  runtime,
});
await again.fit(x, y, { epochs: 1, averageMomentum: 0.99 });

const imageShape = { height: 8, width: 8, channels: 1 };
const data = memoryDataset({ name: 'bars', classNames: ['|', '-', '.'], imageShape, labels: y, pixels: x });
const image = new Input({ shape: [8, 8, 1] });
const features = new Conv2D({ filters: 4, kernelSize: 3, trainable: false }).apply(image);
const functional = new Model({
  inputs: image,
  outputs: features.through(new Flatten(), new Dense({ units: 3 })),
});
functional.compile({ optimizer: 'sgd', runtime, seed: 7 });
await functional.fit(data, { epochs: 1, classWeight: { '|': 2 } });

await rm(folder, { recursive: true });
