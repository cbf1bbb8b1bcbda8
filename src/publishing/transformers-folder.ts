import type { ImageInput } from '../data/dataset.ts';
import type { Interpolation } from '../data/preprocessing.ts';
import { STRETCHED } from '../data/preprocessing.ts';
import { HarrierError } from '../errors.ts';
import { thresholdsOf } from '../models/index.ts';
import { encodeModel } from '../onnx/index.ts';
import { logitsModel } from './logits-model.ts';
import type { PublishedModel } from './published-model.ts';

/** Where transformers.js looks for the weights. */
export const MODEL_PATH = 'onnx/model.onnx';

/** PIL's numbers of the filters. */
const RESAMPLE: Readonly<Record<Interpolation, number>> = { lanczos3: 1, bilinear: 2, bicubic: 3 };

/**
 * A model as a folder that transformers.js loads: `pipeline('image-classification', folder)`.
 *
 * @returns contents by path; `config.json` comes last
 * @throws HarrierError `not-supported` when Transformers cannot prepare images as the model wants them
 */
export function transformersFolder(
  published: PublishedModel,
  harrier: string,
  where: string,
): Map<string, string | Uint8Array> {
  const { model } = published;
  const text = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
  const processor = imageProcessor(published.imageShape, where);
  return new Map<string, string | Uint8Array>([
    [MODEL_PATH, encodeModel(logitsModel(model, where))],
    ['preprocessor_config.json', text(processor)],
    ['config.json', text(configOf(published, harrier, where))],
  ]);
}

/** transformers.js takes types of models that it knows: all that classify images are run in the same way. */
function configOf({ model, classNames }: PublishedModel, harrier: string, where: string) {
  const thresholds = thresholdsOf(model.metadata, classNames.length, where);
  return {
    model_type: 'resnet',
    architectures: ['ResNetForImageClassification'],
    num_labels: classNames.length,
    id2label: Object.fromEntries(classNames.map((name, i) => [i, name])),
    label2id: Object.fromEntries(classNames.map((name, i) => [name, i])),
    // In pages transformers.js would otherwise look for a file of 8-bit weights.
    'transformers.js_config': { dtype: 'fp32' },
    problem_type: thresholds ? 'multi_label_classification' : 'single_label_classification',
    harrier: { format: 'transformers.js', version: harrier, ...(thresholds && { thresholds }) },
  };
}

/**
 * How images come to the size of a model, as Transformers' `preprocessor_config.json` says it; mean and deviation are taken
 * to be inside the model.
 *
 * @throws HarrierError `not-supported` for what its processors cannot do
 */
export function imageProcessor(imageShape: ImageInput, where: string) {
  const { height, width, preprocessing = STRETCHED } = imageShape;
  const { resize, cropFraction, interpolation } = preprocessing;
  if (resize === 'pad' || (resize === 'crop' && height !== width)) {
    throw new HarrierError('not-supported', 'Transformers cannot prepare images as this model wants them', {
      where,
      expected: 'images that are stretched, or cropped to a square',
      received:
        resize === 'pad' ? 'images that are padded' : `images that are cropped to ${width} × ${height}`,
      next: 'Use --format npm, or train with --resize crop or stretch.',
    });
  }
  const size = { height, width };
  return {
    // Processors that do just this, in JavaScript as in Python.
    image_processor_type: resize === 'crop' ? 'BitImageProcessor' : 'ViTImageProcessor',
    do_resize: true,
    size: resize === 'crop' ? { shortest_edge: Math.floor(height / cropFraction + 1e-6) } : size,
    resample: RESAMPLE[interpolation],
    ...(resize === 'crop' && { do_center_crop: true, crop_size: size }),
    do_rescale: true,
    rescale_factor: 1 / 255,
    // Mean and deviation are inside the model.
    do_normalize: false,
    do_convert_rgb: true,
  };
}
