import { elementTypeCode, elementTypeOf, numbersOf } from '../onnx/index.ts';
import { define, type InferRule, type OpDefinition } from './definition.ts';
import {
  add,
  div,
  heavisideStep,
  mul,
  neg,
  oneWhereZero,
  scalar,
  scale,
  shift,
  sub,
  where,
} from './functional.ts';
import { broadcastInputs } from './shapes.ts';

const broadcast: InferRule = (node) => [{ type: node.input(0).type, shape: broadcastInputs(node) }];
const comparison: InferRule = (node) => [{ type: 'bool', shape: broadcastInputs(node) }];

/** Two inputs, broadcast against each other. The walk sums gradients back to each input's own shape. */
export const arithmetic: OpDefinition[] = [
  define('Add', broadcast, (node) => [node.dy(), node.dy()]),
  define('Sub', broadcast, (node) => [node.dy(), node.needs(1) ? neg(node.graph, node.dy()) : undefined]),
  // y = ab: da = dy · b, db = dy · a
  define('Mul', broadcast, (node) => [
    node.needs(0) ? mul(node.graph, node.dy(), node.x(1)) : undefined,
    node.needs(1) ? mul(node.graph, node.dy(), node.x(0)) : undefined,
  ]),
  // y = a/b: da = dy / b, db = −dy · y / b
  define('Div', broadcast, (node) => [
    node.needs(0) ? div(node.graph, node.dy(), node.x(1)) : undefined,
    node.needs(1)
      ? neg(node.graph, div(node.graph, mul(node.graph, node.dy(), node.y()), node.x(1)))
      : undefined,
  ]),
  // y = aᵇ: da = dy · b · aᵇ⁻¹, db = dy · y · ln a. At a = 0 the factors b = 0 and y = 0 meet an infinity: what they
  // would multiply is put aside, so that their product is 0.
  define('Pow', broadcast, (node) => {
    const { graph } = node;
    const base = node.x(0);
    // The exponent may be of another type; a gradient is a float.
    const same = node.x(1).type === base.type;
    const exponent = same ? node.x(1) : graph.op('Cast', [node.x(1)], { to: elementTypeCode(base.type) });
    const known = node.x(1).constant;
    const safeExponent = () =>
      known && !numbersOf(known).includes(0) ? exponent : oneWhereZero(graph, exponent);
    return [
      node.needs(0)
        ? mul(
            graph,
            node.dy(),
            mul(graph, exponent, graph.op('Pow', [base, shift(graph, safeExponent(), -1)])),
          )
        : undefined,
      node.needs(1)
        ? mul(graph, node.dy(), mul(graph, node.y(), graph.op('Log', [oneWhereZero(graph, base)])))
        : undefined,
    ];
  }),
  // y = max(a, b): to a where a > b, else to b
  define('Max', broadcast, (node) => {
    if (node.inputCount !== 2) node.unsupported('Max of other than two inputs has no gradient rule');
    const { graph } = node;
    const first = heavisideStep(graph, sub(graph, node.x(0), node.x(1)));
    return [mul(graph, node.dy(), first), mul(graph, node.dy(), sub(graph, scalar(graph, 1), first))];
  }),
  // y = min(a, b): to a where b > a, else to b
  define('Min', broadcast, (node) => {
    if (node.inputCount !== 2) node.unsupported('Min of other than two inputs has no gradient rule');
    const { graph } = node;
    const first = heavisideStep(graph, sub(graph, node.x(1), node.x(0)));
    return [mul(graph, node.dy(), first), mul(graph, node.dy(), sub(graph, scalar(graph, 1), first))];
  }),
  define('Sum', broadcast, (node) => Array.from({ length: node.inputCount }, () => node.dy())),
  // y = a where the condition holds, else b
  define(
    'Where',
    (node) => [{ type: node.input(1).type, shape: broadcastInputs(node) }],
    (node) => {
      const zero = scalar(node.graph, 0);
      return [
        undefined,
        node.needs(1) ? where(node.graph, node.x(0), node.dy(), zero) : undefined,
        node.needs(2) ? where(node.graph, node.x(0), zero, node.dy()) : undefined,
      ];
    },
  ),
  define('Equal', comparison, 'zero'),
  define('Greater', comparison, 'zero'),
  define('GreaterOrEqual', comparison, 'zero'),
  define('Less', comparison, 'zero'),
  define('LessOrEqual', comparison, 'zero'),
  define('And', comparison, 'zero'),
  define('Or', comparison, 'zero'),
  define('Xor', comparison, 'zero'),
  define('Mod', broadcast, { none: 'it jumps' }),
  // y = Σ x / n
  define('Mean', broadcast, (node) =>
    Array.from({ length: node.inputCount }, () => scale(node.graph, node.dy(), 1 / node.inputCount)),
  ),
  // y = x where x > 0, slope · x elsewhere
  define(
    'PRelu',
    (node) => [{ type: node.input(0).type, shape: node.shape(0) }],
    (node) => {
      const { graph } = node;
      const positive = heavisideStep(graph, node.x());
      const negative = sub(graph, scalar(graph, 1), positive);
      return [
        node.needs(0)
          ? mul(graph, node.dy(), add(graph, positive, mul(graph, node.x(1), negative)))
          : undefined,
        node.needs(1) ? mul(graph, node.dy(), mul(graph, node.x(), negative)) : undefined,
      ];
    },
  ),
  // Between floats a cast passes the gradient on; from or to integers there is none.
  define(
    'Cast',
    (node) => [{ type: elementTypeOf(Number(node.attributes.to), 'Cast'), shape: node.shape(0) }],
    (node) => [
      node.x().type === 'float32' && node.y().type === 'float32'
        ? node.dy()
        : node.x().type.startsWith('float') && node.y().type.startsWith('float')
          ? node.unsupported('Cast between float widths has no gradient rule')
          : undefined,
    ],
  ),
];
