import { floatAttribute, type GraphBuilder, intAttribute, type Value } from '../onnx/index.ts';
import { define, type GradientContext, type InferRule, type OpDefinition } from './definition.ts';
import { div, mul, reduceMean, reduceSum, reshape, shift, square, sub } from './functional.ts';

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
        node.unsupported('the statistics of BatchNormalization are no weights');
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
