import { BLOCKED_DOMAIN, intAttribute, intsAttribute, type Shape, type ValueType } from '../onnx/index.ts';
import { attributeReader, int, ints } from './attributes.ts';
import { define, fixedDims, type InferContext, type OpDefinition } from './definition.ts';
import { atLeast, expand, mul, reduceSum, scale } from './functional.ts';
import { dividedSize, product, windowedShape, windowOf } from './shapes.ts';
import { stockAttributes } from './stock-attributes.ts';

function pooled(node: InferContext): ValueType {
  const x = node.shape(0);
  const kernel = intsAttribute(node.attributes, 'kernel_shape');
  if (!kernel || x.length !== kernel.length + 2)
    return node.fail('the window does not have the rank of the image');
  const window = windowOf(node.attributes, kernel, x.slice(2));
  return { type: node.input(0).type, shape: [x[0], x[1], ...windowedShape(node, x.slice(2), window)] };
}

/** The window's attributes, defaults and automatic padding spelt out, for a composite that repeats it. */
function windowAttributes(attributes: InferContext['attributes'], spatial: readonly number[]) {
  const { kernel, strides, dilations, pads, ceil } = windowOf(
    attributes,
    intsAttribute(attributes, 'kernel_shape') ?? [],
    spatial,
  );
  return { kernel_shape: kernel, strides, dilations, pads, ceil_mode: Number(ceil) };
}

const WINDOW_ATTRIBUTES = {
  kernel_shape: ints(),
  strides: ints(),
  dilations: ints(),
  pads: ints(),
  ceil_mode: int(0),
};

/** Attributes of `harrier.MaxPoolGradient`: those of its pooling, spelt out. */
export const readMaxPoolGradient = attributeReader(WINDOW_ATTRIBUTES);

/** Attributes of `harrier.AveragePoolGradient`: those of its pooling, spelt out, and the shape of the pooling's input. */
export const readAveragePoolGradient = attributeReader({
  ...WINDOW_ATTRIBUTES,
  count_include_pad: int(0),
  input_shape: ints(),
});

export const pooling: OpDefinition[] = [
  // y = the largest of a window: dy goes to the element it came from; ties share it or the first takes it
  define(
    'MaxPool',
    (node) => {
      const y = pooled(node);
      return node.outputCount > 1 ? [y, { type: 'int64', shape: y.shape }] : [y];
    },
    (node) => [
      node.graph.op(
        'MaxPoolGradient',
        [node.dy(), node.x(), node.y()],
        windowAttributes(node.attributes, fixedDims(node.x()).slice(2)),
        { domain: 'harrier' },
      ),
    ],
  ),
  // y = the mean of a window: each of its elements takes an equal part of dy
  define(
    'AveragePool',
    (node) => [pooled(node)],
    (node) => [
      node.graph.op(
        'AveragePoolGradient',
        [node.dy()],
        {
          ...windowAttributes(node.attributes, fixedDims(node.x()).slice(2)),
          count_include_pad: intAttribute(node.attributes, 'count_include_pad', 0),
          input_shape: fixedDims(node.x()),
        },
        { domain: 'harrier' },
      ),
    ],
  ),
  define('GlobalAveragePool', globallyPooled, (node) => {
    const dims = fixedDims(node.x());
    const cells = dims.slice(2).reduce((product, size) => product * size, 1);
    return [expand(node.graph, scale(node.graph, node.dy(), 1 / cells), dims)];
  }),
  // y = the largest of all positions: those that equal it share dy
  define('GlobalMaxPool', globallyPooled, (node) => {
    const { graph } = node;
    const winners = atLeast(graph, node.x(), node.y());
    const spatial = fixedDims(node.x())
      .map((_, axis) => axis)
      .slice(2);
    return [mul(graph, winners, graph.op('Div', [node.dy(), reduceSum(graph, winners, spatial)]))];
  }),
  define(
    'MaxPoolGradient',
    (node) => [{ type: node.input(0).type, shape: node.shape(1) }],
    { none: 'it occurs in gradients only' },
    'harrier',
  ),
  define(
    'AveragePoolGradient',
    (node) => [{ type: node.input(0).type, shape: readAveragePoolGradient(node.attributes).input_shape }],
    { none: 'it occurs in gradients only' },
    'harrier',
  ),
  ...['MaxPool', 'AveragePool'].map((opType) =>
    define(opType, (node) => [pooled(node)], { none: 'it occurs in lowered graphs only' }, BLOCKED_DOMAIN),
  ),
  define(
    'Upsample',
    (node) => {
      const factors = intsAttribute(node.attributes, 'scales') ?? [];
      return [{ type: node.input(0).type, shape: node.shape(0).map((size, i) => Number(size) * factors[i]) }];
    },
    { none: 'it occurs in lowered graphs only' },
    BLOCKED_DOMAIN,
  ),
  define('MaxUnpool', (node) => [{ type: node.input(0).type, shape: unpooledShape(node) }], {
    none: 'it occurs in lowered gradients only',
  }),
  define('Resize', inferResize, { none: 'it occurs in lowered gradients only' }),
];

function globallyPooled(node: InferContext): ValueType[] {
  const x = node.shape(0);
  if (x.length < 3) node.fail('an image (N, C, spatial…) is needed');
  return [{ type: node.input(0).type, shape: [x[0], x[1], ...x.slice(2).map(() => 1)] }];
}

/** The image that a pooling without overlap, of the same attributes, came from; input 2 says it where several fit. */
function unpooledShape(node: InferContext): Shape {
  if (node.has(2)) return node.constant(2);
  const [n, c, ...cells] = node.shape(0);
  const window = windowOf(node.attributes, intsAttribute(node.attributes, 'kernel_shape') ?? [], cells);
  const spatial = cells.map((size, i) => {
    if (typeof size !== 'number') return node.fail(`axis ${2 + i} has no fixed size`);
    const { kernel, strides, pads } = window;
    return (size - 1) * strides[i] + kernel[i] - pads[i] - pads[kernel.length + i];
  });
  return [n, c, ...spatial];
}

/** Sizes come as such, or as factors; for all axes, or for those that `axes` names. An empty constant counts as absent. */
function inferResize(node: InferContext): ValueType[] {
  const { axes, keep_aspect_ratio_policy: policy } = stockAttributes('Resize', node.attributes);
  const x = node.shape(0);
  const over = axes?.map((axis) => node.axis(axis)) ?? x.map((_, axis) => axis);
  const given = <T>(i: number, read: (i: number) => readonly T[]): readonly T[] | undefined => {
    const values = node.has(i) ? read(i) : [];
    if (values.length > 0 && values.length !== over.length)
      node.fail(`input ${i} must have ${over.length} numbers`);
    return values.length > 0 ? values : undefined;
  };
  const factors = given(2, (i) => node.constant(i));
  // Of a batch of any size: PyTorch's exporter takes the sizes of axes that stay from the value itself.
  const sizes = given(3, (i) => node.dimensions(i));
  const shape = [...x];
  if (sizes && policy !== 'stretch') {
    // One factor for all axes: the least or the greatest that the sizes ask for.
    const wanted = node.constant(3).map((size, i) => {
      const length = x[over[i]];
      return typeof length === 'number' ? size / length : node.fail(`axis ${over[i]} has no fixed size`);
    });
    const factor = policy === 'not_larger' ? Math.min(...wanted) : Math.max(...wanted);
    for (const axis of over) shape[axis] = Math.floor(factor * Number(x[axis]) + 0.5);
  } else if (sizes) {
    over.forEach((axis, i) => {
      shape[axis] = sizes[i];
    });
  } else if (factors) {
    over.forEach((axis, i) => {
      const size = x[axis];
      if (factors[i] === 1) return;
      if (typeof size === 'number') shape[axis] = Math.floor(size * factors[i]);
      else if (Number.isSafeInteger(factors[i]))
        shape[axis] = product([size, factors[i]]) ?? `${size}*${factors[i]}`;
      else if (Number.isSafeInteger(1 / factors[i])) shape[axis] = dividedSize(size, 0, 1 / factors[i]);
      else node.fail(`axis ${axis} has no fixed size`);
    });
  } else node.fail('neither scales nor sizes are given');
  return [{ type: node.input(0).type, shape }];
}
