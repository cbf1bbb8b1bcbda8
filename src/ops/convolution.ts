import { HarrierError } from '../errors.ts';
import { type Attributes, BLOCKED_DOMAIN, type Dimension, intAttribute, type Shape } from '../onnx/index.ts';
import { attributeReader, int, ints } from './attributes.ts';
import { define, fixedDims, type InferContext, type OpDefinition } from './definition.ts';
import { reduceSum } from './functional.ts';
import { dividedSize, product, windowedShape, windowOf } from './shapes.ts';
import { stockAttributes } from './stock-attributes.ts';

/** A convolution's attributes with all defaults and automatic padding spelt out. */
export function convolutionAttributes(
  attributes: Attributes,
  kernel: readonly number[],
  spatial: readonly number[],
) {
  const { strides, dilations, pads } = windowOf(attributes, kernel, spatial);
  return { strides, dilations, pads, group: intAttribute(attributes, 'group', 1) };
}

/** Attributes of `harrier.ConvInputGradient`: those of its convolution, spelt out, and the shape of the convolution's input. */
export const readConvInputGradient = attributeReader({
  strides: ints(),
  dilations: ints(),
  pads: ints(),
  group: int(1),
  input_shape: ints(),
});

/** Attributes of `harrier.ConvKernelGradient`: those of its convolution, spelt out, and the kernel's spatial size. */
export const readConvKernelGradient = attributeReader({
  strides: ints(),
  dilations: ints(),
  pads: ints(),
  group: int(1),
  kernel_shape: ints(),
});

export const convolution: OpDefinition[] = [
  // Y[n,o,p] = Σ X[n,c,p·s + k·d − pad] · W[o,c,k] + B[o]
  // dX: the transposed convolution of dY with W; dW[o,c,k] = Σ dY[n,o,p] · X[n,c,p·s + k·d − pad]; dB = Σ dY
  define('Conv', inferConv, (node) => {
    const { graph } = node;
    const [x, weight, dy] = [node.x(0), node.x(1), node.dy()];
    const kernel = fixedDims(weight).slice(2);
    const attributes = convolutionAttributes(node.attributes, kernel, fixedDims(x).slice(2));
    const composite = { domain: 'harrier' };
    const spatial = kernel.map((_, i) => i + 2);
    return [
      node.needs(0)
        ? graph.op('ConvInputGradient', [dy, weight], { ...attributes, input_shape: fixedDims(x) }, composite)
        : undefined,
      node.needs(1)
        ? graph.op('ConvKernelGradient', [dy, x], { ...attributes, kernel_shape: kernel }, composite)
        : undefined,
      node.needs(2) ? reduceSum(graph, dy, [0, ...spatial], false) : undefined,
    ];
  }),
  define('Conv', inferBlockedConv, { none: 'it occurs in lowered graphs only' }, BLOCKED_DOMAIN),
  define('ReorderInput', sameAsInput, { none: 'it occurs in lowered graphs only' }, BLOCKED_DOMAIN),
  define('ReorderOutput', inferReorderOutput, { none: 'it occurs in lowered graphs only' }, BLOCKED_DOMAIN),
  // The transpose of a convolution with the same kernel, so: dX = that convolution of dY; dW = its kernel gradient, with
  // dY as the image and X as what comes back; dB = Σ dY
  define('ConvTranspose', inferConvTranspose, (node) => {
    const { graph } = node;
    const [x, weight, dy] = [node.x(0), node.x(1), node.dy()];
    const kernel = fixedDims(weight).slice(2);
    const { group } = stockAttributes('ConvTranspose', node.attributes);
    const window = transposedWindow(node.attributes, kernel, fixedDims(x).slice(2));
    const { strides, dilations, pads } = window;
    const attributes = { strides, dilations, pads, group };
    const spatial = kernel.map((_, i) => i + 2);
    return [
      node.needs(0) ? graph.op('Conv', [dy, weight], { ...attributes, kernel_shape: kernel }) : undefined,
      node.needs(1)
        ? graph.op(
            'ConvKernelGradient',
            [x, dy],
            { ...attributes, kernel_shape: kernel },
            { domain: 'harrier' },
          )
        : undefined,
      node.needs(2) ? reduceSum(graph, dy, [0, ...spatial], false) : undefined,
    ];
  }),
  define(
    'ConvInputGradient',
    (node) => [{ type: node.input(0).type, shape: readConvInputGradient(node.attributes).input_shape }],
    { none: 'it occurs in gradients only' },
    'harrier',
  ),
  define(
    'ConvKernelGradient',
    (node) => {
      const { group, kernel_shape: kernel } = readConvKernelGradient(node.attributes);
      const [outputs, inputs] = [node.shape(0)[1], Number(node.shape(1)[1]) / group];
      return [{ type: node.input(0).type, shape: [outputs, inputs, ...kernel] }];
    },
    { none: 'it occurs in gradients only' },
    'harrier',
  ),
];

/** Blocks are a matter of layout: shapes are written as if there were none. */
function sameAsInput(node: InferContext) {
  return [{ type: node.input(0).type, shape: node.shape(0) }];
}

/** The last block may be filled up: the kernel then has more channels than the image. */
function inferBlockedConv(node: InferContext) {
  const taken = Number(node.shape(1)[1]);
  return convShape(node, Math.max(taken, Number(node.shape(0)[1])));
}

/** Drops channels that only filled the last block up. */
function inferReorderOutput(node: InferContext) {
  const [batch, , ...spatial] = node.shape(0);
  return [
    { type: node.input(0).type, shape: [batch, intAttribute(node.attributes, 'channels', 0), ...spatial] },
  ];
}

function inferConv(node: InferContext) {
  return convShape(node, Number(node.shape(0)[1]));
}

/** @param channels of the image */
function convShape(node: InferContext, channels: number) {
  const [x, weight] = [node.shape(0), node.shape(1)];
  if (x.length < 3 || weight.length !== x.length) {
    node.fail('Conv needs an input (N, C, spatial…) and a kernel (O, C/group, spatial…) of equal rank');
  }
  const group = intAttribute(node.attributes, 'group', 1);
  const outputs = Number(weight[0]);
  if (channels !== Number(weight[1]) * group) {
    node.fail(`the kernel takes ${Number(weight[1]) * group} channels, the input has ${channels}`);
  }
  if (outputs % group !== 0) node.fail(`${outputs} output channels do not divide into ${group} groups`);
  const kernel = weight.slice(2).map(Number);
  const window = windowOf(node.attributes, kernel, x.slice(2));
  const shape = [x[0], outputs, ...windowedShape(node, x.slice(2), { ...window, ceil: false })];
  return [{ type: node.input(0).type, shape }];
}

function inferConvTranspose(node: InferContext) {
  const [x, weight] = [node.shape(0), node.shape(1)];
  if (x.length < 3 || weight.length !== x.length) {
    node.fail(
      'ConvTranspose needs an input (N, C, spatial…) and a kernel (C, O/group, spatial…) of equal rank',
    );
  }
  if (x[1] !== weight[0]) node.fail(`the kernel takes ${weight[0]} channels, the input has ${x[1]}`);
  const { group } = stockAttributes('ConvTranspose', node.attributes);
  const { output } = transposedWindow(node.attributes, weight.slice(2).map(Number), x.slice(2));
  return [{ type: node.input(0).type, shape: [x[0], Number(weight[1]) * group, ...output] }];
}

/** What a transposed convolution does along its spatial axes, defaults and automatic padding spelt out. */
export interface TransposedWindow {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All starts, then all ends. */
  readonly pads: readonly number[];
  readonly outputPadding: readonly number[];
  readonly output: Shape;
}

/**
 * `output_shape`, where it is given, decides and makes the padding; so does automatic padding, to size · stride. An odd
 * number of padding has its larger half at the end with SAME_UPPER, and at the start otherwise.
 */
export function transposedWindow(
  attributes: Attributes,
  kernel: readonly number[],
  spatial: Shape,
): TransposedWindow {
  const { auto_pad, output_shape, output_padding } = stockAttributes('ConvTranspose', attributes);
  const { strides, dilations, pads } = windowOf({ ...attributes, auto_pad: 'NOTSET' }, kernel, spatial);
  const outputPadding = output_padding ?? kernel.map(() => 0);
  const rank = kernel.length;
  if (outputPadding.length !== rank || outputPadding.some((extra) => extra < 0)) {
    throw new HarrierError('bad-graph', 'the attribute "output_padding" does not fit its window', {
      expected: `${rank} numbers, each at least 0`,
      received: `[${outputPadding.join(', ')}]`,
    });
  }
  // Some exporters give the batch and the channels too.
  const stated = output_shape?.slice(-rank);
  if (stated && (output_shape!.length < rank || stated.some((size) => size < 1))) {
    throw new HarrierError('bad-graph', 'the attribute "output_shape" does not fit its window', {
      expected: `${rank} sizes`,
      received: `[${output_shape!.join(', ')}]`,
    });
  }
  const automatic =
    stated ?? (auto_pad.startsWith('SAME') ? spatial.map((size, i) => scaled(size, strides[i])) : undefined);
  const ends = auto_pad === 'VALID' && !stated ? pads.map(() => 0) : [...pads];
  const output = spatial.map((size, i): Dimension => {
    const extent = dilations[i] * (kernel[i] - 1) + 1;
    const added = outputPadding[i] + extent - strides[i];
    if (automatic) {
      const wanted = automatic[i];
      const total =
        typeof size === 'number' && typeof wanted === 'number' ? strides[i] * size + added - wanted : added;
      const half = Math.floor(Math.max(0, total) / 2);
      const rest = Math.max(0, total) - half;
      [ends[i], ends[i + rank]] = auto_pad === 'SAME_UPPER' ? [half, rest] : [rest, half];
      return wanted;
    }
    const longer = added - ends[i] - ends[i + rank];
    const whole = scaled(size, strides[i]);
    return typeof whole === 'number' ? whole + longer : longer === 0 ? whole : dividedSize(whole, longer, 1);
  });
  return { strides, dilations, pads: ends, outputPadding, output };
}

function scaled(size: Dimension, factor: number): Dimension {
  return product([size, factor]) ?? `${size}*${factor}`;
}
