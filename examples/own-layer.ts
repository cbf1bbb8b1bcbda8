// docs/adding-a-layer.md shows this layer. Run: node --import tsx examples/own-layer.ts
import { Conv2D, Dense, GlobalAveragePooling2D, type Model, mcnemar, Sequential } from 'harrier';
import { add, mul, sub } from 'harrier/graph';
import {
  type Activations,
  imageShape,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  registerLayers,
} from 'harrier/layer';
import { nodeRuntime } from 'harrier/node';

/** A ReLU whose slope below zero is learned, one for each element of the input (He et al., 2015). */
class PReLU extends Layer {
  readonly type = 'PReLU';

  constructor(options: LayerOptions = {}) {
    super(knownOptions('PReLU', options, []));
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const [height, width, channels] = imageShape('PReLU', input);
    const shape = [height, width, channels];
    const alpha = parameter({
      name: 'alpha',
      shape,
      layout: { dims: shape, perm: [2, 0, 1] },
      graphShape: [channels, height, width],
      initializer: 'zeros',
    });
    const positive = graph.op('Relu', [input.value]);
    const negative = sub(graph, input.value, positive);
    return { ...input, value: add(graph, positive, mul(graph, alpha, negative)) };
  }
}
registerLayers({ PReLU });

// 240 images, 8 × 8: bars that stand, bars that lie, and nothing but noise.
const y = Array.from({ length: 240 }, (_, i) => i % 3);
const x = Uint8Array.from({ length: 240 * 192 }, (_, i) => {
  const [column, row] = [Math.floor(i / 3) % 8, Math.floor(i / 24) % 8];
  const bar = [column, row, 0][Math.floor(i / 192) % 3] === 4;
  return (bar ? 150 : 20) + ((i * 7919) % 90);
});
const [seen, unseen] = [x.subarray(0, 120 * 192), x.subarray(120 * 192)];

const runtime = nodeRuntime();
async function trained(layer: PReLU | undefined): Promise<Model> {
  const model = new Sequential({
    inputShape: [8, 8, 3],
    layers: [
      new Conv2D({ filters: 8, kernelSize: 3, padding: 'same' }),
      ...(layer ? [layer] : []),
      new GlobalAveragePooling2D(),
      new Dense({ units: 3 }),
    ],
  });
  model.compile({ optimizer: { name: 'Adam', learningRate: 0.02 }, runtime });
  await model.fit(seen, y.slice(0, 120), { epochs: 20, batchSize: 20 });
  return model;
}

const [own, linear] = [await trained(new PReLU()), await trained(undefined)];
const { accuracy, interval95 } = await own.evaluate(unseen, y.slice(120));
console.log(own.summary());
console.log(accuracy, interval95);

/** Whether a model is right about each image. */
async function rightOf(model: Model): Promise<boolean[]> {
  const probabilities = await model.predict(unseen);
  return y.slice(120).map((label, i) => {
    const row = probabilities.subarray(3 * i, 3 * i + 3);
    return row.indexOf(Math.max(...row)) === label;
  });
}
// How likely a difference as large is if both models were equally good.
console.log(mcnemar(await rightOf(own), await rightOf(linear)).p);

export { own };
