import { expect, it } from 'vitest';
import { Reporter } from '../reporter.ts';
import { imagesFor } from './images.ts';

it('refuses a model whose images are not square, before the data is opened', async () => {
  const model = { imageShape: { height: 32, width: 48, channels: 3 }, metadata: {}, thresholds: undefined };
  for (const data of [undefined, 'nowhere']) {
    await expect(imagesFor({ modelFile: 'wide.onnx' }, model, { data }, new Reporter())).rejects.toThrow(
      /^wide\.onnx: data sets are read as square images, and this model takes others: received a model of images of 48 × 32 pixels .* npx harrier predict MODEL FOLDER --csv\.$/,
    );
  }
});
