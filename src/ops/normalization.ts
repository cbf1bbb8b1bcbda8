import {
  floatAttribute,
  type GraphBuilder,
  intAttribute,
  type Value,
  type ValueType,
} from '../onnx/index.ts';
import {
  define,
  fixedDims,
  type GradientContext,
  type InferContext,
  type InferRule,
  type OpDefinition,
} from './definition.ts';
import { div, mul, reduceMean, reduceSum, reshape, shift, square, sub } from './functional.ts';
import { stockAttributes } from './stock-attributes.ts';

const sameAsInput: InferRule = (node) => {
  node.axis(intAttribute(node.attributes, 'axis', -1));
  return [{ type: node.input(0).type, shape: node.shape(0) }];
};

/** A per-channel vector (C) as (1, C, 1, …), to meet a value of the given rank. */
function perChannel(graph: GraphBuilder, vector: Value, rank: number): Value {
  return reshape(
    graph,
    vector,
    Array.from({ length: rank }, (_, i) => (i === 1 ? -1 : 1)),
  );
}

function axisOf(node: GradientContext): number {
  const axis = intAttribute(node.attributes, 'axis', -1);
  return axis < 0 ? axis + node.x().shape.length : axis;
}

export const normalization: OpDefinition[] = [
  // y = softmax(x): dx = y · (dy − Σ dy·y)
  define('Softmax', sameAsInput, (node) => {
    const { graph } = node;
    const sum = reduceSum(graph, mul(graph, node.dy(), node.y()), [axisOf(node)]);
    return [mul(graph, node.y(), sub(graph, node.dy(), sum))];
  }),
  // y = log softmax(x): dx = dy − eʸ · Σ dy
  define('LogSoftmax', sameAsInput, (node) => {
    const { graph } = node;
    const sum = reduceSum(graph, node.dy(), [axisOf(node)]);
    return [sub(graph, node.dy(), mul(graph, graph.op('Exp', [node.y()]), sum))];
  }),
  // Inputs x, scale γ, bias β, mean μ, variance v. With x̂ = (x − μ)/√(v + ε): y = γ·x̂ + β (Ioffe and Szegedy, 2015).
  // Inference holds μ and v fixed: dx = dy · γ/√(v + ε), dγ = Σ dy·x̂, dβ = Σ dy.
  // Training takes them from the batch: see BatchNormalizationGradient.
  define(
    'BatchNormalization',
    (node) => {
      for (const i of [1, 2, 3, 4]) {
        if (node.rank(i) !== 1 || node.shape(i)[0] !== node.shape(0)[1]) {
          node.fail(`input ${i} must have one number for each of the ${node.shape(0)[1]} channels`);
        }
      }
      const y = { type: node.input(0).type, shape: node.shape(0) };
      return [y, node.input(3), node.input(4)].map(({ type, shape }) => ({ type, shape }));
    },
    (node) => {
      const { graph } = node;
      const [x, scale, , mean, variance] = [0, 1, 2, 3, 4].map((i) => node.x(i));
      if (intAttribute(node.attributes, 'training_mode', 0) === 1) {
        if (node.hasDy(1) || node.hasDy(2)) node.unsupported('running statistics pass no gradient on');
        const over = otherAxes(x);
        const batchMean = reduceMean(graph, x, over);
        const batchVariance = reduceMean(graph, square(graph, sub(graph, x, batchMean)), over, false);
        return batchGradient(node, reshape(graph, batchMean, [-1]), batchVariance);
      }
      if (node.needs(3) || node.needs(4))
        node.unsupported('the statistics of BatchNormalization are not weights');
      const rank = x.shape.length;
      const deviation = graph.op('Sqrt', [
        shift(graph, variance, floatAttribute(node.attributes, 'epsilon', 1e-5)),
      ]);
      const normal = () =>
        div(graph, sub(graph, x, perChannel(graph, mean, rank)), perChannel(graph, deviation, rank));
      return [
        node.needs(0)
          ? mul(graph, node.dy(), perChannel(graph, div(graph, scale, deviation), rank))
          : undefined,
        node.needs(1) ? reduceSum(graph, mul(graph, node.dy(), normal()), otherAxes(x), false) : undefined,
        node.needs(2) ? reduceSum(graph, node.dy(), otherAxes(x), false) : undefined,
      ];
    },
  ),
  // x̂ = (x − μ)/√(v + ε) over all axes from one on, y = γ·x̂ + β (Ba, Kiros and Hinton, 2016)
  define(
    'LayerNormalization',
    (node) => {
      const x = node.shape(0);
      const axis = node.axis(stockAttributes('LayerNormalization', node.attributes).axis);
      const statistics = { type: node.input(0).type, shape: x.map((size, i) => (i < axis ? size : 1)) };
      return [{ type: node.input(0).type, shape: x }, statistics, statistics];
    },
    (node) => {
      if (node.hasDy(1) || node.hasDy(2)) node.unsupported('its statistics pass no gradient on');
      const { graph } = node;
      const { axis: given, epsilon } = stockAttributes('LayerNormalization', node.attributes);
      const rank = node.x().shape.length;
      const axis = given < 0 ? given + rank : given;
      const over = node
        .x()
        .shape.map((_, i) => i)
        .slice(axis);
      const { normal, back } = normalized(graph, node.x(), over, epsilon);
      return [
        node.needs(0) ? back(mul(graph, node.dy(), node.x(1))) : undefined,
        node.needs(1) ? mul(graph, node.dy(), normal) : undefined,
        node.needs(2) ? node.dy() : undefined,
      ];
    },
  ),
  // x̂ over the positions of every channel of every image, γ and β a number a channel (Ulyanov et al., 2016)
  define('InstanceNormalization', normalizedImage, (node) => {
    const { epsilon } = stockAttributes('InstanceNormalization', node.attributes);
    const over = node
      .x()
      .shape.map((_, axis) => axis)
      .slice(2);
    return channelGradients(node, normalized(node.graph, node.x(), over, epsilon));
  }),
  // The same over groups of channels (Wu and He, 2018)
  define(
    'GroupNormalization',
    (node) => {
      const { num_groups: groups } = stockAttributes('GroupNormalization', node.attributes);
      const channels = node.shape(0)[1];
      if (groups < 1 || (typeof channels === 'number' && channels % groups !== 0))
        node.fail(`${channels} channels do not divide into ${groups} groups`);
      return normalizedImage(node);
    },
    (node) => {
      const { graph } = node;
      const { num_groups: groups, epsilon } = stockAttributes('GroupNormalization', node.attributes);
      const dims = fixedDims(node.x());
      const grouped = (value: Value) => reshape(graph, value, [dims[0], groups, -1]);
      const { normal, back } = normalized(graph, grouped(node.x()), [2], epsilon);
      return channelGradients(node, {
        normal: reshape(graph, normal, dims),
        back: (gradient) => reshape(graph, back(grouped(gradient)), dims),
      });
    },
  ),
  // y = x / (bias + α/size · Σ x²)^β over neighbouring channels
  define('LRN', (node) => [{ type: node.input(0).type, shape: node.shape(0) }], {
    none: 'networks of today do not use it',
  }),
  define('LpNormalization', sameAsInput, { none: 'no network needs it yet' }),
  define('Hardmax', sameAsInput, 'zero'),
  // Inputs x, γ, β; outputs y and the batch's mean and (population) variance, each (C)
  define(
    'BatchNormalizationTraining',
    (node) => {
      const channels = node.shape(1);
      const { type } = node.input(0);
      return [
        { type, shape: node.shape(0) },
        { type, shape: channels },
        { type, shape: channels },
      ];
    },
    (node) => {
      if (node.hasDy(1) || node.hasDy(2)) node.unsupported('batch statistics pass no gradient on');
      return batchGradient(node, node.y(1), node.y(2));
    },
    'harrier',
  ),
  // Inputs dy, x, γ, mean, variance over m elements a channel; outputs dx, dγ = Σ dy·x̂, dβ = Σ dy:
  // dx = γ/√(v + ε) · (dy − dβ/m − x̂ · dγ/m)
  define(
    'BatchNormalizationGradient',
    (node) => {
      const channels = { type: node.input(0).type, shape: node.shape(2) };
      return [{ type: node.input(0).type, shape: node.shape(1) }, channels, channels];
    },
    { none: 'it occurs in gradients only' },
    'harrier',
  ),
];

/** All axes but the channels'. */
export function otherAxes(x: Value): number[] {
  return x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
}

function batchGradient(node: GradientContext, mean: Value, variance: Value): (Value | undefined)[] {
  const { epsilon } = node.attributes;
  return node.graph.ops(
    'BatchNormalizationGradient',
    [node.dy(), node.x(0), node.x(1), mean, variance],
    epsilon === undefined ? {} : { epsilon },
    { domain: 'harrier', outputs: 3 },
  );
}

function normalizedImage(node: InferContext): ValueType[] {
  if (node.rank(0) < 3) node.fail('an image (N, C, spatial…) is needed');
  for (const i of [1, 2]) {
    if (node.rank(i) !== 1 || node.shape(i)[0] !== node.shape(0)[1])
      node.fail(`input ${i} must have one number for each of the ${node.shape(0)[1]} channels`);
  }
  return [{ type: node.input(0).type, shape: node.shape(0) }];
}

/** x̂, and how a gradient g for x̂ goes back to x. */
interface Normalized {
  readonly normal: Value;
  readonly back: (gradient: Value) => Value;
}

/** x̂ = (x − μ) · r, r = 1/√(v + ε): dx = r · (g − mean(g) − x̂ · mean(g · x̂)). */
function normalized(graph: GraphBuilder, x: Value, over: readonly number[], epsilon: number): Normalized {
  const centred = sub(graph, x, reduceMean(graph, x, over));
  const variance = reduceMean(graph, square(graph, centred), over);
  const scale = graph.op('Reciprocal', [graph.op('Sqrt', [shift(graph, variance, epsilon)])]);
  const normal = mul(graph, centred, scale);
  const back = (gradient: Value): Value => {
    const along = mul(graph, normal, reduceMean(graph, mul(graph, gradient, normal), over));
    return mul(graph, scale, sub(graph, sub(graph, gradient, reduceMean(graph, gradient, over)), along));
  };
  return { normal, back };
}

function channelGradients(node: GradientContext, { normal, back }: Normalized): (Value | undefined)[] {
  const { graph } = node;
  const x = node.x();
  return [
    node.needs(0) ? back(mul(graph, node.dy(), perChannel(graph, node.x(1), x.shape.length))) : undefined,
    node.needs(1) ? reduceSum(graph, mul(graph, node.dy(), normal), otherAxes(x), false) : undefined,
    node.needs(2) ? reduceSum(graph, node.dy(), otherAxes(x), false) : undefined,
  ];
}
