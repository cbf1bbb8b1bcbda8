import { imageBytes } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { isObject } from '../../options/values.ts';
import { fromBase64, kindOf, readPixels } from '../json.ts';
import type { InputImage, ServedModel } from '../service.ts';

/**
 * An image in JSON: `{"b64": …}` of a file, or numbers by height, width and channel; also under `image`.
 * @throws HarrierError `bad-data`, `bad-shape`
 */
export function imageFrom(value: unknown, { imageShape }: ServedModel, where: string): InputImage {
  const own = unwrap(value);
  if (isObject(own) && typeof own.b64 === 'string') {
    return { kind: 'file', bytes: fromBase64(own.b64, where), where };
  }
  const { height, width, channels } = imageShape;
  if (!Array.isArray(own) || !hasShape(own, [height, width, channels])) {
    throw new HarrierError('bad-shape', 'not an image', {
      where,
      expected: `{"b64": "…"} or numbers of shape [${height}, ${width}, ${channels}]`,
      received: kindOf(own),
    });
  }
  const bytes = new Uint8Array(imageBytes(imageShape));
  readPixels(own, bytes, where);
  return { kind: 'pixels', bytes, where };
}

/** An input may be named, as the model's is: `{"image": …}`. */
export function unwrap(value: unknown): unknown {
  return isObject(value) && Object.keys(value).length === 1 && 'image' in value ? value.image : value;
}

function hasShape(value: unknown, [length, ...rest]: readonly number[]): boolean {
  if (length === undefined) return !Array.isArray(value);
  return Array.isArray(value) && value.length === length && value.every((each) => hasShape(each, rest));
}
