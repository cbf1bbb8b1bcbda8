import { describe, expect, it } from 'vitest';
import { drawWeights, expectClose } from '../../test/layers/check-layer.ts';
import { activation, conv2d, flatten, tensorOf } from '../../test/layers/keras.ts';
import { HarrierError } from '../errors.ts';
import {
  Activation,
  type Activations,
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  Layer,
  type LayerContext,
  MaxPooling2D,
} from '../layers/index.ts';
import { mul } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { Classifier, exportModel, Network, type NetworkOptions, type Normalization } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });
const network = (layers: Layer[], options: Partial<NetworkOptions> = {}) =>
  new Network({ name: 'net', inputShape: [8, 6, 3], layers, ...options });

function errorOf(work: () => unknown): HarrierError {
  try {
    work();
  } catch (error) {
    if (error instanceof HarrierError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

/** Its option is whatever a test wants. */
class Own extends Layer<{ value?: unknown; name?: string }> {
  readonly type = 'Own';
  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const name = this.options.name === 'slash' ? 'a/b' : 'scale';
    return { ...input, value: mul(graph, input.value, parameter({ name, shape: [1], initializer: 'ones' })) };
  }
}

describe('a layer that its file would not give back is refused', () => {
  it.each<[unknown, string, string]>([
    [Number.POSITIVE_INFINITY, 'value', 'received Infinity'],
    [Number.NaN, 'value', 'received NaN'],
    [() => 1, 'value', 'received function'],
    [Float32Array.of(1, 2), 'value', 'received a Float32Array'],
    [{ deep: [1, Number.NaN] }, 'value.deep[1]', 'received NaN'],
    [[undefined], 'value[0]', 'received undefined'],
    [new Date(0), 'value', 'received a Date'],
  ])('option %o', (value, path, received) => {
    const { code, message } = errorOf(() => network([new Own({ value }), new Flatten()]));
    expect(code).toBe('bad-option');
    expect(message).toContain(`net, layer "own" (Own): the option ${path} cannot be saved with the model`);
    expect(message).toContain(received);
  });

  it('and one that it does is not', () => {
    const value = { texts: ['a', null, true], left: undefined, number: -0.5 };
    expect(network([new Own({ value }), new Flatten()]).parameters[0].name).toBe('own/scale');
  });

  it('for a slash in the name of its weights', () => {
    const { code, message } = errorOf(() => network([new Own({ name: 'slash' }), new Flatten()]));
    expect(code).toBe('bad-option');
    expect(message).toContain('layer "slash" (Own)');
    expect(message).toContain('a parameter cannot be called so: expected a name without "/", received "a/b"');
  });
});

describe('a network whose shapes do not fit names the layer and both shapes', () => {
  it.each<[string, () => Layer[], string, string[]]>([
    [
      'Dense on images',
      () => [new Conv2D({ filters: 4, kernelSize: 3 }), new Dense({ units: 10 })],
      'bad-shape',
      ['net, layer "dense" (Dense) on (6, 4, 4)', 'expected (inputs,)', 'received (6, 4, 4)', 'Put Flatten'],
    ],
    [
      'Conv2D after Flatten',
      () => [new Flatten(), new Conv2D({ filters: 4, kernelSize: 3, name: 'late' })],
      'bad-shape',
      ['layer "late" (Conv2D) on (144,)', 'expected (height, width, channels)', 'received (144,)'],
    ],
    [
      'pooling after Dense',
      () => [new Flatten(), new Dense({ units: 7 }), new MaxPooling2D()],
      'bad-shape',
      ['layer "max_pooling2d" (MaxPooling2D) on (7,)', 'received (7,)'],
    ],
    [
      'GlobalAveragePooling2D of a row',
      () => [new Flatten(), new GlobalAveragePooling2D()],
      'bad-shape',
      ['"global_average_pooling2d" (GlobalAveragePooling2D) on (144,)'],
    ],
    [
      'a kernel larger than the image',
      () => [new Conv2D({ filters: 4, kernelSize: 7 }), new Flatten()],
      'bad-shape',
      ['layer "conv2d" (Conv2D) on (8, 6, 3)', 'a window of 7 is larger than the 6 positions'],
    ],
    [
      'a pool larger than the image',
      () => [new MaxPooling2D(), new MaxPooling2D(), new MaxPooling2D(), new Flatten()],
      'bad-shape',
      ['layer "max_pooling2d_2" (MaxPooling2D) on (2, 1, 3)', 'a window of 2 is larger than the 1 positions'],
    ],
    [
      'groups that do not divide the channels',
      () => [new Conv2D({ filters: 4, kernelSize: 3, groups: 2 }), new Flatten()],
      'bad-shape',
      [
        'layer "conv2d" (Conv2D) on (8, 6, 3)',
        '3 channels and 4 filters must both divide by groups',
        'groups 2',
      ],
    ],
    [
      'groups that do not divide the filters',
      () => [new Conv2D({ filters: 4, kernelSize: 3, groups: 3 }), new Flatten()],
      'bad-shape',
      ['3 channels and 4 filters'],
    ],
    [
      'an output that is no row',
      () => [new Conv2D({ filters: 4, kernelSize: 3 })],
      'bad-shape',
      ['net, conv2d', 'expected (classes,)', 'received (6, 4, 4)', 'End with Flatten'],
    ],
    ['no layers', () => [], 'bad-option', ['net: a network needs at least one layer']],
    [
      'two layers of one name',
      () => [new Flatten({ name: 'a' }), new Dense({ units: 2, name: 'a' })],
      'bad-option',
      ['net: two layers are called "a". Give one of them another name.'],
    ],
    [
      'a name with a slash',
      () => [new Flatten({ name: 'a/b' })],
      'bad-option',
      ['a name without "/"', '"a/b"'],
    ],
    ['an empty name', () => [new Flatten({ name: '' })], 'bad-option', ['received ""']],
  ])('%s', (_, layers, code, texts) => {
    const error = errorOf(() => network(layers()));
    expect(error.code).toBe(code);
    for (const text of texts) expect(error.message).toContain(text);
  });

  it.each([[[32, 32]], [[32, 32, 2]], [[0, 32, 3]], [[32.5, 32, 3]], [undefined]])(
    'an input of %j',
    (inputShape) => {
      const error = errorOf(() => network([new Flatten()], { inputShape: inputShape as never }));
      expect(error.code).toBe('bad-option');
      expect(error.message).toContain('expected [height, width, 3]');
    },
  );

  it('a normalization by nothing', () => {
    const normalization: Normalization = { mean: [0, 0, 0], deviation: [1, 0, 1] };
    expect(errorOf(() => network([new Flatten()], { normalization })).message).toContain(
      'deviations above 0',
    );
  });

  it('configurations of another version', () => {
    const config = network([new Flatten()]).config();
    const layers = [{ layer: 'Transformer', options: {} }];
    expect(errorOf(() => Network.from({ ...config, layers })).message).toContain(
      'unknown layer "Transformer"',
    );
  });
});

describe('layers get names', () => {
  const names = (layers: Layer[]) => network(layers).layers.map(({ name }) => name);
  const dense = (name?: string) => new Dense({ units: 2, name });

  it("as in Keras: the class's in snake case, numbered from the second on", () => {
    const layers = [
      new Conv2D({ filters: 2, kernelSize: 1 }),
      new BatchNormalization(),
      new Activation('relu'),
      new MaxPooling2D(),
      new Conv2D({ filters: 2, kernelSize: 1 }),
      new GlobalAveragePooling2D(),
      dense(),
      dense(),
      dense(),
    ];
    expect(names(layers)).toEqual([
      'conv2d',
      'batch_normalization',
      'activation',
      'max_pooling2d',
      'conv2d_1',
      'global_average_pooling2d',
      'dense',
      'dense_1',
      'dense_2',
    ]);
  });

  it('that pass over names given to others', () => {
    expect(names([new Flatten(), dense('dense_1'), dense(), dense(), dense('dense')])).toEqual([
      'flatten',
      'dense_1',
      'dense_2',
      'dense_3',
      'dense',
    ]);
  });
});

describe('the graph', () => {
  it.each([
    ['a row', [new Conv2D({ filters: 2, kernelSize: 3 }), new Flatten()]],
    ['softmax', [new Conv2D({ filters: 2, kernelSize: 3 }), new Flatten(), new Activation('softmax')]],
  ])(
    'gives %s in the order height, width, channels where no Dense comes after Flatten',
    async (_, layers) => {
      const net = network(layers);
      const weights = drawWeights(net.parameters);
      const pixels = Uint8Array.from({ length: 144 }, (_, i) => (i * 37) % 256);
      const image = tensorOf(
        [1, 8, 6, 3],
        Float64Array.from(pixels, (value) => value / 255),
      );
      const kernel = tensorOf([3, 3, 3, 2], weights.get('conv2d/kernel'));
      const rows = flatten(conv2d(image, kernel, tensorOf([2], weights.get('conv2d/bias'))));
      const classifier = await Classifier.load(runtime, exportModel(net, weights));
      try {
        expectClose(await classifier.predict(pixels), activation('softmax', rows).data, 1e-6);
      } finally {
        await classifier.dispose();
      }
    },
  );

  it('keeps the order of weights that stand between Flatten and Dense', async () => {
    const net = network([
      new Flatten(),
      new BatchNormalization({ name: 'norm' }),
      new Dropout({ rate: 0.5 }),
      new Activation('sigmoid'),
      new Dense({ units: 3, activation: 'softmax' }),
    ]);
    const weights = drawWeights(net.parameters);
    const pixels = Uint8Array.from({ length: 144 }, (_, i) => (i * 37) % 256);
    const of = (name: string) => weights.get(name)!;
    const hidden = Float64Array.from(pixels, (pixel, i) => {
      const normal =
        (pixel / 255 - of('norm/moving_mean')[i]) / Math.sqrt(of('norm/moving_variance')[i] + 1e-3);
      return 1 / (1 + Math.exp(-(normal * of('norm/gamma')[i] + of('norm/beta')[i])));
    });
    const scores = [0, 1, 2].map((unit) =>
      hidden.reduce(
        (sum, value, i) => sum + value * of('dense/kernel')[i * 3 + unit],
        of('dense/bias')[unit],
      ),
    );
    const classifier = await Classifier.load(runtime, exportModel(net, weights));
    try {
      expectClose(
        await classifier.predict(pixels),
        activation('softmax', tensorOf([1, 3], scores)).data,
        1e-5,
      );
    } finally {
      await classifier.dispose();
    }
  });

  it('normalizes pixels channel by channel', async () => {
    const normalization: Normalization = { mean: [125.3, 122.9, 113.8], deviation: [63, 62.1, 66.7] };
    const net = network([new GlobalAveragePooling2D()], { inputShape: [1, 1, 3], normalization });
    const classifier = await Classifier.load(runtime, exportModel(net, new Map()));
    const scores = [200, 10, 90].map(
      (pixel, c) => (pixel - normalization.mean[c]) / normalization.deviation[c],
    );
    try {
      const expected = activation('softmax', tensorOf([1, 3], scores));
      expectClose(await classifier.predict(Uint8Array.of(200, 10, 90)), expected.data, 1e-6);
    } finally {
      await classifier.dispose();
    }
  });

  it('takes no weights of another network', () => {
    const net = network([new Flatten(), new Dense({ units: 3 })]);
    const error = errorOf(() => exportModel(net, new Map([['dense/kernel', new Float32Array(5)]])));
    expect(error.code).toBe('bad-checkpoint');
    expect(error.message).toContain('dense/kernel: expected (144, 3), received 5 numbers');
  });
});

describe('a configuration', () => {
  it('makes the same network again', () => {
    const net = network([
      new Conv2D({
        filters: 4,
        kernelSize: [3, 2],
        strides: 2,
        padding: 'same',
        activation: 'gelu',
        useBias: false,
      }),
      new BatchNormalization({ momentum: 0.8 }),
      new Flatten(),
      new Dropout({ rate: 0.2, name: 'noise' }),
      new Dense({ units: 5, kernelInitializer: 'heNormal' }),
    ]);
    const again = Network.from(JSON.parse(JSON.stringify(net.config())));
    expect(again.config()).toEqual(net.config());
    expect(again.parameters).toEqual(net.parameters);
    expect(again.rows).toEqual(net.rows);
    expect(again.layers.map(({ name }) => name)).toEqual([
      'conv2d',
      'batch_normalization',
      'flatten',
      'noise',
      'dense',
    ]);
  });
});
