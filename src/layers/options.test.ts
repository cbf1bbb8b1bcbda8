/** Options that make no sense: what is said about them, and when. */
import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { type LayerConfig, layerFrom } from './index.ts';

const conv = { filters: 4, kernelSize: 3 };

describe('a layer refuses', () => {
  it.each<[string, LayerConfig, string]>([
    ['an unknown layer', { layer: 'Conv2d', options: {} }, 'unknown layer "Conv2d". Did you mean "Conv2D"?'],
    ['a layer far from any', { layer: 'LSTM', options: {} }, 'There are: Activation, Add, AveragePooling2D,'],
    ['what is no name', { layer: 5 as unknown as string, options: {} }, 'a layer must be given as'],
    ['a name of every object', { layer: 'toString', options: {} }, 'unknown layer "toString"'],
    [
      'an unknown option',
      { layer: 'Conv2D', options: { ...conv, stride: 2 } },
      'unknown option of Conv2D "stride". Did you mean "strides"?',
    ],
    [
      "Keras's Python spelling",
      { layer: 'Conv2D', options: { ...conv, kernel_size: 3 } },
      'Did you mean "kernelSize"?',
    ],
    [
      'an unknown activation',
      { layer: 'Dense', options: { units: 3, activation: 'rellu' } },
      'unknown activation "rellu". Did you mean "relu"?',
    ],
    [
      'an activation of every object',
      { layer: 'Activation', options: { activation: 'valueOf' } },
      'unknown activation',
    ],
    ['no activation at all', { layer: 'Activation', options: {} }, 'unknown activation "undefined"'],
    [
      'an unknown initializer',
      { layer: 'Dense', options: { units: 3, kernelInitializer: 'heNormall' } },
      'unknown initializer "heNormall". Did you mean "heNormal"?',
    ],
    [
      'a regularizer by its name',
      { layer: 'Dense', options: { units: 3, kernelRegularizer: 'l2' } },
      'Dense: kernelRegularizer: expected a regularizer such as l2(1e-4), received "l2"',
    ],
    [
      'a penalty below 0',
      { layer: 'Conv2D', options: { ...conv, biasRegularizer: { l1: -1 } } },
      'biasRegularizer.l1: expected a number of at least 0',
    ],
    [
      'no units',
      { layer: 'Dense', options: {} },
      'Dense: units must be a positive whole number: received undefined',
    ],
    [
      'half a filter',
      { layer: 'Conv2D', options: { ...conv, filters: 2.5 } },
      'filters must be a positive whole',
    ],
    [
      'an empty kernel',
      { layer: 'Conv2D', options: { ...conv, kernelSize: 0 } },
      'kernelSize must be a positive',
    ],
    ['three sizes', { layer: 'Conv2D', options: { ...conv, kernelSize: [3, 3, 3] } }, 'received [3,3,3]'],
    ['a size in words', { layer: 'Conv2D', options: { ...conv, kernelSize: 'big' } }, 'received "big"'],
    [
      'a size that is nothing',
      { layer: 'Conv2D', options: { filters: 4, kernelSize: null } },
      'received null',
    ],
    ['strides of 0', { layer: 'Conv2D', options: { ...conv, strides: [1, 0] } }, 'Conv2D: strides must be'],
    [
      'no dilation',
      { layer: 'Conv2D', options: { ...conv, dilationRate: -1 } },
      'Conv2D: dilationRate must be',
    ],
    ['a part of a group', { layer: 'Conv2D', options: { ...conv, groups: 1.5 } }, 'Conv2D: groups must be'],
    [
      'another padding',
      { layer: 'Conv2D', options: { ...conv, padding: 'full' } },
      'expected "valid" or "same", received',
    ],
    [
      'a bias in words',
      { layer: 'Conv2D', options: { ...conv, useBias: 'no' } },
      'expected true or false, received "no"',
    ],
    [
      'an empty window',
      { layer: 'MaxPooling2D', options: { poolSize: 0 } },
      'MaxPooling2D: poolSize must be',
    ],
    [
      'a window without strides',
      { layer: 'AveragePooling2D', options: { strides: 0 } },
      'AveragePooling2D: strides',
    ],
    ['padding of a pool', { layer: 'MaxPooling2D', options: { padding: 'SAME' } }, 'MaxPooling2D: padding'],
    [
      'to drop all',
      { layer: 'Dropout', options: { rate: 1 } },
      'Dropout: rate: expected a number from 0 up to',
    ],
    ['to drop less than nothing', { layer: 'Dropout', options: { rate: -0.1 } }, 'received -0.1'],
    ['no rate', { layer: 'Dropout', options: {} }, 'received undefined'],
    [
      'a momentum above 1',
      { layer: 'BatchNormalization', options: { momentum: 99 } },
      'momentum: expected a number from 0',
    ],
    [
      'no epsilon',
      { layer: 'BatchNormalization', options: { epsilon: 0 } },
      'epsilon: expected a number above 0',
    ],
    [
      'half an offset',
      { layer: 'BatchNormalization', options: { center: 0.5 } },
      'center: expected true or false',
    ],
    [
      'a freeze in words',
      { layer: 'Dense', options: { units: 3, trainable: 'no' } },
      'Dense: trainable: expected true or false, received "no"',
    ],
    [
      'a depth of nothing',
      { layer: 'DepthwiseConv2D', options: { kernelSize: 3, depthMultiplier: 0 } },
      'DepthwiseConv2D: depthMultiplier must be a positive',
    ],
    [
      'filters of a depthwise convolution',
      { layer: 'DepthwiseConv2D', options: { kernelSize: 3, filters: 8 } },
      'unknown option of DepthwiseConv2D "filters"',
    ],
    [
      'no filters',
      { layer: 'SeparableConv2D', options: { kernelSize: 3 } },
      'SeparableConv2D: filters must be a positive',
    ],
    [
      'an unknown initializer between',
      { layer: 'SeparableConv2D', options: { ...conv, pointwiseInitializer: 'one' } },
      'unknown initializer "one". Did you mean "ones"?',
    ],
    [
      'less than no padding',
      {
        layer: 'ZeroPadding2D',
        options: {
          padding: [
            [1, 1],
            [0, -1],
          ],
        },
      },
      'ZeroPadding2D: padding: expected a whole number, two, or [[above, below], [left, right]], received',
    ],
    ['three paddings', { layer: 'ZeroPadding2D', options: { padding: [1, 2, 3] } }, 'received [1,2,3]'],
    [
      'no shape',
      { layer: 'Reshape', options: {} },
      'Reshape: targetShape: expected [height, width, channels] or [numbers]',
    ],
    ['two open sizes', { layer: 'Reshape', options: { targetShape: [-1, -1, 3] } }, 'received [-1,-1,3]'],
    [
      'no scale',
      { layer: 'Rescaling', options: {} },
      'Rescaling: scale: expected a number, received undefined',
    ],
    [
      'a scale in words',
      { layer: 'LayerScale', options: { initialValue: 'small' } },
      'LayerScale: initialValue: expected a number, received small',
    ],
    [
      'half a dimension',
      { layer: 'GlobalMaxPooling2D', options: { keepdims: 1 } },
      'GlobalMaxPooling2D: keepdims: expected true or false, received 1',
    ],
    [
      'an axis over the batch',
      { layer: 'Concatenate', options: { axis: 0 } },
      'Concatenate: axis: expected -1',
    ],
    ['options of Add', { layer: 'Add', options: { axis: 1 } }, 'unknown option of Add "axis"'],
    ['options of Flatten', { layer: 'Flatten', options: { axis: 1 } }, 'unknown option of Flatten "axis"'],
    [
      'options that are no object',
      { layer: 'Dense', options: [5] as unknown as LayerConfig['options'] },
      'Dense: options: expected an object with units',
    ],
  ])('%s', (_, config, message) => {
    let thrown: unknown;
    try {
      layerFrom(config);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(HarrierError);
    expect((thrown as HarrierError).code).toBe('bad-option');
    expect((thrown as HarrierError).message).toContain(message);
  });
});
