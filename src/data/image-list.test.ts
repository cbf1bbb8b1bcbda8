import { describe, expect, it } from 'vitest';
import {
  diffImageLists,
  imageListFromText,
  imageListToText,
  type ListedImage,
  listImages,
} from './image-list.ts';
import { memoryDataset } from './memory.ts';
import { sha256 } from './sha256.ts';

const image = (sha: string, label = 'ant', file = `${sha}.jpg`, split: ListedImage['split'] = 'train') => ({
  file,
  label,
  split,
  sha256: sha,
});
const names = (images: readonly ListedImage[]) => images.map(({ file }) => file);

describe('the list of the images of a run', () => {
  const dataset = memoryDataset({
    name: 'made',
    imageShape: { height: 1, width: 2, channels: 3 },
    classNames: ['ant', 'bee'],
    labels: [0, 1, 1],
    pixels: Uint8Array.from([1, 2, 3, 4, 5, 6, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6]),
  });

  it('names each image with its class, its part and the hash of its pixels', () => {
    const images = listImages(
      [
        ['train', dataset],
        ['validation', undefined],
        ['test', dataset],
      ],
      sha256,
    );
    expect(images.map(({ label, split }) => [label, split])).toEqual([
      ...['ant', 'bee', 'bee'].map((label) => [label, 'train']),
      ...['ant', 'bee', 'bee'].map((label) => [label, 'test']),
    ]);
    expect(images[0].sha256).toBe(
      sha256()
        .update(Uint8Array.of(1, 2, 3, 4, 5, 6))
        .digest()
        .slice(0, 16),
    );
    expect(images[2].sha256).toBe(images[0].sha256);
    expect(images[1].sha256).not.toBe(images[0].sha256);
    expect(imageListFromText(imageListToText(images), 'images.jsonl')).toEqual(images);
  });

  it('refuses a line that is none, with a sentence', () => {
    const text = `${imageListToText([image('1')])}{"file":"a.jpg"}\n`;
    expect(() => imageListFromText(text, 'runs/x/images.jsonl')).toThrow(
      /^runs\/x\/images\.jsonl, line 2: this line is not an image of a run: expected .*, received \{"file":"a\.jpg"\}/,
    );
  });
});

describe('diffImageLists', () => {
  it('finds what came, went, changed class, moved and was edited', () => {
    const before = [
      ...[image('same'), image('gone'), image('wrong', 'ant'), image('renamed', 'ant', 'old.jpg')],
      ...[image('moved'), image('first', 'ant', 'edited.jpg'), image('both', 'ant', 'two.jpg')],
    ];
    const after = [
      ...[image('same'), image('new'), image('wrong', 'bee'), image('renamed', 'ant', 'new.jpg')],
      ...[image('moved', 'ant', 'moved.jpg', 'test'), image('second', 'ant', 'edited.jpg')],
      image('other', 'bee', 'two.jpg'),
    ];
    const diff = diffImageLists(before, after);
    expect([names(diff.came), names(diff.went)]).toEqual([['new.jpg'], ['gone.jpg']]);
    expect(diff.relabelled.map(({ before, after }) => [after.file, before.label, after.label])).toEqual([
      ['wrong.jpg', 'ant', 'bee'],
      ['two.jpg', 'ant', 'bee'],
    ]);
    expect(diff.moved.map(({ after }) => [after.file, after.split])).toEqual([['moved.jpg', 'test']]);
    expect(names(diff.edited.map(({ after }) => after))).toEqual(['edited.jpg', 'two.jpg']);
    // The same, and the one that has another name.
    expect(diff.unchanged).toBe(2);
  });

  it('counts copies of an image one by one', () => {
    const copies = [image('x', 'ant', '1.jpg'), image('x', 'bee', '2.jpg'), image('x', 'ant', '3.jpg')];
    const diff = diffImageLists(copies, copies.slice(1));
    expect([names(diff.went), diff.relabelled, diff.unchanged]).toEqual([['3.jpg'], [], 2]);
  });

  it('goes by names where images had other sizes', () => {
    const small = [image('1', 'ant', 'a.jpg'), image('2', 'bee', 'b.jpg')];
    const large = [image('3', 'bee', 'a.jpg'), image('4', 'bee', 'c.jpg')];
    const diff = diffImageLists(small, large, false);
    expect([names(diff.came), names(diff.went), diff.edited]).toEqual([['c.jpg'], ['b.jpg'], []]);
    expect(diff.relabelled).toHaveLength(1);
  });
});
