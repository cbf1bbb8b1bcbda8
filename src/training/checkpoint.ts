import { HarrierError } from '../errors.ts';
import type { EpochRecord } from '../evaluation/index.ts';
import { decodeSafetensors, encodeSafetensors, Network, type NetworkConfig, type Weights } from '../models/index.ts';
import { elementCount } from '../onnx/index.ts';

/** Where a run stands. With the seed, this and the arrays are all that the rest of the run depends on. */
export interface RunPosition {
  /** Steps taken since the beginning. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Steps taken in the epoch under way. */
  readonly stepInEpoch: number;
  /** Sums over the images of the epoch under way. */
  readonly lossSum: number;
  readonly correct: number;
  readonly seen: number;
  /** Wall time spent in the epoch under way. */
  readonly seconds: number;
  readonly history: readonly EpochRecord[];
  /** The best epoch so far by validation loss, where there is validation. */
  readonly best?: { readonly epoch: number; readonly validationLoss: number };
}

export interface Checkpoint {
  readonly network: NetworkConfig;
  readonly weights: Weights;
  readonly slots: Weights;
  readonly position: RunPosition;
}

/** Raised when a newer file could be misread by this version. */
const FORMAT = 1;
const SLOT_PREFIX = 'optimizer/';

/** A checkpoint as the bytes of a `.safetensors` file; arrays are in Keras's layout, under Keras's names. */
export function encodeCheckpoint({ network, weights, slots, position }: Checkpoint): Uint8Array<ArrayBuffer> {
  const shapes = new Map(Network.from(network).parameters.map(({ name, shape }) => [name, shape]));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, data] of weights) tensors.set(name, { shape: shapes.get(name)!, data });
  for (const [name, data] of slots) {
    const parameter = name.slice(0, name.lastIndexOf('/'));
    tensors.set(SLOT_PREFIX + name, { shape: shapes.get(parameter)!, data });
  }
  return encodeSafetensors({
    tensors,
    metadata: {
      'harrier.format': `${FORMAT}`,
      'harrier.network': JSON.stringify(network),
      'harrier.position': JSON.stringify(position),
    },
  });
}

/**
 * Reads what `encodeCheckpoint` wrote.
 * @throws HarrierError `bad-checkpoint` when it is damaged, truncated, or from a newer version
 */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const format = Number(metadata['harrier.format']);
  if (!Number.isInteger(format)) {
    throw new HarrierError('bad-checkpoint', 'this is no checkpoint of Harrier', { where });
  }
  if (format > FORMAT) {
    throw new HarrierError('bad-checkpoint', 'this checkpoint was written by a newer version of Harrier', {
      where,
      expected: `format ${FORMAT} or older`,
      received: `format ${format}`,
      next: 'Update Harrier.',
    });
  }
  try {
    const network: NetworkConfig = JSON.parse(metadata['harrier.network']);
    const position: RunPosition = JSON.parse(metadata['harrier.position']);
    const weights = new Map<string, Float32Array>();
    const slots = new Map<string, Float32Array>();
    for (const [name, { data, shape }] of tensors) {
      if (data.length !== elementCount(shape)) throw new Error(name);
      if (name.startsWith(SLOT_PREFIX)) slots.set(name.slice(SLOT_PREFIX.length), data);
      else weights.set(name, data);
    }
    return { network, weights, slots, position };
  } catch (cause) {
    throw new HarrierError('bad-checkpoint', 'its description cannot be read', {
      where,
      next: 'The file is damaged: take another checkpoint.',
      cause,
    });
  }
}
