import { type Dimension, intAttribute, numbersOf, type Value } from '../../onnx/index.ts';
import { type NodeToWrite, shapePart, sliceParts } from '../../ops/index.ts';

/** A size that is computed from others, and not known. */
export const UNKNOWN = Symbol('unknown');
/** A number, the name of a symbolic dimension, or unknown. */
export type Size = Dimension | typeof UNKNOWN;

/**
 * Follows sizes through the nodes that exporters compute shapes with, element by element: of the shape (N, 3, 224, 224)
 * three elements are numbers although the batch is free.
 */
export class KnownSizes {
  readonly #sizes = new Map<Value, readonly Size[]>();

  /** The elements of a value of integers, row-major; undefined where nothing is known of it. */
  of(value: Value): readonly Size[] | undefined {
    if (value.constant)
      return value.type === 'int64' || value.type === 'int32' ? numbersOf(value.constant) : undefined;
    return this.#sizes.get(value);
  }

  remember(value: Value, sizes: readonly Size[]): void {
    this.#sizes.set(value, sizes);
  }

  /** What a node makes of known sizes; undefined where nothing is known of it. */
  through({ opType, domain, inputs, attributes }: NodeToWrite): readonly Size[] | undefined {
    const [x] = inputs;
    if (domain !== '' || !x) return undefined;
    if (opType === 'Shape') return shapePart(x.shape, attributes);
    if (opType === 'Size') return x.shape.every(isNumber) ? [x.shape.reduce((a, b) => a * b, 1)] : undefined;
    if (opType === 'Concat' && x.shape.length === 1) return this.#joined(inputs);
    const known = this.of(x);
    if (!known || x.shape.length > 1) return undefined;
    switch (opType) {
      case 'Identity':
      case 'Reshape':
      case 'Squeeze':
      case 'Unsqueeze':
        return known;
      case 'Cast':
        return attributes.to === INT64 || attributes.to === INT32 ? known : undefined;
      case 'Gather':
        return this.#gathered(known, inputs[1], intAttribute(attributes, 'axis', 0));
      case 'Slice':
        return this.#sliced(known, inputs.slice(1));
      default:
        return undefined;
    }
  }

  #joined(inputs: readonly (Value | undefined)[]): readonly Size[] | undefined {
    const parts = inputs.map((input) => input && this.of(input));
    if (parts.every((part) => part === undefined)) return undefined;
    return parts.flatMap(
      (part, i) => part ?? new Array<Size>(Number(inputs[i]?.shape[0] ?? 0)).fill(UNKNOWN),
    );
  }

  #gathered(known: readonly Size[], indices: Value | undefined, axis: number): readonly Size[] | undefined {
    if (!indices?.constant || axis > 0) return undefined;
    const chosen = numbersOf(indices.constant).map((at) => known.at(at));
    return chosen.every((size) => size !== undefined) ? chosen : undefined;
  }

  #sliced(known: readonly Size[], ranges: readonly (Value | undefined)[]): readonly Size[] | undefined {
    if (ranges.some((range) => range && !range.constant)) return undefined;
    const constants = ranges.map((range) => range?.constant && numbersOf(range.constant));
    const [part] = sliceParts([known.length], constants, (problem) => {
      throw new RangeError(problem);
    });
    if (!part) return known;
    return Array.from({ length: part.count }, (_, i) => known[part.start + i * part.step]);
  }
}

/** Codes of ONNX's element types. */
const [INT32, INT64] = [6, 7];

export function isNumber(size: Size): size is number {
  return typeof size === 'number';
}
