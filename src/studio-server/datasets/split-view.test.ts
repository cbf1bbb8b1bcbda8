import { expect, it } from 'vitest';
import { memoryDataset } from '../../data/memory.ts';
import { SplitView } from './split-view.ts';

const NAMES = ['ant', 'bee', 'flower'];
const FILES = ['meadow.png', 'hive.png', 'desk.png'];

/** A bee on a flower, a bee, and nothing. */
function tagged(): SplitView {
  const dataset = memoryDataset({
    name: 'it',
    classNames: NAMES,
    imageShape: { height: 1, width: 1, channels: 3 },
    labels: [2, 1, 1],
    tags: Uint8Array.of(0, 1, 1, 0, 1, 0, 0, 0, 0),
    pixels: new Uint8Array(9),
    describe: (index) => FILES[index],
  });
  return new SplitView('train', dataset, '/');
}

it('knows all labels of an image, and finds it by each', () => {
  const view = tagged();
  expect([0, 1, 2].map((index) => view.entry(index).labels)).toEqual([[1, 2], [1], []]);
  expect(view.info().counts).toEqual([0, 2, 1]);
  expect([...view.find({ class: 1 })]).toEqual([0, 1]);
  expect([...view.find({ class: 2 })]).toEqual([0]);
  expect([...view.find({ text: 'bee flower' })]).toEqual([0]);
  expect([...view.find({ text: 'bee hive' })]).toEqual([1]);
  expect([...view.find({ text: 'desk' })]).toEqual([2]);
});
