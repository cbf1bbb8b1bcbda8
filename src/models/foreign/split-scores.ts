import { HarrierError, nearestName } from '../../errors.ts';
import {
  elementCount,
  float32,
  floatAttribute,
  type Graph,
  intAttribute,
  type Node,
  type Shape,
  type Tensor,
} from '../../onnx/index.ts';
import { plainName } from './prepare-graph.ts';

/** A dense layer: scores = features · kernel + bias. */
export interface ScoresLayer {
  /** `[features, classes]`. */
  readonly kernel: Tensor;
  /** `[classes]`; absent where there is none. */
  readonly bias?: Float32Array;
}

/** Where a graph's features are, and what makes scores of them. */
export interface Split {
  /** The value that holds the features. */
  readonly features: string;
  /** Absent for a graph that gives features, or scores in another way than by one product. */
  readonly scores?: ScoresLayer;
  /** The graph ends in a sigmoid: each class has a probability of its own. */
  readonly isMultiLabel?: true;
}

/** Ops between the scores and the output that leave one number for each class. */
const CHANGES_OF_SHAPE = ['Flatten', 'Reshape', 'Squeeze', 'Transpose'];
const PROBABILITIES = ['Softmax', 'LogSoftmax', 'Sigmoid'];

/**
 * Finds the layer of scores of a simplified graph: the last Gemm or MatMul, or the 1 × 1 convolution after global
 * pooling, with nothing but a softmax or sigmoid, a product with one number and changes of shape behind it.
 *
 * @param output the value that holds the scores or features
 * @param shapes of all values
 * @param features a value that is said to hold the features
 * @throws HarrierError `bad-option` where no value is called so; `not-supported` where an image has several softmaxes, and
 *   no value is named
 */
export function splitScores(
  graph: Graph,
  output: string,
  shapes: Shapes,
  features: string | undefined,
  where: string,
): Split {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const found = scoresOf(graph, makers, output, shapes);
  const probabilities = probabilitiesOf(makers, output);
  const isMultiLabel = probabilities?.opType === 'Sigmoid' && { isMultiLabel: true as const };
  if (features === undefined) {
    if (probabilities) checkProbabilities(probabilities, shapes, found?.scores?.kernel.dims[1], where);
    return { ...(found ?? { features: probabilities?.inputs[0] ?? output }), ...isMultiLabel };
  }
  const name = [features, plainName(features)].find((each) => makers.has(each));
  if (name === undefined) throw noSuchValue(features, [...makers.keys()], where);
  return name === found?.features ? { ...found, ...isMultiLabel } : { features: name };
}

type Makers = ReadonlyMap<string, Node>;
/** Shapes of a graph's values, by name. */
export type Shapes = ReadonlyMap<string, Shape>;

function scoresOf(graph: Graph, makers: Makers, output: string, shapes: Shapes): Split | undefined {
  const weight = (name: string | undefined) => {
    const tensor = graph.initializers.get(name ?? '');
    return tensor?.type === 'float32' ? tensor : undefined;
  };
  let node = makers.get(output);
  let factor = 1;
  let areProbabilities = false;
  while (node && node.domain === '') {
    const scale = scaleOf(node, weight);
    if (scale) factor *= scale.factor;
    else if (PROBABILITIES.includes(node.opType)) {
      // What is scaled, or goes through a softmax, are probabilities.
      if (factor !== 1 || areProbabilities) return undefined;
      areProbabilities = true;
    } else if (!CHANGES_OF_SHAPE.includes(node.opType)) break;
    node = makers.get(scale?.input ?? node.inputs[0]);
  }
  if (node?.domain !== '') return undefined;
  return timesFactor(producedBy(node, makers, weight, shapes), factor);
}

/** What a product with one number, such as a division by a temperature, makes of its input. */
function scaleOf(
  { opType, inputs: [a, b] }: Node,
  weight: WeightOf,
): { readonly input: string; readonly factor: number } | undefined {
  const one = (name: string) => {
    const data = weight(name)?.data;
    return data?.length === 1 ? Number(data[0]) : undefined;
  };
  const [first, second] = opType === 'Mul' || opType === 'Div' ? [one(a), one(b)] : [];
  if (second !== undefined) return { input: a, factor: opType === 'Mul' ? second : 1 / second };
  return first !== undefined && opType === 'Mul' ? { input: b, factor: first } : undefined;
}

function timesFactor(split: Split | undefined, factor: number): Split | undefined {
  if (!split?.scores || factor === 1) return split;
  const { kernel, bias } = split.scores;
  return {
    ...split,
    scores: { kernel: scaled(kernel, factor), ...(bias && { bias: bias.map((value) => value * factor) }) },
  };
}

function producedBy(node: Node, makers: Makers, weight: WeightOf, shapes: Shapes): Split | undefined {
  switch (node.opType) {
    case 'Gemm':
      return isRow(shapes.get(node.inputs[0])) ? ofGemm(node, weight) : undefined;
    case 'MatMul':
      return isRow(shapes.get(node.inputs[0])) ? ofMatMul(node, weight) : undefined;
    case 'Conv':
      return ofConvolution(node, weight, shapes);
    case 'Add': {
      const [a, b] = node.inputs;
      const [product, bias] = makers.get(a)?.opType === 'MatMul' ? [makers.get(a), b] : [makers.get(b), a];
      const isProduct = product?.opType === 'MatMul' && isRow(shapes.get(product.inputs[0]));
      const split = isProduct ? ofMatMul(product, weight) : undefined;
      const values = weight(bias)?.data as Float32Array | undefined;
      const classes = split?.scores?.kernel.dims[1];
      return split && values?.length === classes
        ? { ...split, scores: { ...split.scores!, bias: values } }
        : undefined;
    }
    default:
      return undefined;
  }
}

type WeightOf = (name: string | undefined) => Tensor | undefined;

/** y = α · x · W + β · b, W transposed or not. */
function ofGemm({ inputs: [x, w, c], attributes }: Node, weight: WeightOf): Split | undefined {
  const [kernel, bias] = [weight(w), weight(c)];
  if (!kernel || (c && !bias) || intAttribute(attributes, 'transA', 0) === 1) return undefined;
  const alpha = floatAttribute(attributes, 'alpha', 1);
  const beta = floatAttribute(attributes, 'beta', 1);
  const columns = intAttribute(attributes, 'transB', 0) === 1 ? transposed(kernel) : kernel;
  const offsets = bias && repeated(bias, columns.dims[1]);
  if (bias && !offsets) return undefined;
  return {
    features: x,
    scores: {
      kernel: scaled(columns, alpha),
      ...(offsets && { bias: scaled(float32([offsets.length], offsets), beta).data as Float32Array }),
    },
  };
}

function ofMatMul({ inputs: [x, w] }: Node, weight: WeightOf): Split | undefined {
  const kernel = weight(w);
  return kernel?.dims.length === 2 ? { features: x, scores: { kernel } } : undefined;
}

/** A convolution by 1 × 1 of what global pooling leaves: one number for each channel. */
function ofConvolution(
  { inputs: [x, w, b], attributes }: Node,
  weight: WeightOf,
  shapes: Shapes,
): Split | undefined {
  const [kernel, bias] = [weight(w), weight(b)];
  if (!kernel || (b && !bias) || intAttribute(attributes, 'group', 1) !== 1) return undefined;
  const [classes, features, ...sizes] = kernel.dims;
  if (sizes.some((size) => size !== 1) || !isOne(shapes.get(x))) return undefined;
  return {
    features: x,
    scores: {
      kernel: transposed(float32([classes, features], kernel.data as Float32Array)),
      ...(bias && { bias: bias.data as Float32Array }),
    },
  };
}

function isRow(shape: Shape | undefined): boolean {
  return shape?.length === 2;
}

/** Whether there is one number for each channel, as after global pooling. */
function isOne(shape: Shape | undefined): boolean {
  return shape?.length === 4 && shape[2] === 1 && shape[3] === 1;
}

/** The softmax or sigmoid that a graph ends in, with nothing but changes of shape behind it. */
function probabilitiesOf(makers: Makers, output: string): Node | undefined {
  let node = makers.get(output);
  while (node?.domain === '' && CHANGES_OF_SHAPE.includes(node.opType)) node = makers.get(node.inputs[0]);
  return node?.domain === '' && PROBABILITIES.includes(node.opType) ? node : undefined;
}

/**
 * @param classes how many scores the last layer gives, where it is known
 * @throws HarrierError `not-supported` unless one softmax goes over all classes of an image, or a sigmoid over a row of them
 */
function checkProbabilities(
  { opType, inputs: [input], attributes }: Node,
  shapes: Shapes,
  classes: number | undefined,
  where: string,
): void {
  const shape = shapes.get(input)!;
  const sizes = shape.slice(1);
  if (!sizes.every((size) => typeof size === 'number')) return;
  const count = elementCount(sizes);
  const axis = intAttribute(attributes, 'axis', -1);
  const isOneRow = opType === 'Sigmoid' ? [1, classes, ...sizes].includes(count) : shape.at(axis) === count;
  if (isOneRow && (classes ?? count) === count) return;
  throw new HarrierError('not-supported', 'its probabilities are no row of classes for each image', {
    where,
    expected: 'one softmax over all classes, or a sigmoid of each',
    received: `${opType}${opType === 'Sigmoid' ? '' : ` over axis ${axis}`} of (${shape.join(', ')})`,
    next: 'To train on it, name the value that holds the features: --features NAME.',
  });
}

function transposed({ dims: [rows, columns], data }: Tensor): Tensor {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      values[column * rows + row] = Number(data[row * columns + column]);
    }
  }
  return float32([columns, rows], values);
}

function scaled(tensor: Tensor, factor: number): Tensor {
  return factor === 1
    ? tensor
    : float32(
        tensor.dims,
        (tensor.data as Float32Array).map((x) => x * factor),
      );
}

/** One number for each class, from as many or from one. */
function repeated({ data }: Tensor, classes: number): Float32Array | undefined {
  if (data.length === classes) return data as Float32Array;
  return data.length === 1 ? new Float32Array(classes).fill(Number(data[0])) : undefined;
}

function noSuchValue(name: string, known: readonly string[], where: string): HarrierError {
  const near = nearestName(name, known);
  return new HarrierError('bad-option', `no value of this model is called "${name}"`, {
    where,
    expected: 'the name of a value that holds the features',
    next: near ? `Did you mean "${near}"?` : `The last are: ${known.slice(-8).join(', ')}.`,
  });
}
