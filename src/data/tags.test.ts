import { describe, expect, it } from 'vitest';
import { batchMaker, batchMemory } from './batches.ts';
import { memoryDataset } from './memory.ts';
import { relabelled } from './relabelled.ts';
import { validationSplit } from './split.ts';
import { firstImages, subset } from './subset.ts';
import { classesOf, classText, imagesOfEach, rarestTags } from './tags.ts';

const CLASSES = ['animal', 'flies', 'hooves'];
// Two birds, a horse, a plane, an image of nothing, and a dog.
const ROWS = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 0]]; // biome-ignore format: a table
const tags = Uint8Array.from(ROWS.flat());

const dataset = memoryDataset({
  name: 'attributes',
  classNames: CLASSES,
  imageShape: { height: 1, width: 1, channels: 3 },
  labels: rarestTags(tags, 3),
  tags,
  pixels: Uint8Array.from({ length: 18 }, (_, i) => Math.floor(i / 3)),
});
const rowsOf = (all: Uint8Array) =>
  Array.from({ length: all.length / 3 }, (_, i) => [...all.subarray(3 * i, 3 * i + 3)]);

describe('images with any number of labels', () => {
  it('are stratified by the rarest label of each; one without counts as one of the most frequent', () => {
    expect([...dataset.labels]).toEqual([1, 1, 2, 1, 0, 0]);
    expect([...imagesOfEach(dataset)]).toEqual([4, 3, 1]);
    expect([classText(dataset, 0), classText(dataset, 4)]).toEqual(['animal;flies', '']);
    expect(classesOf(dataset, 2)).toEqual([0, 2]);
  });

  it('keep their labels in every view of them', () => {
    const view = subset(dataset, [5, 2]);
    expect(rowsOf(view.tags!)).toEqual([ROWS[5], ROWS[2]]);
    const split = validationSplit(dataset, 0.34, 1);
    for (const part of [split.train, split.validation]) {
      for (let i = 0; i < part.size; i++) {
        const image = new Uint8Array(3);
        part.gather([i], image);
        expect(rowsOf(part.tags!)[i]).toEqual(ROWS[image[0]]);
      }
    }
    // The only image with hooves is trained on.
    expect(imagesOfEach(split.train)[2]).toBe(1);
    expect(firstImages(dataset, 3).tags!.length).toBe(9);
  });

  it('are set aside alike where they have a tag and where they have none', () => {
    const tags = Uint8Array.from({ length: 60 }, (_, i) => Number(i % 20 === 0));
    const few = memoryDataset({
      name: 'few',
      classNames: ['fox'],
      imageShape: { height: 1, width: 1, channels: 3 },
      labels: rarestTags(tags, 1),
      tags,
      pixels: new Uint8Array(180),
    });
    const foxes = (seed: number, rules?: 2) =>
      imagesOfEach(validationSplit(few, 0.1, seed, rules).validation)[0];
    const seeds = [...Array(20).keys()];
    expect(seeds.map((seed) => foxes(seed))).toEqual(seeds.map(() => 1));
    // Runs of before go on as they began.
    expect(seeds.map((seed) => foxes(seed, 2))).toContain(0);
  });

  it('move to the places of a model’s labels', () => {
    const moved = relabelled(dataset, ['hooves', 'wheels', 'flies', 'animal']);
    expect([...moved.tags!.subarray(8, 12)]).toEqual([1, 0, 0, 1]);
    expect(moved.hash).not.toBe(dataset.hash);
    expect(() => relabelled(dataset, ['animal', 'flies'])).toThrow('hooves');
  });

  it('have their labels in their hash', () => {
    const other = Uint8Array.from(tags);
    other[12] = 1;
    const { name, classNames, imageShape, labels } = dataset;
    const pixels = Uint8Array.from({ length: 18 }, (_, i) => Math.floor(i / 3));
    expect(memoryDataset({ name, classNames, imageShape, labels, tags: other, pixels }).hash).not.toBe(
      dataset.hash,
    );
  });

  it('come in batches as multi-hot rows', () => {
    const plan = { dataset, batchSize: 6, seed: 1 };
    const { pixels, targets } = batchMaker(plan)(0, 0, batchMemory(plan));
    expect(Array.from({ length: 6 }, (_, i) => [...targets.subarray(3 * i, 3 * i + 3)])).toEqual(
      Array.from({ length: 6 }, (_, i) => ROWS[pixels[3 * i]]),
    );
  });
});
