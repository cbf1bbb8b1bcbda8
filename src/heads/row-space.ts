/** Rows of numbers in coordinates of the space that they span, where that has fewer dimensions than a row has numbers. */
export interface RowSpace {
  /** float32 `[rows, rank]`: distances and inner products of rows are those of the rows themselves. */
  readonly coordinates: Float32Array;
  readonly rank: number;
  /** A kernel for rows `[size, units]` from one for their coordinates `[rank, units]`, of the same length. */
  readonly lift: (kernel: Float32Array, units: number) => Float32Array;
}

/** With more rows than this part of their numbers, finding the space costs more than it saves. */
const MOST_ROWS = 0.5;
/** Square of the part of the longest row below which what is left of a row is rounding. */
const ROUNDING = 1e-10;

/**
 * The space that few rows span, by Cholesky's decomposition of their inner products with pivoting (N. Higham, "Analysis of
 * the Cholesky decomposition of a semi-definite matrix", 1990). A head whose kernel's length is penalised has its best
 * kernel in that space, so nothing is lost by looking for it there.
 *
 * @param rows float32 `[rows, size]`
 * @returns undefined where the rows are too many to save anything
 */
export function rowSpaceOf(rows: Float32Array, size: number): RowSpace | undefined {
  const count = rows.length / size;
  if (count > MOST_ROWS * size) return undefined;
  const products = innerProducts(rows, size, count);
  const { lower, pivots } = decomposed(products, count);
  const rank = pivots.length;
  if (rank === 0) return undefined;
  const coordinates = new Float32Array(count * rank);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < rank; k++) coordinates[row * rank + k] = lower[k][row];
  }
  return { coordinates, rank, lift: (kernel, units) => lifted(kernel, units, { rows, size, lower, pivots }) };
}

function innerProducts(rows: Float32Array, size: number, count: number): Float64Array {
  const products = new Float64Array(count * count);
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      const [from, other] = [a * size, b * size];
      let sum = 0;
      for (let i = 0; i < size; i++) sum += rows[from + i] * rows[other + i];
      products[a * count + b] = sum;
      products[b * count + a] = sum;
    }
  }
  return products;
}

interface Decomposition {
  /** Column k of the factor, by row; rows that were pivots before have zeros. */
  readonly lower: readonly Float64Array[];
  /** The row that each column came from. */
  readonly pivots: readonly number[];
}

function decomposed(products: Float64Array, count: number): Decomposition {
  const left = Float64Array.from({ length: count }, (_, row) => products[row * count + row]);
  const longest = Math.max(...left);
  const lower: Float64Array[] = [];
  const pivots: number[] = [];
  while (pivots.length < count) {
    const pivot = left.reduce((best, value, row) => (value > left[best] ? row : best), 0);
    if (!(left[pivot] > ROUNDING * longest)) break;
    const length = Math.sqrt(left[pivot]);
    const column = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      if (pivots.includes(row)) continue;
      let value = products[row * count + pivot];
      for (const each of lower) value -= each[row] * each[pivot];
      column[row] = value / length;
    }
    column[pivot] = length;
    for (let row = 0; row < count; row++) left[row] -= column[row] ** 2;
    left[pivot] = Number.NEGATIVE_INFINITY;
    lower.push(column);
    pivots.push(pivot);
  }
  return { lower, pivots };
}

/** The kernel Xᵀ · L⁻ᵀ · a, for the rows X that were pivots and their triangle L. */
function lifted(
  kernel: Float32Array,
  units: number,
  { rows, size, lower, pivots }: Decomposition & { readonly rows: Float32Array; readonly size: number },
): Float32Array {
  const result = new Float64Array(size * units);
  const solved = Float64Array.from(kernel);
  for (let k = pivots.length - 1; k >= 0; k--) {
    const from = pivots[k] * size;
    for (let unit = 0; unit < units; unit++) {
      let value = solved[k * units + unit];
      for (let below = k + 1; below < pivots.length; below++) {
        value -= lower[k][pivots[below]] * solved[below * units + unit];
      }
      value /= lower[k][pivots[k]];
      solved[k * units + unit] = value;
      for (let i = 0; i < size; i++) result[i * units + unit] += rows[from + i] * value;
    }
  }
  return Float32Array.from(result);
}
