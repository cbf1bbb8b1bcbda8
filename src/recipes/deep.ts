import {
  Activation,
  Add,
  BatchNormalization,
  Conv2D,
  Dense,
  GlobalMaxPooling2D,
  MaxPooling2D,
  PatchWhitening2D,
  type SymbolicTensor,
} from '../layers/index.ts';
import { defineRecipe } from './recipe.ts';
import { record } from './record.ts';

/**
 * A wider and deeper relative of `record` with shortcuts, as in airbench96 (Jordan, 2024): three convolutions a block,
 * the last two bridged, and cutout on the training images. For a
 * graphics device, or for a night: a run that is stopped goes on with --resume.
 */
export const deep = defineRecipe({
  ...record,
  name: 'deep',
  description:
    'Nine convolutions with shortcuts, for 25 epochs: accuracy first, for a graphics device or a night.',
  target: { accuracy: 0.955, note: 'one seed gave 95.58%: docs/results.md' },
  epochs: 25,
  augmentation: [
    { name: 'RandomFlip', mode: 'alternating' },
    { name: 'RandomTranslation', pixels: 4, fill: 'reflect' },
    { name: 'RandomErasing', size: 12 },
  ],
  options: { width: 128 },
  layers: undefined,
  outputs: (image, { classes }, { width }) => {
    const first = new PatchWhitening2D({ kernelSize: 2 }).apply(image);
    let x = new Activation({ activation: 'gelu' }).apply(first);
    for (const filters of [width, 3 * width, 4 * width]) x = block(x, filters);
    return new Dense({ units: classes, useBias: false, kernelInitializer: 'zeros' }).apply(
      new GlobalMaxPooling2D().apply(x),
    );
  },
});

/** Half the resolution, then two convolutions around which a shortcut leads. */
function block(input: SymbolicTensor, filters: number): SymbolicTensor {
  const convolution = () =>
    new Conv2D({ filters, kernelSize: 3, padding: 'same', useBias: false, kernelInitializer: 'dirac' });
  const normalized = (x: SymbolicTensor) =>
    new BatchNormalization({ momentum: 0.6, epsilon: 1e-12, scale: false }).apply(x);
  const gelu = (x: SymbolicTensor) => new Activation({ activation: 'gelu' }).apply(x);
  const begun = gelu(normalized(new MaxPooling2D({ poolSize: 2 }).apply(convolution().apply(input))));
  const middle = gelu(normalized(convolution().apply(begun)));
  return gelu(new Add().apply([begun, normalized(convolution().apply(middle))]));
}
