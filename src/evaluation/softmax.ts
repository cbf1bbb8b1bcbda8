/**
 * Softmax of one image's scores.
 *
 * @param scores `[classes]`; numbers that are not finite give NaN
 * @param inverse what the scores are multiplied by first: 1 / temperature. Default 1
 */
export function softmax(scores: ArrayLike<number>, inverse = 1): Float64Array {
  const row = Float64Array.from(scores);
  const most = row.reduce((a, b) => Math.max(a, b));
  const exponentials = row.map((score) => Math.exp(inverse * (score - most)));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / total);
}
