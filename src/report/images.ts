import { h, type JSX } from 'preact';
import { HarrierError } from '../errors.ts';
import { formatCertainty } from '../format/format.ts';
import { named } from './named.ts';

/** A misclassified image, ready to show. */
export interface ReportImage {
  /** The image itself: `data:image/png;base64,…`. Anything else would make the report depend on other files. */
  readonly uri: string;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Name of the true class. */
  readonly trueClass: string;
  /** Name of the predicted class. */
  readonly predictedClass: string;
  /** Probability of the predicted class, 0–1. */
  readonly probability: number;
  /** Where it came from: a file name, or `test #17`. */
  readonly source?: string;
}

/** Below this size pixels are meant to be seen as squares, and not blurred into each other. */
const PIXELATED_BELOW = 100;

/**
 * Mistakes as a wall of images with captions.
 *
 * @throws HarrierError `bad-data` when an image is not an image data URI
 */
export function ImageList({ images }: { readonly images: readonly ReportImage[] }): JSX.Element {
  return h('ul', { class: 'image-list' }, images.map(image));
}

function image({ uri, width, height, source, ...evaluated }: ReportImage): JSX.Element {
  if (!/^data:image\/[a-z+.-]+;base64,[A-Za-z0-9+/=]+$/.test(uri)) {
    throw new HarrierError('bad-data', 'an image of the report is not a data URI', {
      expected: 'data:image/png;base64,…',
      received: uri.slice(0, 40),
    });
  }
  const { trueClass, predictedClass, probability } = evaluated;
  const isCrisp = Math.max(width, height) < PIXELATED_BELOW;
  return h(
    'li',
    null,
    h(
      'figure',
      { title: source },
      h('img', {
        src: uri,
        width,
        height,
        alt: `${trueClass}, taken for ${predictedClass}`,
        class: isCrisp ? 'crisp' : undefined,
      }),
      h(
        'figcaption',
        null,
        'true ',
        named(trueClass),
        ' → ',
        h('b', null, named(predictedClass)),
        ` ${formatCertainty(probability)}`,
      ),
    ),
  );
}
