import { HarrierError } from '../../errors.ts';
import { type Dimension, formatShape, type Graph, type NamedType } from '../../onnx/index.ts';

/** The image that a graph takes. */
export interface ImageInput {
  readonly name: string;
  /** Whether channels come last: `[N, H, W, 3]`. */
  readonly channelsLast: boolean;
  readonly channels: 1 | 3;
  /** Undefined where the graph leaves it open. */
  readonly height: number | undefined;
  readonly width: number | undefined;
  /** Whether it takes pixels as they are, 0 to 255. */
  readonly takesPixels: boolean;
}

/**
 * Finds the image among the inputs of a graph.
 * @throws HarrierError `not-supported` for a graph of no image, or of more than one input
 */
export function imageInput({ inputs }: Graph, where: string): ImageInput {
  const refuse = (summary: string, next: string): never => {
    throw new HarrierError('not-supported', summary, {
      where,
      expected: 'one input: an image, float32 or uint8, (N, 3, height, width) or (N, height, width, 3)',
      received: inputs.map(described).join(' and ') || 'none',
      next,
    });
  };
  const [input] = inputs;
  if (inputs.length !== 1) {
    return refuse(
      `this model has ${inputs.length === 0 ? 'no' : inputs.length} inputs`,
      'Export the part of it that classifies images alone.',
    );
  }
  const { name, type, shape, unranked } = input;
  if (unranked) return refuse('the model does not state the shape of its input', 'Export it again with one.');
  const isImage = shape.length === 4 && ['float32', 'float16', 'uint8'].includes(type);
  const layout = isImage ? layoutOf(shape) : undefined;
  if (!layout) return refuse('this is no model of images', 'Take one that was trained on images.');
  const [height, width] = layout.channelsLast ? shape.slice(1, 3) : shape.slice(2);
  return { name, ...layout, height: size(height), width: size(width), takesPixels: type === 'uint8' };
}

/** Undefined for a shape that has no axis of colours. */
function layoutOf([, second, , last]: NamedType['shape']):
  | Pick<ImageInput, 'channelsLast' | 'channels'>
  | undefined {
  const isColours = (size: Dimension): size is 1 | 3 => size === 3 || size === 1;
  if (isColours(second)) return { channelsLast: false, channels: second };
  if (isColours(last)) return { channelsLast: true, channels: last };
  // Exporters of the hub leave all axes open.
  if (typeof second === 'string' && typeof last === 'string') {
    return { channelsLast: /channel/i.test(last), channels: 3 };
  }
  return typeof second === 'string' ? { channelsLast: false, channels: 3 } : undefined;
}

function size(given: Dimension): number | undefined {
  return typeof given === 'number' ? given : undefined;
}

function described({ name, type, shape, unranked }: NamedType): string {
  return `"${name}": ${type}${unranked ? '' : formatShape(shape)}`;
}
