import { expect, test } from 'vitest';
import { confusionOrder } from './seriation.ts';

/** A matrix of 10 images a class, of which these are taken for others. */
function matrixOf(classes: number, mistakes: readonly (readonly [number, number, number])[]): number[][] {
  const matrix = Array.from({ length: classes }, (_, i) =>
    Array.from({ length: classes }, (_, j) => (i === j ? 10 : 0)),
  );
  for (const [from, to, count] of mistakes) {
    matrix[from][to] += count;
    matrix[from][from] -= count;
  }
  return matrix;
}

test('classes that are confused lie side by side', () => {
  const order = confusionOrder(
    matrixOf(6, [
      [0, 5, 4],
      [5, 2, 3],
      [3, 1, 5],
    ]),
  );
  // 0 with 5, and 5 with 2; 3 with 1; 4 with none.
  expect(order).toEqual([0, 5, 2, 1, 3, 4]);
});

test('a chain is laid out from one end to the other', () => {
  const chain = [4, 0, 3, 1, 2];
  const mistakes = chain.slice(1).map((to, i) => [chain[i], to, 3] as const);
  const order = confusionOrder(matrixOf(5, mistakes));
  const places = chain.map((each) => order.indexOf(each));
  const steps = places.slice(1).map((place, i) => Math.abs(place - places[i]));
  expect(steps.filter((step) => step === 1).length).toBeGreaterThanOrEqual(3);
  expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
});

test('without mistakes, or without images, classes keep their order', () => {
  expect(confusionOrder(matrixOf(4, []))).toEqual([0, 1, 2, 3]);
  expect(
    confusionOrder([
      [0, 0],
      [0, 0],
    ]),
  ).toEqual([0, 1]);
  expect(confusionOrder([])).toEqual([]);
});

test('blocks of a hundred shuffled classes come together, every time the same', () => {
  // Class i belongs to block i mod 10, and is taken for the others of its block.
  const mistakes = Array.from({ length: 100 }, (_, i) => [i, (i + 10) % 100, 1 + (i % 3)] as const);
  const matrix = matrixOf(100, mistakes);
  const order = confusionOrder(matrix);
  const changes = order.slice(1).filter((each, i) => each % 10 !== order[i] % 10).length;
  expect(changes).toBe(9);
  expect(confusionOrder(matrix)).toEqual(order);
});
