/** An image that is like another, and how much. */
export interface Neighbour {
  /** Row of the index. */
  readonly index: number;
  /** Cosine: 1 for the same, 0 for nothing in common. */
  readonly similarity: number;
}

/**
 * The rows that are most similar to one embedding, best first.
 * @param rows float32 `[count, size]`, each of length 1, as `embed` returns them
 */
export function nearest(embedding: Float32Array, rows: Float32Array, count: number): Neighbour[] {
  const size = embedding.length;
  const all: Neighbour[] = [];
  for (let index = 0; index * size < rows.length; index++) {
    let similarity = 0;
    for (let i = 0; i < size; i++) similarity += embedding[i] * rows[index * size + i];
    all.push({ index, similarity });
  }
  return all.sort((a, b) => b.similarity - a.similarity).slice(0, count);
}
