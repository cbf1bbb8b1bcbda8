import { type Sha256, sha256 } from '../data/sha256.ts';
import { HarrierError } from '../errors.ts';
import type { EpochRecord } from '../evaluation/index.ts';
import {
  checkWeights,
  decodeSafetensors,
  encodeSafetensors,
  Network,
  type NetworkConfig,
  type TensorFile,
  type Weights,
} from '../models/index.ts';
import { utf8Encode } from '../utf8.ts';

/** The position of a run. The rest of the run depends only on it, the seed, and the arrays of the checkpoint. */
export interface RunPosition {
  /** Steps taken since the beginning. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Steps taken in the epoch under way. */
  readonly stepInEpoch: number;
  /** Sums over the images of the epoch under way. */
  readonly lossSum: number;
  /** Images classified correctly in the epoch under way. */
  readonly correct: number;
  /** Images seen in the epoch under way. */
  readonly seen: number;
  /** Wall time spent in the epoch under way. */
  readonly seconds: number;
  /** One record for each finished epoch. */
  readonly history: readonly EpochRecord[];
  /** The best epoch so far by validation loss, where there is validation. */
  readonly best?: { readonly epoch: number; readonly validationLoss: number };
}

/** A training run at one moment: all that it needs to resume, bit for bit. */
export interface Checkpoint {
  /** Identity of the run, where it has one. */
  readonly run?: string;
  /** The layers, as plain JSON. */
  readonly network: NetworkConfig;
  /** Weights by name (`conv2d/kernel`), in Keras's layout. */
  readonly weights: Weights;
  /** Optimizer state by parameter and slot (`conv2d/kernel/momentum`), of the shape of its parameter. */
  readonly slots: Weights;
  /** Step, epoch and history of the run. */
  readonly position: RunPosition;
}

/** Raised when a newer file could be misread by an older version. 2: checksum and identity of the run. */
const FORMAT = 2;
const FIRST_WITH_CHECKSUM = 2;
const SLOT_PREFIX = 'optimizer/';
const CHECKSUM = 'harrier.sha256';

/**
 * A checkpoint as the bytes of a `.safetensors` file; arrays are in Keras's layout, under Keras's names.
 *
 * @param hash begins a SHA-256; a platform's own is faster
 */
export function encodeCheckpoint(
  { run, network, weights, slots, position }: Checkpoint,
  hash: () => Sha256 = sha256,
): Uint8Array<ArrayBuffer> {
  const shapes = new Map(Network.from(network).parameters.map(({ name, shape }) => [name, shape]));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, data] of weights) tensors.set(name, { shape: shapes.get(name)!, data });
  for (const [name, data] of slots) {
    const parameter = name.slice(0, name.lastIndexOf('/'));
    tensors.set(SLOT_PREFIX + name, { shape: shapes.get(parameter)!, data });
  }
  return encodeSafetensors(
    withChecksum(
      {
        tensors,
        metadata: {
          'harrier.format': `${FORMAT}`,
          ...(run !== undefined && { 'harrier.run': run }),
          'harrier.network': JSON.stringify(network),
          'harrier.position': JSON.stringify(position),
        },
      },
      hash,
    ),
  );
}

/** The file with the SHA-256 of all that it says: descriptions, names, shapes, and every number. */
export function withChecksum(file: TensorFile, hash: () => Sha256 = sha256): TensorFile {
  return { ...file, metadata: { ...file.metadata, [CHECKSUM]: checksum(file, hash()) } };
}

function checksum({ tensors, metadata }: TensorFile, hash: Sha256): string {
  const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);
  const arrays = [...tensors].sort(byName);
  const described = Object.entries(metadata)
    .filter(([key]) => key !== CHECKSUM)
    .sort(byName);
  hash.update(utf8Encode(JSON.stringify([described, arrays.map(([name, { shape }]) => [name, shape])])));
  for (const [, { data }] of arrays) {
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest();
}

/**
 * Reads the bytes that `encodeCheckpoint` wrote. Files of versions that had no checksum are accepted.
 *
 * @param hash begins a SHA-256; a platform's own is faster
 * @throws HarrierError `bad-checkpoint` when it is damaged (one bit suffices), truncated, from a newer version, or
 *   holds arrays that do not fit its network
 */
export function decodeCheckpoint(bytes: Uint8Array, where: string, hash: () => Sha256 = sha256): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const format = Number(metadata['harrier.format']);
  if (!(Number.isInteger(format) && format >= 1)) {
    throw new HarrierError('bad-checkpoint', 'this is not a checkpoint of Harrier', { where });
  }
  if (format > FORMAT) {
    throw new HarrierError('bad-checkpoint', 'this checkpoint was written by a newer version of Harrier', {
      where,
      expected: `format ${FORMAT} or older`,
      received: `format ${format}`,
      next: 'Update Harrier.',
    });
  }
  const stated = metadata[CHECKSUM];
  if (
    (format >= FIRST_WITH_CHECKSUM || stated !== undefined) &&
    stated !== checksum({ tensors, metadata }, hash())
  ) {
    throw new HarrierError('bad-checkpoint', 'its content does not fit its checksum', {
      where,
      next: 'The file is damaged: use another checkpoint.',
    });
  }
  let network: NetworkConfig;
  let position: RunPosition;
  let parameters: Network['parameters'];
  try {
    network = JSON.parse(metadata['harrier.network']);
    position = checkedPosition(JSON.parse(metadata['harrier.position']));
    parameters = Network.from(network).parameters;
  } catch (cause) {
    throw new HarrierError('bad-checkpoint', 'its description cannot be read', {
      where,
      next: 'The file is damaged: use another checkpoint.',
      cause,
    });
  }
  const weights = new Map<string, Float32Array>();
  const slots = new Map<string, Float32Array>();
  // A layer may be called "optimizer" too: what is a parameter's name is a parameter.
  const own = new Set(parameters.map(({ name }) => name));
  for (const [name, { data }] of tensors) {
    if (own.has(name) || !name.startsWith(SLOT_PREFIX)) weights.set(name, data);
    else slots.set(name.slice(SLOT_PREFIX.length), data);
  }
  checkWeights(parameters, weights, where);
  const run = metadata['harrier.run'];
  return { ...(run !== undefined && { run }), network, weights, slots, position };
}

function checkedPosition(position: RunPosition): RunPosition {
  const { step, epoch, stepInEpoch, lossSum, correct, seen, seconds, history, best } = position;
  const numbers: unknown[] = [step, epoch, stepInEpoch, lossSum, correct, seen, seconds];
  if (best) numbers.push(best.epoch, best.validationLoss);
  for (const record of history) numbers.push(record.epoch, record.loss, record.accuracy);
  if (
    history.length !== epoch ||
    !numbers.every((number) => Number.isFinite(number) && Number(number) >= 0)
  ) {
    throw new Error('the position of the run is no position');
  }
  return position;
}
