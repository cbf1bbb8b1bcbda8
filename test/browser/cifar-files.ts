import sharp from 'sharp';
import type { Dataset } from '../../src/data/dataset.ts';
import { cifar10 } from '../../src/platform/node/datasets/cifar10.ts';

const SIDE = 32;

/** A file as an `<input type="file">` takes it. */
export interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Each reading checks the 180 MB of CIFAR-10 against their hash. */
let cifarTest: Promise<Dataset> | undefined;

/** The first test images of a class of CIFAR-10 as PNG files. */
export async function cifarFiles(className: string, count: number): Promise<Upload[]> {
  cifarTest ??= cifar10().then(({ test }) => test);
  const test = await cifarTest;
  const label = test.classNames.indexOf(className);
  const indices = Array.from(test.labels.keys()).filter((index) => test.labels[index] === label);
  return Promise.all(
    indices.slice(0, count).map(async (index) => {
      const pixels = new Uint8Array(SIDE * SIDE * 3);
      test.gather([index], pixels);
      const buffer = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toBuffer();
      return { name: `${className} ${index}.png`, mimeType: 'image/png', buffer };
    }),
  );
}
