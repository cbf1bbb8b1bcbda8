import { expect, it } from 'vitest';
import type { ListedImage } from '../../data/image-list.ts';
import { diffLines } from './diff.ts';

const image = (file: string, label: string, split: ListedImage['split'] = 'train') => ({
  file,
  label,
  split,
  sha256: file,
});

it('counts each kind of difference, and names the first images of it', () => {
  const nothing = { came: [], went: [], relabelled: [], moved: [], edited: [], unchanged: 1 };
  expect(diffLines(nothing)).toEqual(['1 image is the same in both']);
  const came = Array.from({ length: 12 }, (_, i) => image(`${i}.jpg`, 'ant'));
  const changed = { before: image('b.jpg', 'ant'), after: image('b.jpg', 'bee') };
  const moved = { before: image('c.jpg', 'ant'), after: image('c.jpg', 'ant', 'test') };
  const lines = diffLines({
    ...nothing,
    came,
    relabelled: [changed],
    moved: [moved],
    edited: [changed, moved],
  });
  expect(lines.slice(0, 2)).toEqual(['12 images came', '  0.jpg (ant), train']);
  expect(lines.slice(11)).toEqual([
    '  and 2 more (--json)',
    '1 image changed class',
    '  b.jpg: ant → bee',
    '1 image moved',
    '  c.jpg (ant): train → test',
    '2 images were edited',
    '  b.jpg (bee)',
    '  c.jpg (ant)',
    '1 image is the same in both',
  ]);
});
