import { describe, expect, it } from 'vitest';
import { mergedClasses } from './merged-classes.ts';

const of = (id: string, name: string, ...images: string[]) => ({
  id,
  name,
  images: images.map((each) => ({ id: each, name: each, blob: new Blob() })),
});
const names = (all: ReturnType<typeof mergedClasses>) =>
  all.map(({ id, name, images }) => [id, name, images.map((image) => image.id).join(' ')].join(': '));

const base = [of('a', 'ants', '1', '2'), of('b', 'bees', '3')];

describe('classes of two tabs', () => {
  it('stay as they are here where the other has changed nothing', () => {
    const mine = [of('b', 'wasps'), of('c', 'new', '9', '3')];
    expect(names(mergedClasses(base, mine, base))).toEqual(names(mine));
  });

  it('have what either has added, renamed and removed', () => {
    const mine = [of('a', 'ants', '2', '4'), of('b', 'bees', '3'), of('c', 'mine')];
    const theirs = [of('a', 'Ants', '1', '2', '5'), of('b', 'bees'), of('d', 'theirs', '6')];
    expect(names(mergedClasses(base, mine, theirs))).toEqual([
      'a: Ants: 2 4 5',
      'b: bees: ',
      'c: mine: ',
      'd: theirs: 6',
    ]);
  });

  it('keep what was added here to a class that the other has removed', () => {
    const mine = [of('a', 'ants', '1', '2', '7'), of('b', 'bees', '3')];
    expect(names(mergedClasses(base, mine, []))).toEqual(['a: ants: 7']);
  });

  it('do not bring back what was removed here', () => {
    const mine = [of('a', 'ants', '1')];
    expect(names(mergedClasses(base, mine, base))).toEqual(['a: ants: 1']);
  });
});
