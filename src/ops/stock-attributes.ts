import { HarrierError } from '../errors.ts';
import type { Attributes } from '../onnx/index.ts';
import {
  type AttributesOf,
  type AttributeTypes,
  attributeReader,
  constantTensor,
  float,
  int,
  ints,
  optional,
  text,
  word,
} from './attributes.ts';

const REDUCTION = { keepdims: int(1), noop_with_empty_axes: int(0) };

/** The attributes of ONNX's own ops in the operator set that Harrier speaks; an op that is not here has none. */
const STOCK = {
  ArgMax: { axis: int(0), keepdims: int(1), select_last_index: int(0) },
  ArgMin: { axis: int(0), keepdims: int(1), select_last_index: int(0) },
  AveragePool: {
    auto_pad: word('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    ceil_mode: int(0),
    count_include_pad: int(0),
    dilations: optional(ints()),
    kernel_shape: ints(),
    pads: optional(ints()),
    strides: optional(ints()),
  },
  BatchNormalization: { epsilon: float(1e-5), momentum: float(0.9), training_mode: int(0) },
  Cast: { saturate: int(1), to: int() },
  Celu: { alpha: float(1) },
  Concat: { axis: int() },
  ConstantOfShape: { value: optional(constantTensor()) },
  Conv: {
    auto_pad: word('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    dilations: optional(ints()),
    group: int(1),
    kernel_shape: optional(ints()),
    pads: optional(ints()),
    strides: optional(ints()),
  },
  ConvTranspose: {
    auto_pad: word('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    dilations: optional(ints()),
    group: int(1),
    kernel_shape: optional(ints()),
    output_padding: optional(ints()),
    output_shape: optional(ints()),
    pads: optional(ints()),
    strides: optional(ints()),
  },
  CumSum: { exclusive: int(0), reverse: int(0) },
  DepthToSpace: { blocksize: int(), mode: word('DCR', 'CRD') },
  DequantizeLinear: { axis: int(1), block_size: int(0) },
  Dropout: { seed: optional(int()) },
  Einsum: { equation: text() },
  Elu: { alpha: float(1) },
  Flatten: { axis: int(1) },
  Gather: { axis: int(0) },
  GatherElements: { axis: int(0) },
  GatherND: { batch_dims: int(0) },
  Gelu: { approximate: word('none', 'tanh') },
  Gemm: { alpha: float(1), beta: float(1), transA: int(0), transB: int(0) },
  GroupNormalization: { epsilon: float(1e-5), num_groups: int(), stash_type: int(1) },
  HardSigmoid: { alpha: float(0.2), beta: float(0.5) },
  Hardmax: { axis: int(-1) },
  InstanceNormalization: { epsilon: float(1e-5) },
  IsInf: { detect_negative: int(1), detect_positive: int(1) },
  LRN: { alpha: float(1e-4), beta: float(0.75), bias: float(1), size: int() },
  LayerNormalization: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
  LeakyRelu: { alpha: float(0.01) },
  LogSoftmax: { axis: int(-1) },
  LpNormalization: { axis: int(-1), p: int(2) },
  MaxPool: {
    auto_pad: word('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    ceil_mode: int(0),
    dilations: optional(ints()),
    kernel_shape: ints(),
    pads: optional(ints()),
    storage_order: int(0),
    strides: optional(ints()),
  },
  MaxUnpool: { kernel_shape: ints(), pads: optional(ints()), strides: optional(ints()) },
  Mod: { fmod: int(0) },
  OneHot: { axis: int(-1) },
  Pad: { mode: word('constant', 'reflect', 'edge', 'wrap') },
  QuantizeLinear: { axis: int(1), block_size: int(0), output_dtype: int(0), saturate: int(1) },
  ReduceL1: REDUCTION,
  ReduceL2: REDUCTION,
  ReduceLogSum: REDUCTION,
  ReduceLogSumExp: REDUCTION,
  ReduceMax: REDUCTION,
  ReduceMean: REDUCTION,
  ReduceMin: REDUCTION,
  ReduceProd: REDUCTION,
  ReduceSum: REDUCTION,
  ReduceSumSquare: REDUCTION,
  Reshape: { allowzero: int(0) },
  Resize: {
    antialias: int(0),
    axes: optional(ints()),
    coordinate_transformation_mode: word(
      'half_pixel',
      'half_pixel_symmetric',
      'pytorch_half_pixel',
      'align_corners',
      'asymmetric',
      'tf_crop_and_resize',
    ),
    cubic_coeff_a: float(-0.75),
    exclude_outside: int(0),
    extrapolation_value: float(0),
    keep_aspect_ratio_policy: word('stretch', 'not_larger', 'not_smaller'),
    mode: word('nearest', 'linear', 'cubic'),
    nearest_mode: word('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
  },
  ScatterElements: { axis: int(0), reduction: word('none', 'add', 'mul', 'max', 'min') },
  ScatterND: { reduction: word('none', 'add', 'mul', 'max', 'min') },
  Selu: { alpha: float(1.6732631921768188), gamma: float(1.0507010221481323) },
  Shape: { end: optional(int()), start: int(0) },
  Softmax: { axis: int(-1) },
  SpaceToDepth: { blocksize: int() },
  Split: { axis: int(0), num_outputs: optional(int()) },
  ThresholdedRelu: { alpha: float(1) },
  TopK: { axis: int(-1), largest: int(1), sorted: int(1) },
  Transpose: { perm: optional(ints()) },
  Trilu: { upper: int(1) },
} satisfies Readonly<Record<string, AttributeTypes>>;

type Stock = typeof STOCK;

const READERS: ReadonlyMap<string, (attributes: Attributes) => Readonly<Record<string, unknown>>> = new Map(
  Object.entries(STOCK).map(([opType, types]) => [opType, attributeReader(types as AttributeTypes)]),
);

/**
 * The attributes of a node of one of ONNX's own ops, typed, with their defaults.
 * @throws HarrierError `bad-graph` when the node states another kind of value, or lacks one that has no default
 */
export function stockAttributes<Op extends keyof Stock>(
  opType: Op,
  attributes: Attributes,
): AttributesOf<Stock[Op]> {
  return READERS.get(opType)!(attributes) as AttributesOf<Stock[Op]>;
}

/**
 * Checks the attributes of a node of one of ONNX's own ops.
 * @throws HarrierError `bad-graph` for an attribute that its op does not have, or of another type
 */
export function checkStockAttributes(opType: string, attributes: Attributes): void {
  const types: AttributeTypes = Object.hasOwn(STOCK, opType) ? STOCK[opType as keyof Stock] : {};
  const stray = Object.keys(attributes).find((name) => !Object.hasOwn(types, name));
  if (stray !== undefined) {
    throw new HarrierError('bad-graph', `its op has no attribute ${JSON.stringify(stray)}`, {
      expected: Object.keys(types).join(', ') || 'no attributes',
    });
  }
  READERS.get(opType)?.(attributes);
}
