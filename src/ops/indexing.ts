import { int64, numbersOf, type Value } from '../onnx/index.ts';
import { define, fixedDims, type GradientContext, type OpDefinition } from './definition.ts';
import { expand, reshape, scalar } from './functional.ts';
import { stockAttributes } from './stock-attributes.ts';

/** Ops that pick elements by index, and those that put elements where an index says. */
export const indexing: OpDefinition[] = [
  // y = x[indices] along an axis: dx is 0 but for what was picked, where dy is added up
  define(
    'Gather',
    (node) => {
      const axis = node.axis(stockAttributes('Gather', node.attributes).axis);
      const x = node.shape(0);
      const { constant } = node.input(1);
      const size = x[axis];
      if (constant && typeof size === 'number' && numbersOf(constant).some((at) => at < -size || at >= size))
        node.fail(`an index is outside of axis ${axis}`);
      return [
        { type: node.input(0).type, shape: [...x.slice(0, axis), ...node.shape(1), ...x.slice(axis + 1)] },
      ];
    },
    (node) => {
      const { graph } = node;
      const x = fixedDims(node.x());
      const { axis: given } = stockAttributes('Gather', node.attributes);
      const axis = given < 0 ? given + x.length : given;
      const count = fixedDims(node.x(1)).reduce((product, size) => product * size, 1);
      const dims = x.with(axis, count);
      const row = x.map((_, at) => (at === axis ? count : 1));
      return [
        scatter(
          node,
          expand(graph, reshape(graph, node.x(1), row), dims),
          reshape(graph, node.dy(), dims),
          axis,
        ),
      ];
    },
  ),
  // y[i] = x[…, indices[i], …], indices of y's shape
  define(
    'GatherElements',
    (node) => {
      node.axis(stockAttributes('GatherElements', node.attributes).axis);
      return [{ type: node.input(0).type, shape: node.shape(1) }];
    },
    (node) => [scatter(node, node.x(1), node.dy(), stockAttributes('GatherElements', node.attributes).axis)],
  ),
  define(
    'GatherND',
    (node) => {
      const { batch_dims } = stockAttributes('GatherND', node.attributes);
      const [data, indices] = [node.shape(0), node.shape(1)];
      const width = indices.at(-1);
      if (typeof width !== 'number' || width + batch_dims > data.length)
        return node.fail('its indices do not fit');
      return [
        { type: node.input(0).type, shape: [...indices.slice(0, -1), ...data.slice(batch_dims + width)] },
      ];
    },
    { none: 'no network needs it yet' },
  ),
  define('ScatterElements', (node) => [{ type: node.input(0).type, shape: node.shape(0) }], {
    none: 'it occurs in gradients only',
  }),
  define('ScatterND', (node) => [{ type: node.input(0).type, shape: node.shape(0) }], {
    none: 'no network needs it yet',
  }),
  define(
    'OneHot',
    (node) => {
      const rank = node.rank(0) + 1;
      const axis = node.axis(stockAttributes('OneHot', node.attributes).axis, rank);
      const [depth] = node.dimensions(1);
      return [{ type: node.input(2).type, shape: node.shape(0).toSpliced(axis, 0, depth) }];
    },
    { none: 'an index has no slope' },
  ),
  // The k largest along an axis and where they are: dy goes back there
  define(
    'TopK',
    (node) => {
      const axis = node.axis(stockAttributes('TopK', node.attributes).axis);
      // A number that is known at run time alone is a symbolic dimension.
      const [k] = node.input(1).constant ? node.dimensions(1) : [node.input(1).name];
      const size = node.shape(0)[axis];
      if (typeof k === 'number' && typeof size === 'number' && k > size)
        node.fail(`axis ${axis} has no ${k} elements`);
      const shape = node.shape(0).with(axis, k);
      return [
        { type: node.input(0).type, shape },
        { type: 'int64', shape },
      ];
    },
    (node) => [scatter(node, node.y(1), node.dy(), stockAttributes('TopK', node.attributes).axis)],
  ),
];

/** Zeros of the first input's shape, to which updates are added where indices say. */
function scatter(node: GradientContext, indices: Value, updates: Value, axis: number): Value {
  const { graph } = node;
  const zeros = graph.op('Expand', [scalar(graph, 0), graph.constant(int64(fixedDims(node.x())))]);
  return graph.op('ScatterElements', [zeros, indices, updates], { axis, reduction: 'add' });
}
