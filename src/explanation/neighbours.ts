import { HarrierError } from '../errors.ts';

/** An image that is like another, and how much. */
export interface Neighbour {
  /** Row of the index. */
  readonly index: number;
  /** Cosine: 1 for the same direction, 0 for nothing in common. */
  readonly similarity: number;
}

/**
 * The rows that are most similar to one row of features, by the cosine, best first. A row of zeros is similar to none: 0.
 *
 * @param embedding float32 `[size]`, a row of `Embedder.embed` or of `Backbone.features`
 * @param rows float32 `[images, size]`, of the same network
 * @param count how many to return; fewer where there are not so many rows
 * @throws HarrierError `bad-shape` for rows of another size
 */
export function nearest(embedding: Float32Array, rows: Float32Array, count: number): Neighbour[] {
  const size = embedding.length;
  if (size === 0 || rows.length % size !== 0) {
    throw new HarrierError('bad-shape', 'the rows have another size than the embedding', {
      where: 'nearest',
      expected: `whole rows of ${size} numbers`,
      received: `${rows.length} numbers`,
      next: 'Compare features of the same network.',
    });
  }
  const own = Math.sqrt(embedding.reduce((sum, value) => sum + value * value, 0));
  const all: Neighbour[] = [];
  for (let index = 0; index * size < rows.length; index++) {
    let product = 0;
    let squares = 0;
    for (let i = 0; i < size; i++) {
      const value = rows[index * size + i];
      product += embedding[i] * value;
      squares += value * value;
    }
    all.push({ index, similarity: product === 0 ? 0 : product / (own * Math.sqrt(squares)) });
  }
  return all.sort((a, b) => b.similarity - a.similarity).slice(0, count);
}
