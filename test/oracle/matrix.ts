/** Matrix products. */
import {
  at,
  atBroadcast,
  broadcastDims,
  build,
  number,
  type OracleOp,
  type OracleTensor,
  offsetOf,
  only,
  required,
} from './tensor.ts';

/** The last two axes exchanged; a vector stays as it is. */
function transposeLast(x: OracleTensor): OracleTensor {
  const rank = x.dims.length;
  if (rank < 2) return x;
  const swap = (list: number[]): number[] => [...list.slice(0, -2), list[rank - 1], list[rank - 2]];
  return build(swap(x.dims), (position) => at(x, swap(position)));
}

/**
 * NumPy's matmul: matrices in the last two axes, the axes before them broadcast. A vector on the left is a row,
 * one on the right a column, and the axis lent to it is taken away from the result.
 */
function matmul(left: OracleTensor, right: OracleTensor): OracleTensor {
  const a: OracleTensor = left.dims.length === 1 ? { dims: [1, ...left.dims], data: left.data } : left;
  const b: OracleTensor = right.dims.length === 1 ? { dims: [...right.dims, 1], data: right.data } : right;
  const [rows, inner] = a.dims.slice(-2);
  const [innerToo, columns] = b.dims.slice(-2);
  if (inner !== innerToo) throw new RangeError(`MatMul of [${left.dims}] and [${right.dims}]`);
  const batchA = a.dims.slice(0, -2);
  const batchB = b.dims.slice(0, -2);
  const batch = broadcastDims(batchA, batchB);
  const pick = (position: number[], own: number[]): number[] =>
    own.map((dim, axis) => (dim === 1 ? 0 : position[axis + batch.length - own.length]));
  const product = build([...batch, rows, columns], (position) => {
    const [row, column] = position.slice(-2);
    const ofA = offsetOf([...pick(position, batchA), row, 0], a.dims);
    const ofB = offsetOf([...pick(position, batchB), 0, column], b.dims);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a.data[ofA + k] * b.data[ofB + k * columns];
    return sum;
  });
  const dims = [...batch];
  if (left.dims.length > 1) dims.push(rows);
  if (right.dims.length > 1) dims.push(columns);
  return { dims, data: product.data };
}

/** alpha · A' · B' + beta · C, with C broadcast to the product. */
const gemm: OracleOp = (inputs, attributes) => {
  const a = number(attributes, 'transA', 0) ? transposeLast(required(inputs, 0)) : required(inputs, 0);
  const b = number(attributes, 'transB', 0) ? transposeLast(required(inputs, 1)) : required(inputs, 1);
  if (a.dims.length !== 2 || b.dims.length !== 2) throw new RangeError('Gemm takes matrices');
  const alpha = number(attributes, 'alpha', 1);
  const beta = number(attributes, 'beta', 1);
  const c = inputs[2];
  const product = matmul(a, b);
  return [
    build(product.dims, (position) => {
      const scaled = alpha * at(product, position);
      return c ? scaled + beta * atBroadcast(c, position) : scaled;
    }),
  ];
};

/** ONNX Runtime's product with transposes and a factor: alpha · A' · B'. */
const fusedMatMul: OracleOp = (inputs, attributes) => {
  only(attributes, 'transBatchA', 0, 0);
  only(attributes, 'transBatchB', 0, 0);
  const a = number(attributes, 'transA', 0) ? transposeLast(required(inputs, 0)) : required(inputs, 0);
  const b = number(attributes, 'transB', 0) ? transposeLast(required(inputs, 1)) : required(inputs, 1);
  const alpha = number(attributes, 'alpha', 1);
  const product = matmul(a, b);
  return [{ dims: product.dims, data: product.data.map((value) => alpha * value) }];
};

export const matrix: Record<string, OracleOp> = {
  MatMul: (inputs) => [matmul(required(inputs, 0), required(inputs, 1))],
  Gemm: gemm,
  'com.microsoft.FusedMatMul': fusedMatMul,
};
