import { DAMAGED_OR_NEWER, HarrierError } from '../errors.ts';
import { INTERPOLATIONS, RESIZES } from '../options/words.ts';

export { INTERPOLATIONS, RESIZES };

/**
 * How an image of any size comes to the size of a model. `crop`: scaled until it covers the size, its aspect kept, and the middle cut out; `stretch`: the whole image, without
 * regard to its aspect; `pad`: the whole image, its aspect kept, in the middle of a black one.
 */
export type Resize = (typeof RESIZES)[number];

/** The filter that scales an image; all look at everything that falls into a new pixel, and so do not alias. */
export type Interpolation = (typeof INTERPOLATIONS)[number];

/**
 * How an image comes to the size of a model, before its pixels go in. Colours (their order, mean and deviation) are
 * scaled inside the model. The fields are those of timm's configurations.
 */
export interface Preprocessing {
  readonly resize: Resize;
  /**
   * With `crop`: which fraction of the scaled image's shorter side is kept, 0 (not included) to 1. A model of 224 pixels
   * with 0.875 scales the shorter side to 256. 1 for the other ways.
   */
  readonly cropFraction: number;
  readonly interpolation: Interpolation;
}

/** What a model does that does not say: the whole image is stretched. */
export const STRETCHED: Preprocessing = { resize: 'stretch', cropFraction: 1, interpolation: 'lanczos3' };

/** The same with another way: the fraction is that of crops alone. */
export function withResize(preprocessing: Preprocessing, resize: Resize): Preprocessing {
  const { cropFraction, interpolation } = preprocessing;
  return { resize, cropFraction: resize === 'crop' ? cropFraction : 1, interpolation };
}

/**
 * Which part of an image a model of square images sees, as a fraction of its area.
 * @param aspect width over height
 */
export function seenFraction({ resize, cropFraction }: Preprocessing, aspect: number): number {
  return resize === 'crop' ? cropFraction ** 2 * Math.min(aspect, 1 / aspect) : 1;
}

/** Whether images come to a size as they do for a model that does not say how. */
export function isStretched({ resize, interpolation }: Preprocessing): boolean {
  return resize === STRETCHED.resize && interpolation === STRETCHED.interpolation;
}

/** For people: `middle cropped (87.5%), bicubic`. */
export function preprocessingWords({ resize, cropFraction, interpolation }: Preprocessing): string {
  const percent = cropFraction === 1 ? '' : ` (${Number((100 * cropFraction).toFixed(1))}%)`;
  const ways = { crop: `middle cropped${percent}`, stretch: 'stretched', pad: 'padded with black' };
  return `${ways[resize]}, ${interpolation}`;
}

/** Metadata key of a model's preprocessing; absent where it is `STRETCHED`. */
export const PREPROCESSING_KEY = 'harrier.preprocessing';

/**
 * How a model wants its images, by its own account.
 * @throws HarrierError `bad-graph` when that cannot be read
 */
export function preprocessingOf(metadata: Readonly<Record<string, string>>, where = 'model'): Preprocessing {
  const text = metadata[PREPROCESSING_KEY];
  return text === undefined ? STRETCHED : checked(parsed(text), text, where);
}

/** For a model's metadata: nothing where it is `STRETCHED`, so that old readers see what they know. */
export function preprocessingMetadata(preprocessing: Preprocessing): Readonly<Record<string, string>> {
  const { resize, cropFraction, interpolation } = preprocessing;
  if (isStretched(preprocessing)) return {};
  return { [PREPROCESSING_KEY]: JSON.stringify({ resize, cropFraction, interpolation }) };
}

/** Whether a value from elsewhere is one. */
export function isPreprocessing(given: unknown): given is Preprocessing {
  const { resize, cropFraction, interpolation } = (given ?? {}) as Preprocessing;
  return (
    RESIZES.includes(resize) &&
    cropFraction > 0 &&
    cropFraction <= 1 &&
    INTERPOLATIONS.includes(interpolation)
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checked(given: unknown, text: string, where: string): Preprocessing {
  if (isPreprocessing(given)) {
    const { resize, cropFraction, interpolation } = given;
    return { resize, cropFraction, interpolation };
  }
  throw new HarrierError('bad-graph', 'what it says of its images cannot be read', {
    where: `${where}, ${PREPROCESSING_KEY}`,
    expected: `resize (${RESIZES.join(', ')}), cropFraction (above 0, at most 1) and interpolation (${INTERPOLATIONS.join(', ')})`,
    received: text,
    next: DAMAGED_OR_NEWER,
  });
}
