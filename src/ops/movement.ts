import {
  type Dimension,
  elementCount,
  type GraphBuilder,
  int64,
  intAttribute,
  intsAttribute,
  type Shape,
  stringAttribute,
  type Value,
  type ValueType,
} from '../onnx/index.ts';
import {
  define,
  fixedDims,
  type GradientContext,
  type InferContext,
  type OpDefinition,
} from './definition.ts';
import { axes, reduceSum, reshape, scalar, slice, transpose } from './functional.ts';
import { broadcastShapes, product } from './shapes.ts';
import { stockAttributes } from './stock-attributes.ts';

/** Ops that move elements and compute nothing: their gradients move them back. */
export const movement: OpDefinition[] = [
  define('Reshape', inferReshape, (node) => [reshape(node.graph, node.dy(), fixedDims(node.x()))]),
  define('Flatten', inferFlatten, (node) => [reshape(node.graph, node.dy(), fixedDims(node.x()))]),
  define('Squeeze', inferSqueeze, (node) => [reshape(node.graph, node.dy(), fixedDims(node.x()))]),
  define('Unsqueeze', inferUnsqueeze, (node) => [reshape(node.graph, node.dy(), fixedDims(node.x()))]),
  define(
    'Transpose',
    (node) => [{ type: node.input(0).type, shape: permutationOf(node).map((axis) => node.shape(0)[axis]) }],
    (node) => {
      const perm =
        intsAttribute(node.attributes, 'perm') ??
        node
          .x()
          .shape.map((_, i) => i)
          .reverse();
      const inverse = perm.map((_, axis) => perm.indexOf(axis));
      return [transpose(node.graph, node.dy(), inverse)];
    },
  ),
  define('Concat', inferConcat, (node) => {
    const rank = node.x().shape.length;
    const axis = intAttribute(node.attributes, 'axis', 0);
    const along = axis < 0 ? axis + rank : axis;
    let start = 0;
    return Array.from({ length: node.inputCount }, (_, i) => {
      const end = start + fixedDims(node.x(i))[along];
      const part = node.needs(i) ? slice(node.graph, node.dy(), [along], [start], [end]) : undefined;
      start = end;
      return part;
    });
  }),
  define('Slice', inferSlice, sliceGradient),
  define('Pad', inferPad, padGradient),
  define(
    'Expand',
    (node) => {
      const dims = node.dimensions(1);
      return [
        {
          type: node.input(0).type,
          shape:
            broadcastShapes(node.shape(0), dims) ?? node.fail(`cannot be broadcast to (${dims.join(', ')})`),
        },
      ];
    },
    (node) => [node.dy()],
  ),
  // y = parts of x along an axis: dx = the parts' gradients, joined
  define('Split', inferSplit, (node) => {
    const { axis } = stockAttributes('Split', node.attributes);
    const parts = Array.from({ length: node.outputCount }, (_, i) =>
      node.hasDy(i) ? node.dy(i) : zeros(node.graph, fixedDims(node.y(i))),
    );
    return [node.graph.op('Concat', parts, { axis })];
  }),
  // y = x repeated along every axis: dx = Σ dy over the repetitions
  define(
    'Tile',
    (node) => {
      const repeats = node.constant(1);
      if (repeats.length !== node.rank(0)) node.fail('it needs one number of repetitions for each axis');
      return [
        {
          type: node.input(0).type,
          shape: node.shape(0).map((size, i) => product([size, repeats[i]]) ?? `${size}*${repeats[i]}`),
        },
      ];
    },
    (node) => {
      const dims = fixedDims(node.x());
      const repeats = node.constant(1)!;
      const split = reshape(
        node.graph,
        node.dy(),
        dims.flatMap((size, i) => [repeats[i], size]),
      );
      return [
        reduceSum(
          node.graph,
          split,
          dims.map((_, i) => 2 * i),
          false,
        ),
      ];
    },
  ),
  // Channels to positions: (N, b, b, C, H, W) or (N, C, b, b, H, W) to (N, C, H, b, W, b), and back for the gradient
  define('DepthToSpace', inferDepthToSpace, (node) => {
    const { blocksize: b, mode } = stockAttributes('DepthToSpace', node.attributes);
    const [n, c, h, w] = fixedDims(node.y());
    const split = reshape(node.graph, node.dy(), [n, c, h / b, b, w / b, b]);
    const perm = mode === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
    return [reshape(node.graph, transpose(node.graph, split, perm), fixedDims(node.x()))];
  }),
  // Positions to channels: (N, C, H, b, W, b) to (N, b, b, C, H, W)
  define('SpaceToDepth', inferSpaceToDepth, (node) => {
    const { blocksize: b } = stockAttributes('SpaceToDepth', node.attributes);
    const [n, c, h, w] = fixedDims(node.x());
    const split = reshape(node.graph, node.dy(), [n, b, b, c, h / b, w / b]);
    return [reshape(node.graph, transpose(node.graph, split, [0, 3, 4, 1, 5, 2]), [n, c, h, w])];
  }),
  // y keeps one triangle of the last two axes: dx keeps it too
  define(
    'Trilu',
    (node) => [{ type: node.input(0).type, shape: node.shape(0) }],
    (node) => [node.graph.op('Trilu', [node.dy(), node.has(1) ? node.x(1) : undefined], node.attributes)],
  ),
];

function inferReshape(node: InferContext): ValueType[] {
  const x = node.shape(0);
  const wanted = node.dimensions(1);
  const keepZero = intAttribute(node.attributes, 'allowzero', 0) === 1;
  const shape: Dimension[] = wanted.map((size, i) => (size === 0 && !keepZero ? x[i] : size));
  const unknown = shape.indexOf(-1);
  const total = product(x);
  if (unknown < 0) {
    if (typeof total === 'number' && product(shape) !== total) {
      node.fail(`${total} elements do not fit (${shape.join(', ')})`);
    }
    return [{ type: node.input(0).type, shape }];
  }
  // A symbolic dimension that stands on both sides cancels out.
  const rest = shape.filter((_, i) => i !== unknown);
  const left = [...x];
  for (const size of rest) {
    const same = typeof size === 'string' ? left.indexOf(size) : -1;
    if (same >= 0) left.splice(same, 1);
  }
  const known = elementCount(rest.filter((size) => typeof size === 'number') as number[]);
  const remaining = product(left);
  if (typeof remaining === 'number') {
    if (remaining % known !== 0) node.fail(`${remaining} elements do not divide into rows of ${known}`);
    shape[unknown] = remaining / known;
  } else {
    const free = left.filter((size): size is string => typeof size === 'string');
    // What an earlier Reshape multiplied a symbolic dimension by counts among the fixed ones.
    const [, name, factor = '1'] = /^(.+?)(?:\*(\d+))?$/.exec(free[0])!;
    const sizes = left.filter((size) => typeof size === 'number') as number[];
    const fixed = elementCount([...sizes, Number(factor)]);
    if (free.length === 1 && fixed % known === 0) {
      shape[unknown] = fixed === known ? name : `${name}*${fixed / known}`;
    } else shape[unknown] = 'unknown';
  }
  return [{ type: node.input(0).type, shape }];
}

function inferFlatten(node: InferContext): ValueType[] {
  const x = node.shape(0);
  const given = intAttribute(node.attributes, 'axis', 1);
  const axis = given < 0 ? given + x.length : given;
  const part = (sizes: Shape): Dimension => product(sizes) ?? sizes.join('*');
  return [{ type: node.input(0).type, shape: [part(x.slice(0, axis)), part(x.slice(axis))] }];
}

function inferSqueeze(node: InferContext): ValueType[] {
  const x = node.shape(0);
  const over = node.has(1)
    ? node.constant(1).map((axis) => node.axis(axis))
    : x.flatMap((size, axis) => (size === 1 ? [axis] : []));
  return [{ type: node.input(0).type, shape: x.filter((_, axis) => !over.includes(axis)) }];
}

function inferUnsqueeze(node: InferContext): ValueType[] {
  const over = node.constant(1);
  const rank = node.rank(0) + over.length;
  const shape: Dimension[] = [...node.shape(0)];
  for (const axis of over.map((axis) => node.axis(axis, rank)).sort((a, b) => a - b))
    shape.splice(axis, 0, 1);
  return [{ type: node.input(0).type, shape }];
}

function permutationOf(node: InferContext): readonly number[] {
  const perm =
    intsAttribute(node.attributes, 'perm') ??
    node
      .shape(0)
      .map((_, i) => i)
      .reverse();
  if (perm.length !== node.rank(0)) node.fail(`perm [${perm.join(', ')}] has the wrong length`);
  return perm;
}

function inferConcat(node: InferContext): ValueType[] {
  const axis = node.axis(intAttribute(node.attributes, 'axis', 0));
  const shape: Dimension[] = [...node.shape(0)];
  for (let i = 1; i < node.inputCount; i++) {
    const other = node.shape(i);
    if (other.length !== shape.length) node.fail('ranks differ');
    other.forEach((size, at) => {
      if (at === axis) shape[axis] = joined(shape[axis], size);
      else if (size !== shape[at])
        node.fail(`sizes differ along axis ${at}, which is not the axis of the concatenation`);
    });
  }
  return [{ type: node.input(0).type, shape }];
}

function joined(a: Dimension, b: Dimension): Dimension {
  return typeof a === 'number' && typeof b === 'number' ? a + b : `${a}+${b}`;
}

export interface SlicePart {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  /** How many elements are taken. */
  readonly count: number;
}

/** What a Slice takes along each of its axes, after clamping as the ONNX specification has it. */
export function sliceParts(
  dims: Shape,
  constants: (readonly number[] | undefined)[],
  fail: (p: string) => never,
): SlicePart[] {
  const [starts = [], ends = [], over = starts.map((_, i) => i), steps = starts.map(() => 1)] = constants;
  return starts.map((start, i) => {
    const axis = over[i] < 0 ? over[i] + dims.length : over[i];
    const size = dims[axis];
    if (typeof size !== 'number') return fail(`axis ${axis} has no fixed size`);
    const step = steps[i];
    const clamp = (at: number, low: number, high: number) =>
      Math.min(Math.max(at < 0 ? at + size : at, low), high);
    const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
    const to = step > 0 ? clamp(ends[i], 0, size) : clamp(ends[i], -1, size - 1);
    return { axis, start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
  });
}

function inferSlice(node: InferContext): ValueType[] {
  const constants = [1, 2, 3, 4].map((i) => (node.has(i) ? node.constant(i) : undefined));
  const shape = [...node.shape(0)];
  for (const { axis, count } of sliceParts(node.shape(0), constants, (problem) => node.fail(problem))) {
    shape[axis] = count;
  }
  return [{ type: node.input(0).type, shape }];
}

/** dx is zero where nothing was taken: dy spread to its steps, turned round if need be, and padded. */
function sliceGradient(node: GradientContext): (Value | undefined)[] {
  const { graph } = node;
  const dims = fixedDims(node.x());
  const constants = [1, 2, 3, 4].map((i) => node.constant(i));
  let dx = node.dy();
  for (const part of sliceParts(dims, constants, (problem) => node.unsupported(problem))) {
    const { axis, count } = part;
    let { start, step } = part;
    if (step < 0) {
      const backwards = Array.from({ length: count }, (_, i) => count - 1 - i);
      dx = graph.op('Gather', [dx, graph.constant(int64(backwards))], { axis });
      start += (count - 1) * step;
      step = -step;
    }
    let length = count;
    if (step > 1) {
      const apart = fixedDims(dx);
      dx = reshape(graph, dx, [...apart.slice(0, axis + 1), 1, ...apart.slice(axis + 1)]);
      dx = padWithZeros(node, dx, axis + 1, 0, step - 1);
      length = count * step;
      dx = reshape(graph, dx, [...apart.slice(0, axis), length, ...apart.slice(axis + 1)]);
    }
    const after = dims[axis] - start - length;
    if (after < 0) dx = slice(graph, dx, [axis], [0], [length + after]);
    dx = padWithZeros(node, dx, axis, start, Math.max(0, after));
  }
  return [dx];
}

function padWithZeros(node: GradientContext, x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x;
  const rank = x.shape.length;
  const pads = Array.from({ length: 2 * rank }, (_, i) =>
    i === axis ? before : i === axis + rank ? after : 0,
  );
  return node.graph.op('Pad', [x, axes(node.graph, pads), scalar(node.graph, 0)], { mode: 'constant' });
}

/** Cells added before and after along every axis. */
export function padsOf(
  rank: number,
  pads: readonly number[],
  over: readonly number[] | undefined,
): [number[], number[]] {
  const along =
    over?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? Array.from({ length: rank }, (_, i) => i);
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  along.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[i + along.length];
  });
  return [before, after];
}

function inferPad(node: InferContext): ValueType[] {
  const [before, after] = padsOf(node.rank(0), node.constant(1), node.has(3) ? node.constant(3) : undefined);
  const shape = node.shape(0).map((size, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return size;
    return typeof size === 'number'
      ? size + before[axis] + after[axis]
      : node.fail(`axis ${axis} has no fixed size`);
  });
  return [{ type: node.input(0).type, shape }];
}

function padGradient(node: GradientContext): (Value | undefined)[] {
  const mode = stringAttribute(node.attributes, 'mode', 'constant');
  if (mode !== 'constant') node.unsupported(`Pad in mode "${mode}" has no gradient rule`);
  if (node.needs(2)) node.unsupported('the fill value of Pad has no gradient rule');
  const dims = fixedDims(node.x());
  const [before, after] = padsOf(dims.length, node.constant(1)!, node.constant(3));
  if ([...before, ...after].some((cells) => cells < 0))
    node.unsupported('Pad by a negative number has no gradient rule');
  const over = dims.flatMap((_, axis) => (before[axis] || after[axis] ? [axis] : []));
  return [
    over.length === 0
      ? node.dy()
      : slice(
          node.graph,
          node.dy(),
          over,
          over.map((axis) => before[axis]),
          over.map((axis) => before[axis] + dims[axis]),
        ),
  ];
}

function zeros(graph: GraphBuilder, dims: readonly number[]): Value {
  return graph.op('Expand', [scalar(graph, 0), graph.constant(int64(dims))]);
}

/** Sizes are an input, or follow from the number of outputs: all alike but for the last, which may be smaller. */
function inferSplit(node: InferContext): ValueType[] {
  const { axis: given, num_outputs } = stockAttributes('Split', node.attributes);
  const axis = node.axis(given);
  const size = node.shape(0)[axis];
  const count = num_outputs ?? node.outputCount;
  if (count !== node.outputCount) node.fail(`it states ${count} outputs and has ${node.outputCount}`);
  const even = (): Dimension[] => {
    if (typeof size !== 'number') return node.fail(`axis ${axis} has no fixed size`);
    const each = Math.ceil(size / count);
    return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, size - i * each)));
  };
  const sizes = node.has(1) ? node.dimensions(1) : even();
  if (sizes.length !== count) node.fail(`${sizes.length} sizes for ${count} outputs`);
  const total = product([sizes.reduce<Dimension>((sum, each) => joined(sum, each), 0)]);
  if (typeof total === 'number' && typeof size === 'number' && total !== size)
    node.fail(`sizes that add up to ${total} do not fit axis ${axis} of ${size}`);
  return sizes.map((each) => ({ type: node.input(0).type, shape: node.shape(0).with(axis, each) }));
}

function inferDepthToSpace(node: InferContext): ValueType[] {
  const { blocksize: b } = stockAttributes('DepthToSpace', node.attributes);
  const [n, c, h, w] = node.shape(0);
  if (node.rank(0) !== 4 || typeof c !== 'number' || c % (b * b) !== 0)
    return node.fail(`the channels of an image (N, C, H, W) must divide by ${b} · ${b}`);
  const times = (size: Dimension) => product([size, b]) ?? `${size}*${b}`;
  return [{ type: node.input(0).type, shape: [n, c / (b * b), times(h), times(w)] }];
}

function inferSpaceToDepth(node: InferContext): ValueType[] {
  const { blocksize: b } = stockAttributes('SpaceToDepth', node.attributes);
  const [n, c, h, w] = node.shape(0);
  const part = (size: Dimension) =>
    typeof size === 'number' && size % b === 0 ? size / b : node.fail(`height and width must divide by ${b}`);
  if (node.rank(0) !== 4 || typeof c !== 'number') return node.fail('an image (N, C, H, W) is needed');
  return [{ type: node.input(0).type, shape: [n, c * b * b, part(h), part(w)] }];
}
