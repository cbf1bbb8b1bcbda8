import type { ImageInput } from './dataset.ts';
import { type Preprocessing, STRETCHED } from './preprocessing.ts';
import type { ImageSize } from './scaling.ts';

/** Where an image comes to lie along one axis of a model's input, in pixels of the input. */
export interface AxisPlacement {
  /** Length of the whole image after scaling. */
  readonly scaled: number;
  /** The place of the scaled image at which the input begins; below 0 where the input begins with padding. */
  readonly offset: number;
}

/** Where an image comes to lie in a model's input. */
export interface Placement {
  readonly across: AxisPlacement;
  readonly down: AxisPlacement;
}

/** Keeps quotients such as 224 / (224 / 232) from falling just short of a whole number. */
const ROUNDING = 1e-6;

/**
 * How an image is scaled and where the input of a model cuts it, as torchvision and timm do: for `crop`, the shorter
 * side (with regard to the input's aspect) becomes ⌊side / cropFraction⌋, the other one follows, rounded down; offsets
 * are rounded to the nearest whole number, halves to the even one.
 */
export function placementOf(
  from: ImageSize,
  to: ImageSize,
  { resize, cropFraction }: Preprocessing = STRETCHED,
): Placement {
  if (resize === 'stretch') {
    return { across: { scaled: to.width, offset: 0 }, down: { scaled: to.height, offset: 0 } };
  }
  const isWide = from.width * to.height >= from.height * to.width;
  // The side that scales the image: the shorter one where it must cover the input, the longer one where it must fit.
  const leads = resize === 'crop' ? !isWide : isWide;
  const fraction = resize === 'crop' ? cropFraction : 1;
  const [lead, follow] = leads ? (['width', 'height'] as const) : (['height', 'width'] as const);
  const leading = Math.floor(to[lead] / fraction + ROUNDING);
  const ratio = (leading * from[follow]) / from[lead];
  const following = resize === 'crop' ? Math.floor(ratio + ROUNDING) : Math.round(ratio);
  const scaled = { [lead]: leading, [follow]: following } as Record<'width' | 'height', number>;
  const along = (side: 'width' | 'height'): AxisPlacement => {
    const length = Math.max(1, scaled[side]);
    return { scaled: length, offset: halfOf(length - to[side]) };
  };
  return { across: along('width'), down: along('height') };
}

/** A part of an image in fractions of its width and height. What lies below 0 or above 1 is beside the image. */
export interface ImagePart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The part of an image that a model sees: the whole image where it is stretched or padded, less where it is cropped.
 *
 * @param from size of the image before scaling, upright, in pixels
 * @param shape `imageShape` of a `Classifier` or an `Explainer`
 */
export function seenPart(from: ImageSize, shape: ImageInput): ImagePart {
  const { across, down } = placementOf(from, shape, shape.preprocessing);
  return {
    left: across.offset / across.scaled,
    top: down.offset / down.scaled,
    width: shape.width / across.scaled,
    height: shape.height / down.scaled,
  };
}

/** Whether an image that has the shape already goes in as it is. */
export function keepsPixels(shape: ImageInput): boolean {
  const { across, down } = placementOf(shape, shape, shape.preprocessing);
  return across.scaled === shape.width && down.scaled === shape.height;
}

/** Rounded to the nearest whole number, halves to the even one; for padding, the smaller part comes first. */
function halfOf(difference: number): number {
  if (difference < 0) return -Math.floor(-difference / 2);
  const half = difference / 2;
  return Number.isInteger(half) ? half : 2 * Math.round(half / 2);
}
