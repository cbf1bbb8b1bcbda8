import { float, floatAttribute, type GraphBuilder, stringAttribute, type Value } from '../onnx/index.ts';
import {
  define,
  type GradientContext,
  type GradientRule,
  type InferRule,
  knownNumbers,
  type OpDefinition,
} from './definition.ts';
import { add, div, heavisideStep, mul, neg, scalar, scale, shift, square, sub } from './functional.ts';

const sameAsInput: InferRule = (node) => [{ type: node.input(0).type, shape: node.shape(0) }];

/** A rule dx = dy · f′, with f′ built from x and y. */
function slope(
  derivative: (graph: GraphBuilder, x: Value, y: Value, node: GradientContext) => Value,
): GradientRule {
  return (node) => [mul(node.graph, node.dy(), derivative(node.graph, node.x(), node.y(), node))];
}

/** 1 where x > 0, `otherwise` elsewhere. */
function stepBetween(graph: GraphBuilder, x: Value, otherwise: Value): Value {
  const positive = heavisideStep(graph, x);
  return add(graph, positive, mul(graph, otherwise, sub(graph, scalar(graph, 1), positive)));
}

/** SELU's constants (Klambauer et al., "Self-normalizing neural networks", 2017), as ONNX rounds them. */
export const SELU_ALPHA = 1.6732631921768188;
export const SELU_GAMMA = 1.0507010221481323;

export const elementwise: OpDefinition[] = [
  define('Identity', sameAsInput, (node) => [node.dy()]),
  define('Neg', sameAsInput, (node) => [neg(node.graph, node.dy())]),
  // y = |x|: y′ = sign(x)
  define(
    'Abs',
    sameAsInput,
    slope((g, x) => g.op('Sign', [x])),
  ),
  define('Sign', sameAsInput, 'zero'),
  define('Floor', sameAsInput, 'zero'),
  define('Ceil', sameAsInput, 'zero'),
  define('Round', sameAsInput, 'zero'),
  define('Not', sameAsInput, 'zero'),
  ...['IsNaN', 'IsInf'].map((opType) =>
    define(opType, (node) => [{ type: 'bool', shape: node.shape(0) }], 'zero'),
  ),
  define(
    'Sin',
    sameAsInput,
    slope((g, x) => g.op('Cos', [x])),
  ),
  define(
    'Cos',
    sameAsInput,
    slope((g, x) => neg(g, g.op('Sin', [x]))),
  ),
  // y = x / (1 + |x|): y′ = 1 / (1 + |x|)²
  define(
    'Softsign',
    sameAsInput,
    slope((g, x) => square(g, g.op('Reciprocal', [shift(g, g.op('Abs', [x]), 1)]))),
  ),
  // y = x · t, t = tanh(ln(1 + eˣ)) (Misra, 2019): y′ = t + x · (1 − t²) · σ(x)
  define(
    'Mish',
    sameAsInput,
    slope((g, x) => {
      const t = g.op('Tanh', [g.op('Softplus', [x])]);
      return add(g, t, mul(g, mul(g, x, sub(g, scalar(g, 1), square(g, t))), g.op('Sigmoid', [x])));
    }),
  ),
  // y = x where x > 0, α(e^(x/α) − 1) elsewhere: there y′ = y/α + 1
  define(
    'Celu',
    sameAsInput,
    slope((g, x, y, node) =>
      stepBetween(g, x, shift(g, scale(g, y, 1 / floatAttribute(node.attributes, 'alpha', 1)), 1)),
    ),
  ),
  // y = x where x > α, 0 elsewhere
  define(
    'ThresholdedRelu',
    sameAsInput,
    slope((g, x, _, node) => heavisideStep(g, shift(g, x, -floatAttribute(node.attributes, 'alpha', 1)))),
  ),
  define(
    'Exp',
    sameAsInput,
    slope((_, __, y) => y),
  ),
  define('Log', sameAsInput, (node) => [div(node.graph, node.dy(), node.x())]),
  // y = √x: y′ = 1 / 2y
  define('Sqrt', sameAsInput, (node) => [scale(node.graph, div(node.graph, node.dy(), node.y()), 0.5)]),
  // y = 1/x: y′ = −y²
  define(
    'Reciprocal',
    sameAsInput,
    slope((g, _, y) => neg(g, square(g, y))),
  ),
  // y = erf(x): y′ = 2/√π · exp(−x²)
  define(
    'Erf',
    sameAsInput,
    slope((g, x) => scale(g, g.op('Exp', [neg(g, square(g, x))]), 2 / Math.sqrt(Math.PI))),
  ),
  // y = tanh(x): y′ = 1 − y²
  define(
    'Tanh',
    sameAsInput,
    slope((g, _, y) => sub(g, scalar(g, 1), square(g, y))),
  ),
  // y = σ(x): y′ = y · (1 − y)
  define(
    'Sigmoid',
    sameAsInput,
    slope((g, _, y) => mul(g, y, sub(g, scalar(g, 1), y))),
  ),
  // y = max(x, 0): y′ = 1 where y > 0, taken as 0 at the corner
  define(
    'Relu',
    sameAsInput,
    slope((g, _, y) => heavisideStep(g, y)),
  ),
  // y = x where x > 0, αx elsewhere
  define(
    'LeakyRelu',
    sameAsInput,
    slope((g, x, _, node) => stepBetween(g, x, scalar(g, floatAttribute(node.attributes, 'alpha', 0.01)))),
  ),
  // y = x where x > 0, α(eˣ − 1) elsewhere: there y′ = αeˣ = y + α
  define(
    'Elu',
    sameAsInput,
    slope((g, x, y, node) => stepBetween(g, x, shift(g, y, floatAttribute(node.attributes, 'alpha', 1)))),
  ),
  // y = γx where x > 0, γα(eˣ − 1) elsewhere: there y′ = y + γα
  define(
    'Selu',
    sameAsInput,
    slope((g, x, y, node) => {
      const alpha = floatAttribute(node.attributes, 'alpha', SELU_ALPHA);
      const gamma = floatAttribute(node.attributes, 'gamma', SELU_GAMMA);
      const positive = heavisideStep(g, x);
      const negative = mul(g, shift(g, y, gamma * alpha), sub(g, scalar(g, 1), positive));
      return add(g, scale(g, positive, gamma), negative);
    }),
  ),
  // y = ln(1 + eˣ): y′ = σ(x)
  define(
    'Softplus',
    sameAsInput,
    slope((g, x) => g.op('Sigmoid', [x])),
  ),
  // y = x · Φ(x) (Hendrycks and Gimpel, 2016), or its tanh approximation
  define('Gelu', sameAsInput, slope(geluSlope)),
  // y = max(0, min(1, αx + β)): y′ = α where 0 < αx + β < 1
  define(
    'HardSigmoid',
    sameAsInput,
    slope((g, _, y, node) => {
      const inside = mul(g, heavisideStep(g, y), heavisideStep(g, sub(g, scalar(g, 1), y)));
      return scale(g, inside, floatAttribute(node.attributes, 'alpha', 0.2));
    }),
  ),
  // y = x · h, h = max(0, min(1, x/6 + 1/2)) (Howard et al., 2019): y′ = h + x/6 where 0 < h < 1, else h
  define(
    'HardSwish',
    sameAsInput,
    slope((g, x) => {
      const gate = g.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) });
      const inside = mul(g, heavisideStep(g, gate), heavisideStep(g, sub(g, scalar(g, 1), gate)));
      return add(g, gate, mul(g, scale(g, x, 1 / 6), inside));
    }),
  ),
  // y = min(max(x, low), high): y′ = 1 where y lies strictly between
  define('Clip', sameAsInput, (node) => {
    if (node.needs(1) || node.needs(2)) node.unsupported('the limits of Clip have no gradient rule');
    const { graph } = node;
    const y = node.y();
    const tent = node.has(1) && node.has(2) ? tentBetween(node.x(1), node.x(2)) : undefined;
    if (tent) return [mul(graph, node.dy(), insideTent(graph, y, tent))];
    const above = node.has(1) ? sub(graph, y, node.x(1)) : undefined;
    const below = node.has(2) ? sub(graph, node.x(2), y) : undefined;
    // Both are at least 0: their product is above 0 where both are.
    const inside = above && below ? mul(graph, above, below) : (above ?? below);
    return [inside ? mul(graph, node.dy(), heavisideStep(graph, inside)) : node.dy()];
  }),
  define(
    'Dropout',
    (node) => [
      { type: node.input(0).type, shape: node.shape(0) },
      { type: 'bool', shape: node.shape(0) },
    ],
    (node) =>
      node.has(2)
        ? node.unsupported('Dropout with a random stream of its own cannot be repeated')
        : [node.dy()],
  ),
  define('HeavisideStep', sameAsInput, 'zero', 'harrier'),
];

/** The middle between two limits, and how far both are from it. */
interface Tent {
  readonly middle: number;
  readonly half: number;
}

/** A power of two, so that no product with it is rounded. */
const SLOPE = 2 ** 100;
/** With a wider tent, its height would be no float32; in a narrower one, the slope would not be steep enough. */
const [NARROWEST, WIDEST] = [2 ** -20, 2 ** 20];

/** Undefined where limits are unknown, or rounding would move them. */
function tentBetween(low: Value, high: Value): Tent | undefined {
  const [from] = knownNumbers(low) ?? [];
  const [to] = knownNumbers(high) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const [middle, half] = [Math.fround((from + to) / 2), Math.fround((to - from) / 2)];
  const isExact = Math.fround(from - middle) === -half && Math.fround(to - middle) === half;
  return isExact && half >= NARROWEST && half <= WIDEST ? { middle, half } : undefined;
}

/** 1 where y is nearer to the middle than the limits are, else 0: one pass less than by products of distances. */
function insideTent(g: GraphBuilder, y: Value, { middle, half }: Tent): Value {
  const distance = g.op('Abs', [sub(g, y, scalar(g, middle))]);
  return g.op('HardSigmoid', [distance], { alpha: float(-SLOPE), beta: float(half * SLOPE) });
}

function geluSlope(g: GraphBuilder, x: Value, _y: Value, node: GradientContext): Value {
  if (stringAttribute(node.attributes, 'approximate', 'none') === 'tanh') {
    // y = x/2 · (1 + t), t = tanh(u), u = √(2/π)(x + 0.044715x³)
    // y′ = (1 + t)/2 + x/2 · (1 − t²) · u′, u′ = √(2/π)(1 + 3 · 0.044715x²)
    const root = Math.sqrt(2 / Math.PI);
    const squared = square(g, x);
    const u = mul(g, scale(g, x, root), shift(g, scale(g, squared, 0.044715), 1));
    const t = g.op('Tanh', [u]);
    const uSlope = shift(g, scale(g, squared, 3 * 0.044715 * root), root);
    const right = mul(g, mul(g, scale(g, x, 0.5), sub(g, scalar(g, 1), square(g, t))), uSlope);
    return add(g, scale(g, shift(g, t, 1), 0.5), right);
  }
  // y′ = Φ(x) + x · φ(x)
  const cumulative = scale(g, shift(g, g.op('Erf', [scale(g, x, Math.SQRT1_2)]), 1), 0.5);
  const density = scale(g, g.op('Exp', [scale(g, square(g, x), -0.5)]), 1 / Math.sqrt(2 * Math.PI));
  return add(g, cumulative, mul(g, x, density));
}
