import {
  Activation,
  Add,
  BatchNormalization,
  Conv2D,
  Dense,
  firstImages,
  GlobalAveragePooling2D,
  Input,
  Model,
  type SymbolicTensor,
} from 'harrier';
import { cifar10, nodeRuntime } from 'harrier/node';

const convolution = (filters: number, kernelSize: number, strides = 1) =>
  new Conv2D({
    filters,
    kernelSize,
    strides,
    padding: 'same',
    useBias: false,
    kernelInitializer: 'heNormal',
  });
const normalization = () => new BatchNormalization({ momentum: 0.9 });
const relu = () => new Activation('relu');

/** Two convolutions, and a way around them (He et al., 2016). */
function block(x: SymbolicTensor, filters: number, strides = 1): SymbolicTensor {
  const y = x.through(
    convolution(filters, 3, strides),
    normalization(),
    relu(),
    convolution(filters, 3),
    normalization(),
  );
  const fits = strides === 1 && x.shape[2] === filters;
  const around = fits ? x : x.through(convolution(filters, 1, strides), normalization());
  return new Add().apply([y, around]).through(relu());
}

const image = new Input({ shape: [32, 32, 3] });
let x = image.through(convolution(16, 3), normalization(), relu());
for (const [filters, strides] of [
  [16, 1],
  [32, 2],
  [64, 2],
] as const) {
  x = block(x, filters, strides);
}
const scores = x.through(new GlobalAveragePooling2D(), new Dense({ units: 10 }));

const { train, test } = await cifar10();
const model = new Model({ name: 'resnet', inputs: image, outputs: scores });
console.log(model.summary());
model.compile({ optimizer: { name: 'Adam', learningRate: 0.003 }, runtime: nodeRuntime() });
const history = await model.fit(firstImages(train, 2000), { epochs: 4, batchSize: 32 });
console.log(history.map(({ loss }) => loss)); // falls from epoch to epoch
console.log((await model.evaluate(firstImages(test, 1000))).accuracy); // above 0.3, where guessing gives 0.1
