/** Networks that are no stack. */
import { describe, expect, it } from 'vitest';
import { drawWeights, expectClose } from '../../test/layers/check-layer.ts';
import {
  activation,
  addition,
  batchNormalization,
  concatenate,
  conv2d,
  dense,
  flatten,
  type KerasTensor,
  multiplication,
  pooling2d,
  tensorOf,
} from '../../test/layers/keras.ts';
import { batchOf, images } from '../../test/training/problem.ts';
import { HarrierError } from '../errors.ts';
import {
  Activation,
  Add,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  Input,
  type Layer,
  MaxPooling2D,
  Multiply,
  Reshape,
  type SymbolicTensor,
} from '../layers/index.ts';
import { Adam, SGD } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { decodeCheckpoint, encodeCheckpoint, Model, Trainer } from '../training/index.ts';
import { Classifier, exportModel, Network, type NetworkConfig, summarize } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });
const SHAPE = [5, 4, 3] as const;
const image = () => new Input({ shape: SHAPE });
const scores = (x: SymbolicTensor) => x.through(new Flatten(), new Dense({ units: 3 }));

function errorOf(work: () => unknown): HarrierError {
  try {
    work();
  } catch (error) {
    if (error instanceof HarrierError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

/** Networks with what they must compute, by hand. `of` gives a weight by its name. */
const NETWORKS: Readonly<
  Record<
    string,
    {
      build: (x: Input) => SymbolicTensor;
      by: (x: KerasTensor, of: (name: string) => KerasTensor) => KerasTensor;
    }
  >
> = {
  'a residual block': {
    build: (x) => {
      const y = x.through(
        new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }),
        new Conv2D({ filters: 3, kernelSize: 3, padding: 'same' }),
      );
      return scores(new Add().apply([x, y]).through(new Activation('relu')));
    },
    by: (x, of) => {
      const first = conv2d(x, of('conv2d/kernel'), of('conv2d/bias'), { padding: 'same' });
      const y = conv2d(activation('relu', first), of('conv2d_1/kernel'), of('conv2d_1/bias'), {
        padding: 'same',
      });
      return dense(flatten(activation('relu', addition(x, y))), of('dense/kernel'), of('dense/bias'));
    },
  },
  'ReLU that a pool and another layer take': {
    build: (x) => {
      const y = x.through(new Conv2D({ filters: 3, kernelSize: 1, activation: 'relu', name: 'c' }));
      const rows = [y.through(new MaxPooling2D(), new Flatten()), y.through(new Flatten())] as const;
      return new Dense({ units: 3 }).apply(new Concatenate().apply(rows));
    },
    by: (x, of) => {
      const y = activation('relu', conv2d(x, of('c/kernel'), of('c/bias')));
      const rows = concatenate([flatten(pooling2d(y, 'max', [2, 2])), flatten(y)], 1);
      return dense(rows, of('dense/kernel'), of('dense/bias'));
    },
  },
  'rows of different order, added': {
    build: (x) => {
      const flat = x.through(new Flatten());
      const drawn = flat.through(new Dense({ units: 60 }));
      const turned = x.through(new Reshape({ targetShape: [4, 3, 5] }), new Flatten());
      return new Dense({ units: 3 }).apply(new Add().apply([flat, drawn, turned]));
    },
    by: (x, of) => {
      const flat = flatten(x);
      const sum = [flat, dense(flat, of('dense/kernel'), of('dense/bias')), flat].reduce(addition);
      return dense(sum, of('dense_1/kernel'), of('dense_1/bias'));
    },
  },
  'flattened rows of one order, multiplied': {
    build: (x) =>
      new Dense({ units: 3 }).apply(
        new Multiply().apply([x.through(new Flatten()), x.through(new Activation('tanh'), new Flatten())]),
      ),
    by: (x, of) =>
      dense(multiplication(flatten(x), flatten(activation('tanh', x))), of('dense/kernel'), of('dense/bias')),
  },
  'a convolution used twice': {
    build: (x) => {
      const shared = new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', name: 'shared' });
      return scores(shared.apply(new Activation('tanh').apply(shared.apply(x))));
    },
    by: (x, of) => {
      const conv = (y: KerasTensor) => conv2d(y, of('shared/kernel'), of('shared/bias'), { padding: 'same' });
      return dense(flatten(conv(activation('tanh', conv(x)))), of('dense/kernel'), of('dense/bias'));
    },
  },
  'a Dense used on rows of different order': {
    build: (x) => {
      const shared = new Dense({ units: 60, name: 'shared' });
      const once = shared.apply(x.through(new Flatten()));
      const turned = x.through(new Reshape({ targetShape: [2, 6, 5] }), new Flatten());
      return new Dense({ units: 3 }).apply(
        new Concatenate().apply([shared.apply(once), shared.apply(turned)]),
      );
    },
    by: (x, of) => {
      const shared = (y: KerasTensor) => dense(y, of('shared/kernel'), of('shared/bias'));
      const rows = concatenate([shared(shared(flatten(x))), shared(flatten(x))], 1);
      return dense(rows, of('dense/kernel'), of('dense/bias'));
    },
  },
  'batch normalization used twice': {
    build: (x) => {
      const norm = new BatchNormalization({ name: 'norm', momentum: 0.5 });
      return scores(new Add().apply([norm.apply(x), norm.apply(new Activation('tanh').apply(x))]));
    },
    by: (x, of) => {
      const norm = (y: KerasTensor) =>
        batchNormalization(
          y,
          {
            mean: of('norm/moving_mean'),
            variance: of('norm/moving_variance'),
            gamma: of('norm/gamma'),
            beta: of('norm/beta'),
          },
          1e-3,
        );
      const sum = addition(norm(x), norm(activation('tanh', x)));
      return dense(flatten(sum), of('dense/kernel'), of('dense/bias'));
    },
  },
};

describe.each(Object.entries(NETWORKS))('%s', (_, { build, by }) => {
  const x = image();
  const network = new Network({ inputs: x, outputs: build(x) });
  const weights = drawWeights(network.parameters);

  it('computes what it says, before and after its configuration and checkpoint went there and back', async () => {
    const pixels = Uint8Array.from({ length: 2 * 60 }, (_, i) => (i * 37) % 256);
    const images = tensorOf(
      [2, ...SHAPE],
      Float64Array.from(pixels, (value) => value / 255),
    );
    const of = (name: string): KerasTensor =>
      tensorOf(network.parameters.find((spec) => spec.name === name)!.shape, weights.get(name)!);
    const expected = activation('softmax', by(images, of)).data;

    const config: NetworkConfig = JSON.parse(JSON.stringify(network.config()));
    expect(Network.from(config).config()).toEqual(network.config());
    expect(Network.from(config).rows).toEqual(network.rows);
    const position = { step: 0, epoch: 0, stepInEpoch: 0, lossSum: 0, correct: 0, seen: 0, seconds: 0 };
    const bytes = encodeCheckpoint({
      network: network.config(),
      weights,
      slots: new Map(),
      position: { ...position, history: [] },
    });
    const loaded = decodeCheckpoint(bytes, 'checkpoint');
    for (const [net, values] of [
      [network, weights],
      [Network.from(loaded.network), loaded.weights],
    ] as const) {
      const classifier = await Classifier.load(runtime, exportModel(net, values));
      try {
        expectClose(await classifier.predict(pixels), expected, 2e-5);
      } finally {
        await classifier.dispose();
      }
    }
  });

  it.each([
    ['in memory', runtime],
    ['in the graph', { ...runtime, kernels: undefined }],
  ])('trains, with the optimizer %s', async (_, runtime) => {
    const { pixels, targets } = batchOf(images(12, 5, 4), [...Array(12).keys()]);
    const optimizer = new Adam({ learningRate: 0.02 });
    const trainer = new Trainer({ network, optimizer, runtime, seed: 1, weights });
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) losses.push((await trainer.step(pixels, targets, step, 0.02)).loss);
    await trainer.dispose();
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);
  });
});

describe('a layer used twice', () => {
  it('has one set of weights, and counts its work twice', () => {
    const x = image();
    const shared = new Conv2D({ filters: 3, kernelSize: 1 });
    const network = new Network({ inputs: x, outputs: scores(shared.apply(shared.apply(x))) });
    expect(network.parameters.map(({ name }) => name)).toEqual([
      'conv2d/kernel',
      'conv2d/bias',
      'dense/kernel',
      'dense/bias',
    ]);
    expect(network.rows[0]).toEqual({
      name: 'conv2d',
      type: 'Conv2D',
      outputShape: [5, 4, 3],
      parameters: 12,
      multiplyAdds: 2 * 5 * 4 * 9,
      connectedTo: ['image', 'conv2d'],
    });
    expect(network.config().calls).toEqual([
      { layer: 'conv2d', inputs: ['image'] },
      { layer: 'conv2d', inputs: ['conv2d'] },
      { layer: 'flatten', inputs: ['conv2d/2'] },
      { layer: 'dense', inputs: ['flatten'] },
    ]);
  });

  it('moves running statistics once for each call, as Keras does', async () => {
    const x = image();
    const norm = new BatchNormalization({ momentum: 0.75, name: 'norm' });
    const network = new Network({
      inputs: x,
      outputs: scores(new Add().apply([norm.apply(x), norm.apply(x)])),
    });
    const weights = drawWeights(network.parameters);
    const { pixels, targets } = batchOf(images(4, 5, 4), [0, 1, 2, 3]);
    const trainer = new Trainer({ network, optimizer: new SGD(), runtime, seed: 1, weights });
    await trainer.step(pixels, targets, 0, 0);
    const after = (await trainer.read()).weights.get('norm/moving_mean')!;
    await trainer.dispose();
    for (let c = 0; c < 3; c++) {
      const channel = Array.from(pixels, (pixel) => pixel / 255).filter((_, i) => i % 3 === c);
      const mean = channel.reduce((sum, value) => sum + value, 0) / channel.length;
      const once = 0.75 * weights.get('norm/moving_mean')![c] + 0.25 * mean;
      expect(after[c]).toBeCloseTo(0.75 * once + 0.25 * mean, 5);
    }
  });

  it('draws a mask for each call', async () => {
    const x = image();
    const drop = new Dropout({ rate: 0.5 });
    const network = new Network({
      inputs: x,
      outputs: scores(new Add().apply([drop.apply(x), drop.apply(x)])),
    });
    const weights = drawWeights(network.parameters);
    const { pixels, targets } = batchOf(images(4, 5, 4), [0, 1, 2, 3]);
    const trainer = new Trainer({ network, optimizer: new SGD(), runtime, seed: 1, weights });
    expect((await trainer.step(pixels, targets, 0, 0.01)).loss).toBeGreaterThan(0);
    await trainer.dispose();
  });

  it('is refused where its weights do not fit both inputs', () => {
    const x = image();
    const shared = new Dense({ units: 7, name: 'both' });
    const outputs = shared.apply(shared.apply(x.through(new Flatten())));
    const error = errorOf(() => new Network({ name: 'net', inputs: x, outputs }));
    expect(error.code).toBe('bad-shape');
    expect(error.message).toBe(
      'net, layer "both" (Dense) on (7,): its calls share their weights, and these do not fit all of them: ' +
        'expected both/kernel of (60, 7), received (7, 7). Give each call a layer of its own.',
    );
  });
});

describe('the functional form', () => {
  it('knows shapes at once', () => {
    const x = image();
    expect(x.shape).toEqual([5, 4, 3]);
    expect(x.through(new Conv2D({ filters: 8, kernelSize: 2 })).shape).toEqual([4, 3, 8]);
  });

  it('makes a stack where there is one, with a plain configuration', () => {
    const x = image();
    const functional = new Network({ name: 'net', inputs: [x], outputs: [scores(x)] });
    const layers: Layer[] = [new Flatten(), new Dense({ units: 3 })];
    const stack = new Network({ name: 'net', inputShape: SHAPE, layers });
    expect(functional.config()).toEqual(stack.config());
    expect(functional.config()).not.toHaveProperty('calls');
    expect(summarize(functional)).toBe(summarize(stack));
  });

  it('refuses a layer that joins where one follows another', () => {
    // @ts-expect-error: the compiler refuses it, too
    expect(() => image().through(new Add())).toThrow(
      'Add: this cannot be applied: expected a list of inputs',
    );
  });

  it('leaves out what the output does not depend on', () => {
    const x = image();
    new Dense({ units: 9 }).apply(x.through(new Flatten()));
    const network = new Network({ inputs: x, outputs: scores(x) });
    expect(network.layers.map(({ name }) => name)).toEqual(['flatten', 'dense']);
  });

  it('trains as a Model', async () => {
    const x = image();
    const y = x.through(new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }));
    const model = new Model({ inputs: x, outputs: scores(new Add().apply([x, y])) });
    model.compile({ optimizer: new Adam({ learningRate: 0.02 }), runtime });
    await model.fit(images(48, 5, 4), { epochs: 8, batchSize: 8 });
    expect((await model.evaluate(images(30, 5, 4, 2))).accuracy).toBeGreaterThan(0.8);
    const again = new Model(Network.from(model.network.config()));
    again.compile({ optimizer: 'sgd', runtime });
    again.weights = model.weights;
    const [test] = [images(6, 5, 4, 3)];
    expect(await again.predict(test)).toEqual(await model.predict(test));
  });
});

it('a network that there is can be fine-tuned, most of it frozen', async () => {
  const x = image();
  const y = x.through(new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }));
  const whole = new Network({ inputs: x, outputs: scores(new Add().apply([x, y])) });
  const weights = drawWeights(whole.parameters);
  const network = whole.config();
  const layers = network.layers.map((layer, i) =>
    i === network.layers.length - 1 ? layer : { ...layer, options: { ...layer.options, trainable: false } },
  );
  const model = new Model(Network.from({ ...network, layers }));
  model.compile({ optimizer: 'sgd', runtime });
  model.weights = weights;
  await model.fit(images(12, 5, 4), { epochs: 1, batchSize: 4 });
  expect(model.weights.get('conv2d/kernel')).toEqual(weights.get('conv2d/kernel'));
  expect(model.weights.get('dense/kernel')).not.toEqual(weights.get('dense/kernel'));
});

describe('what cannot be is refused', () => {
  it.each<[string, (x: Input) => unknown, string[]]>([
    [
      'shapes that differ',
      (x) => new Add({ name: 'sum' }).apply([x, x.through(new Conv2D({ filters: 8, kernelSize: 3 }))]),
      [
        'layer "sum" (Add) on (5, 4, 3), (3, 2, 8): shapes differ',
        'expected equal shapes',
        'received (5, 4, 3) and (3, 2, 8)',
      ],
    ],
    [
      'a row and an image',
      (x) => new Multiply().apply([x, x.through(new Flatten())]),
      ['Multiply on (5, 4, 3), (60,)', 'received (5, 4, 3) and (60,)'],
    ],
    [
      'images of other sizes, one behind another',
      (x) => new Concatenate().apply([x, x.through(new MaxPooling2D())]),
      ['Concatenate on (5, 4, 3), (2, 2, 3): these cannot be joined along axis -1', 'along that axis alone'],
    ],
    [
      'an axis that a row does not have',
      (x) => new Concatenate({ axis: 2 }).apply([x.through(new Flatten()), x.through(new Flatten())]),
      ['cannot be joined along axis 2'],
    ],
    ['one input to join', (x) => new Add().apply([x]), ['expected at least two inputs, received 1']],
    ['no input to join', () => new Add().apply([]), ['Add: this cannot be applied', 'at least one input']],
    [
      'a tensor in place of a list',
      // @ts-expect-error: likewise
      (x) => new Add().apply(x),
      ['Add: this cannot be applied: expected a list of inputs: [x, y], received one.'],
    ],
    [
      'a list in place of a tensor',
      // @ts-expect-error: likewise
      (x) => new Flatten().apply([x, x]),
      ['Flatten: this cannot be applied: expected one input, received a list.'],
    ],
    [
      'a layer in place of a tensor',
      // @ts-expect-error: likewise
      () => new Flatten().apply(new Flatten()),
      ['expected an Input, or what a layer gave when it was applied'],
    ],
    [
      'a layer on a shape that it does not take',
      (x) => new Dense({ units: 3 }).apply(x),
      ['Dense on (5, 4, 3)'],
    ],
    [
      'two inputs',
      (x) => new Add().apply([x, image()]),
      ['expected inputs that come from one Input, received two Inputs. A network takes one image.'],
    ],
    [
      'an output of another input',
      (x) => new Network({ name: 'net', inputs: x, outputs: scores(image()) }),
      ['net: outputs does not come from inputs', 'received what Dense made of another'],
    ],
    [
      'an input as output',
      (x) => new Network({ inputs: x, outputs: x }),
      ['a network needs at least one layer'],
    ],
    [
      'two outputs',
      (x) => new Network({ name: 'net', inputs: x, outputs: [scores(x), scores(x)] as never }),
      ['net: outputs: expected what one layer gave when it was applied, received 2 of them. A classifier'],
    ],
    [
      'two inputs of a model',
      (x) => new Network({ inputs: [x, image()] as never, outputs: scores(x) }),
      ['inputs: expected one Input, received 2 of them'],
    ],
    [
      'no output',
      (x) => new Network({ inputs: x, outputs: undefined as never }),
      ['outputs: expected what one layer gave when it was applied, received undefined'],
    ],
    [
      'an output that is no row',
      (x) => new Network({ name: 'net', inputs: x, outputs: new Add().apply([x, x]) }),
      ['net, add', 'expected (classes,)'],
    ],
    [
      'a layer that joins, in a stack',
      // @ts-expect-error: the compiler refuses it, too
      () => new Network({ name: 'net', inputShape: SHAPE, layers: [new Add()] }),
      [
        'net: layer "add" (Add) joins several inputs, and in a stack there is one. Write the network with Input',
      ],
    ],
    [
      'a layer twice in a stack',
      () => {
        const twice = new Activation('relu');
        return new Network({ name: 'net', inputShape: SHAPE, layers: [twice, new Flatten(), twice] });
      },
      ['net: layer "activation" (Activation) stands in the stack twice. Make a second layer'],
    ],
    [
      'an image that is no image',
      () => new Input({ shape: [32, 32] as never }),
      ['Input: shape: expected [height, width, 3]', 'received [32,32]'],
    ],
    ['an option that Input has not', () => new Input({ shpe: SHAPE } as never), ['Did you mean "shape"?']],
    [
      'a layer called as the image',
      (x) =>
        new Network({ name: 'net', inputs: x, outputs: scores(new Add({ name: 'image' }).apply([x, x])) }),
      ['net: a layer cannot be called "image"'],
    ],
  ])('%s', (_, work, texts) => {
    const error = errorOf(() => work(image()));
    expect(['bad-option', 'bad-shape']).toContain(error.code);
    for (const text of texts) expect(error.message).toContain(text);
  });

  const x = image();
  const config = new Network({ name: 'net', inputs: x, outputs: scores(new Add().apply([x, x])) }).config();
  const calls = config.calls!;
  it.each<[string, Partial<NetworkConfig>, string]>([
    [
      'a cycle',
      { calls: [{ layer: 'add', inputs: ['image', 'flatten'] }, ...calls.slice(1)] },
      'net: layer "add" takes "flatten", which nothing before it gives (a network has no cycles).',
    ],
    [
      'a layer that there is not',
      { calls: [...calls, { layer: 'dance', inputs: ['image'] }] },
      'net: calls name a layer "dance", and there is none.',
    ],
    [
      'a layer that is not called',
      { calls: calls.slice(0, 2) },
      'net: the output does not depend on "dense".',
    ],
    ['an image that nothing takes', { calls: [] }, 'net: calls must list the calls of layers'],
    [
      'several inputs of a layer that takes one',
      { calls: [calls[0], { layer: 'flatten', inputs: ['add', 'image'] }, calls[2]] },
      'net: layer "flatten" (Flatten) takes one input.',
    ],
    ['no inputs', { calls: [{ layer: 'add' } as never] }, 'net: layer "add" is called without inputs.'],
    [
      'layers of one name',
      { layers: [...config.layers, config.layers[0]] },
      'net: two layers have one name, or one has none.',
    ],
  ])('a configuration with %s', (_, changes, message) => {
    const error = errorOf(() => Network.from({ ...config, ...changes }));
    expect(error.code).toBe('bad-option');
    expect(error.message).toContain(message);
  });
});
