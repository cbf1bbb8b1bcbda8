import { elementCount, type Value } from '../onnx/index.ts';
import { add, fixedDims, reshape, transpose } from '../ops/index.ts';
import type { TargetPass } from './pass.ts';
import { rewrite } from './rewrite.ts';

/** The second factor holds as many times as many numbers as the first, at least. */
const TIMES = 8;
/** Of numbers in the second factor: below, a product takes no time. */
const LARGE = 1 << 16;

/**
 * Swaps the factors of products with a few rows, such as those of a dense layer with a small batch: a · b = (bᵀ · aᵀ)ᵀ.
 * Before it multiplies, ONNX Runtime's CPU copies the second factor into the order in which it reads it, which for a
 * large one and a few rows takes as long as the product. The first factor is read as it lies, or is copied in smaller
 * parts where it is transposed.
 */
export const orderThinProducts: TargetPass = (graph, { target }) => {
  if (target !== 'cpu') return graph;
  return rewrite(graph, (builder) => ({ name, opType, domain, inputs, attributes }) => {
    const [a, b, addend] = inputs;
    if (opType !== 'Gemm' || domain !== '' || !isThin(a!, b!)) return undefined;
    const { transA = 0, transB = 0, beta = 1, ...others } = attributes;
    if (transA !== 0 || (addend && beta !== 1)) return undefined;
    const rows = fixedDims(a!)[0];
    const columns = fixedDims(b!)[transB === 0 ? 1 : 0];
    const write = () => {
      const swapped = builder.op('Gemm', [b, a], { ...others, transA: transB === 0 ? 1 : 0, transB: 1 });
      // As layers of one column: ONNX Runtime would take a transposition of rows into the product again.
      const layers = transpose(builder, reshape(builder, swapped, [columns, rows, 1]), [1, 0, 2]);
      const product = reshape(builder, layers, [rows, columns]);
      return addend ? add(builder, product, addend) : product;
    };
    return [builder.in(name, write)];
  });
};

/** Whether the first factor has few rows beside a second one that is large. What is constant was copied beforehand. */
function isThin(a: Value, b: Value): boolean {
  const [rows] = a.shape;
  const [columns, inner] = b.shape;
  if (typeof rows !== 'number' || typeof columns !== 'number' || typeof inner !== 'number') return false;
  return (
    b.constant === undefined &&
    elementCount([columns, inner]) >= LARGE &&
    TIMES * rows <= Math.min(columns, inner)
  );
}
