import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { images } from '../../../../test/training/problem.ts';
import { flipHorizontal } from '../../../data/augmentation/random-flip.ts';
import { HarrierError } from '../../../errors.ts';
import { previewImage } from './preview.ts';

const dataset = images(9, 8, 8);

/** The cells of each row, made small again: one pixel per pixel of the image. */
async function cellsOf(png: Buffer): Promise<string[][]> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)];
  const cell = (left: number, top: number) =>
    Array.from({ length: 64 }, (_, i) => at(left + (i % 8) * 8 + 4, top + (i >> 3) * 8 + 4)).join();
  // Three rows at the bottom; cells are 64 wide and 6 apart, and the last ends 24 from the right.
  const rows = [2, 1, 0].map((fromBottom) => info.height - 24 - 64 - fromBottom * 70);
  return rows.map((top) =>
    Array.from({ length: 4 }, (_, fromRight) => cell(info.width - 24 - 64 - fromRight * 70, top)).reverse(),
  );
}

const image = (index: number, flipped = false): string => {
  const pixels = new Uint8Array(8 * 8 * 3);
  dataset.gather([index], pixels);
  if (flipped) flipHorizontal(pixels, 0, dataset.imageShape);
  return [...pixels].join();
};

describe('previewImage', () => {
  it('shows what training makes of one image of each class', async () => {
    const png = await previewImage(dataset, {
      perClass: 8,
      augmentation: [{ name: 'RandomFlip', mode: 'alternating' }],
    });
    for (const [label, row] of (await cellsOf(png)).entries()) {
      const sides = [image(label), image(label, true)];
      for (const [i, cell] of row.entries()) {
        expect(sides).toContain(cell);
        if (i > 0) expect(cell).not.toBe(row[i - 1]);
      }
    }
  });

  it('refuses an augmentation that these images are too small for', async () => {
    const error = await previewImage(dataset, {
      augmentation: [{ name: 'RandomTranslation', pixels: 4 }],
    }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.message).toContain('less than half the side of the images, 8, received 4');
  });
});
