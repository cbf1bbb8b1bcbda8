import {
  type Dimension,
  float,
  floatAttribute,
  intAttribute,
  type Shape,
  type Value,
} from '../onnx/index.ts';
import {
  define,
  fixedDims,
  type GradientContext,
  type InferContext,
  type OpDefinition,
} from './definition.ts';
import { reshape, scale } from './functional.ts';
import { broadcastShapes } from './shapes.ts';

/** Swaps the last two sizes. */
function transposed(shape: Shape, yes: boolean): Shape {
  return yes ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
}

/** NumPy's matmul: a vector on the left is a row, one on the right a column, and the axis lent to it is not kept. */
function productShape(node: InferContext, left: Shape, right: Shape): Dimension[] {
  if (left.length === 0 || right.length === 0)
    return node.fail('a matrix product needs an axis on both sides');
  const a = left.length === 1 ? [1, ...left] : left;
  const b = right.length === 1 ? [...right, 1] : right;
  if (a.at(-1) !== b.at(-2)) node.fail(`inner sizes ${a.at(-1)} and ${b.at(-2)} differ`);
  const batch =
    broadcastShapes(a.slice(0, -2), b.slice(0, -2)) ?? node.fail('batch sizes cannot be broadcast');
  const rows = left.length === 1 ? [] : [a.at(-2)!];
  const columns = right.length === 1 ? [] : [b.at(-1)!];
  return [...batch, ...rows, ...columns];
}

/** a·b with either transposed in its last two axes: Gemm for plain matrices, a composite for batches of them. */
function multiply(node: GradientContext, a: Value, b: Value, transA: boolean, transB: boolean): Value {
  const flags = { transA: Number(transA), transB: Number(transB) };
  if (a.shape.length === 2 && b.shape.length === 2) return node.graph.op('Gemm', [a, b], flags);
  return node.graph.op('TransposedMatMul', [a, b], flags, { domain: 'harrier' });
}

function matrixGradients(node: GradientContext, a: Value, b: Value, dy: Value): (Value | undefined)[] {
  if (a.shape.length > 2 && b.shape.length === 2) {
    // One matrix for all: rows of the batch are rows of one product.
    const [inner, columns] = fixedDims(b);
    const flat = (value: Value, width: number) => reshape(node.graph, value, [-1, width]);
    return [
      node.needs(0)
        ? reshape(node.graph, multiply(node, flat(dy, columns), b, false, true), fixedDims(a))
        : undefined,
      node.needs(1) ? multiply(node, flat(a, inner), flat(dy, columns), true, false) : undefined,
    ];
  }
  return [
    node.needs(0) ? multiply(node, dy, b, false, true) : undefined,
    node.needs(1) ? multiply(node, a, dy, true, false) : undefined,
  ];
}

export const matrix: OpDefinition[] = [
  // Y = A·B: dA = dY·Bᵀ, dB = Aᵀ·dY; the walk sums over batch axes that were broadcast
  define(
    'MatMul',
    (node) => [{ type: node.input(0).type, shape: productShape(node, node.shape(0), node.shape(1)) }],
    (node) => {
      const { graph } = node;
      const [a, b, dy] = [fixedDims(node.x(0)), fixedDims(node.x(1)), fixedDims(node.dy())];
      if (a.length > 1 && b.length > 1) return matrixGradients(node, node.x(0), node.x(1), node.dy());
      // Vectors: as the matrices of one row or column that they stand for.
      const columns = b.length === 1 ? [...dy, 1] : dy;
      const full = a.length === 1 ? columns.toSpliced(-1, 0, 1) : columns;
      const row = a.length === 1 ? reshape(graph, node.x(0), [1, ...a]) : node.x(0);
      const column = b.length === 1 ? reshape(graph, node.x(1), [...b, 1]) : node.x(1);
      const [da, db] = matrixGradients(node, row, column, reshape(graph, node.dy(), full));
      return [
        da && a.length === 1 ? reshape(graph, da, fixedDims(da).toSpliced(-2, 1)) : da,
        db && b.length === 1 ? reshape(graph, db, fixedDims(db).toSpliced(-1, 1)) : db,
      ];
    },
  ),
  // Y = α·A′·B′ + β·C, where ′ transposes if asked to:
  // dA′ = α·dY·B′ᵀ, dB′ = α·A′ᵀ·dY, dC = β·dY
  define(
    'Gemm',
    (node) => {
      if (node.rank(0) !== 2 || node.rank(1) !== 2) node.fail('Gemm multiplies two matrices');
      const a = transposed(node.shape(0), intAttribute(node.attributes, 'transA', 0) === 1);
      const b = transposed(node.shape(1), intAttribute(node.attributes, 'transB', 0) === 1);
      const shape = productShape(node, a, b);
      if (node.has(2)) {
        const sum = broadcastShapes(shape, node.shape(2));
        if (!sum || sum.some((size, i) => size !== shape[i]))
          node.fail('the addend does not fit the product');
      }
      return [{ type: node.input(0).type, shape }];
    },
    (node) => {
      const [a, b, dy] = [node.x(0), node.x(1), node.dy()];
      const transA = intAttribute(node.attributes, 'transA', 0);
      const transB = intAttribute(node.attributes, 'transB', 0);
      const alpha = floatAttribute(node.attributes, 'alpha', 1);
      const beta = floatAttribute(node.attributes, 'beta', 1);
      const gemm = (left: Value, right: Value, leftTransposed: number, rightTransposed: number) =>
        node.graph.op('Gemm', [left, right], {
          transA: leftTransposed,
          transB: rightTransposed,
          ...(alpha === 1 ? {} : { alpha: float(alpha) }),
        });
      return [
        node.needs(0) ? (transA ? gemm(b, dy, transB, 1) : gemm(dy, b, 0, 1 - transB)) : undefined,
        node.needs(1) ? (transB ? gemm(dy, a, 1, transA) : gemm(a, dy, 1 - transA, 0)) : undefined,
        node.needs(2) ? scale(node.graph, dy, beta) : undefined,
      ];
    },
  ),
  define('TransposedMatMul', transposedProduct, { none: 'it occurs in gradients only' }, 'harrier'),
  define('FusedMatMul', transposedProduct, { none: 'it occurs in lowered gradients only' }, 'com.microsoft'),
];

function transposedProduct(node: InferContext) {
  const a = transposed(node.shape(0), intAttribute(node.attributes, 'transA', 0) === 1);
  const b = transposed(node.shape(1), intAttribute(node.attributes, 'transB', 0) === 1);
  return [{ type: node.input(0).type, shape: productShape(node, a, b) }];
}
