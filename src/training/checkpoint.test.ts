import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import { BatchNormalization, Conv2D, Dense, Flatten } from '../layers/index.ts';
import { decodeSafetensors, encodeSafetensors, initialWeights, Network } from '../models/index.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, withChecksum } from './checkpoint.ts';

const SEED = 12;

const network = new Network({
  name: 'Mäusebussard',
  inputShape: [4, 5, 3],
  layers: [
    new Conv2D({ filters: 2, kernelSize: 3, useBias: false }),
    new BatchNormalization(),
    new Flatten(),
    new Dense({ units: 2, activation: 'softmax', name: 'optimizer' }),
  ],
});
const weights = initialWeights(network.parameters, SEED);
const velocity = (name: string) =>
  [`${name}/velocity`, weights.get(name)!.map((value) => value / 3)] as const;
const checkpoint: Checkpoint = {
  run: 'a run',
  network: network.config(),
  weights,
  slots: new Map(network.parameters.filter(({ trainable }) => trainable).map(({ name }) => velocity(name))),
  position: {
    step: 12,
    epoch: 2,
    stepInEpoch: 3,
    lossSum: 1.1000000000000003,
    correct: 7,
    seen: 9,
    seconds: 0.25,
    history: [
      { epoch: 1, loss: 2.2999999999999998, accuracy: 0.1, validationLoss: 2, validationAccuracy: 1 / 3 },
      { epoch: 2, loss: 2.1, accuracy: 0.3, validationLoss: 2.1, validationAccuracy: 0.25 },
    ],
    best: { epoch: 1, validationLoss: 2 },
  },
};

function errorOf(bytes: Uint8Array): HarrierError {
  try {
    decodeCheckpoint(bytes, 'last.safetensors');
  } catch (error) {
    if (error instanceof HarrierError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

/** The checkpoint with something else in its description, and a checksum that fits. */
function changed(metadata: Record<string, string>, without?: string): Uint8Array {
  const file = decodeSafetensors(encodeCheckpoint(checkpoint), 'file');
  const tensors = new Map([...file.tensors].filter(([name]) => name !== without));
  return encodeSafetensors(withChecksum({ tensors, metadata: { ...file.metadata, ...metadata } }));
}
const position = (change: object) =>
  changed({ 'harrier.position': JSON.stringify({ ...checkpoint.position, ...change }) });

describe('a checkpoint', () => {
  it('comes back as it was, a layer called "optimizer" and all', () => {
    const again = decodeCheckpoint(encodeCheckpoint(checkpoint), 'file');
    expect(again).toEqual(
      JSON.parse(JSON.stringify({ ...checkpoint, weights: {}, slots: {} }), (key, value) =>
        key === 'weights' ? checkpoint.weights : key === 'slots' ? checkpoint.slots : value,
      ),
    );
    expect([...again.weights.keys()]).toContain('optimizer/kernel');
    expect([...again.slots.keys()]).toEqual([
      'conv2d/kernel/velocity',
      'batch_normalization/gamma/velocity',
      'batch_normalization/beta/velocity',
      'optimizer/kernel/velocity',
      'optimizer/bias/velocity',
    ]);
  });

  it('is the same bytes for the same state', () => {
    const again = decodeCheckpoint(encodeCheckpoint(checkpoint), 'file');
    expect(encodeCheckpoint(again)).toEqual(encodeCheckpoint(checkpoint));
  });

  it('holds arrays under their names and shapes in Keras', () => {
    const { tensors } = decodeSafetensors(encodeCheckpoint(checkpoint), 'file');
    expect(tensors.get('conv2d/kernel')?.shape).toEqual([3, 3, 3, 2]);
    expect(tensors.get('optimizer/conv2d/kernel/velocity')?.shape).toEqual([3, 3, 3, 2]);
    expect(tensors.get('optimizer/kernel')?.shape).toEqual([12, 2]);
  });

  it('is refused when it is of a newer version', () => {
    const error = errorOf(changed({ 'harrier.format': '3' }));
    expect(error.code).toBe('bad-checkpoint');
    expect(error.message).toBe(
      'last.safetensors: this checkpoint was written by a newer version of Harrier: ' +
        'expected format 2 or older, received format 3. Update Harrier.',
    );
  });

  it.each([
    [
      'no checkpoint',
      encodeSafetensors({ tensors: new Map(), metadata: {} }),
      'this is not a checkpoint of Harrier',
    ],
    ['format 0', changed({ 'harrier.format': '0' }), 'this is not a checkpoint of Harrier'],
    ['a format in words', changed({ 'harrier.format': 'new' }), 'this is not a checkpoint of Harrier'],
    ['no network', changed({ 'harrier.network': '' }), 'its description cannot be read'],
    ['a network that is nothing', changed({ 'harrier.network': 'null' }), 'its description cannot be read'],
    [
      'a network without layers',
      changed({ 'harrier.network': '{"name":"x"}' }),
      'its description cannot be read',
    ],
    ['no position', changed({ 'harrier.position': '{}' }), 'its description cannot be read'],
    ['a step in words', position({ step: '12' }), 'its description cannot be read'],
    ['a negative step', position({ stepInEpoch: -1 }), 'its description cannot be read'],
    ['a history of another length', position({ history: [] }), 'its description cannot be read'],
    ['a best epoch without a loss', position({ best: { epoch: 1 } }), 'its description cannot be read'],
    [
      'no kernel',
      changed({}, 'conv2d/kernel'),
      'another model: conv2d/kernel: expected (3, 3, 3, 2), received nothing',
    ],
    [
      'another network',
      changed({ 'harrier.network': JSON.stringify({ ...network.config(), inputShape: [6, 6, 3] }) }),
      'another model: optimizer/kernel: expected (32, 2), received 24 numbers',
    ],
  ])('is refused with %s', (_, bytes, message) => {
    const error = errorOf(bytes);
    expect(error.code).toBe('bad-checkpoint');
    expect(error.message).toContain('last.safetensors: ');
    expect(error.message).toContain(message);
  });

  it('is refused when cut off anywhere', () => {
    const bytes = encodeCheckpoint(checkpoint);
    for (let length = 0; length < bytes.length; length += 1 + (length % 13)) {
      expect(errorOf(bytes.subarray(0, length)).code).toBe('bad-checkpoint');
    }
  });

  it('is refused when one bit is another, wherever that matters', () => {
    const bytes = encodeCheckpoint(checkpoint);
    const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    for (let at = header; at < bytes.length; at++) {
      bytes[at] ^= 1 << (at % 8);
      expect(errorOf(bytes).message, `byte ${at}`).toContain('its content does not fit its checksum');
      bytes[at] ^= 1 << (at % 8);
    }
    // In the description a changed space changes nothing; but nothing else comes back.
    const whole = decodeCheckpoint(bytes, 'whole');
    for (let bit = 64; bit < header * 8; bit += 3) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      try {
        expect(decodeCheckpoint(bytes, 'noise'), `bit ${bit}`).toEqual(whole);
      } catch (error) {
        if (!(error instanceof HarrierError && error.code === 'bad-checkpoint')) throw error;
      }
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  it('is taken without a checksum when an older version wrote it', () => {
    const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(checkpoint), 'file');
    const { 'harrier.sha256': checksum, 'harrier.run': run, ...others } = metadata;
    expect([checksum, run]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 'a run']);
    const old = encodeSafetensors({ tensors, metadata: { ...others, 'harrier.format': '1' } });
    const { run: none, ...expected } = checkpoint;
    expect(decodeCheckpoint(old, 'old')).toEqual(expected);
    const bare = encodeSafetensors({ tensors, metadata: { ...others, 'harrier.format': '2' } });
    expect(errorOf(bare).message).toContain('its content does not fit its checksum');
  });

  it(`works or is refused, whatever happened to its header (seed ${SEED})`, () => {
    const bytes = encodeCheckpoint(checkpoint);
    const headerLength = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const draw = random(SEED, 'fuzz');
    for (let round = 0; round < 1500; round++) {
      const broken = bytes.slice();
      for (let i = 0; i <= draw.integer(3); i++)
        broken[8 + draw.integer(headerLength - 8)] = 32 + draw.integer(95);
      try {
        decodeCheckpoint(broken, 'noise');
      } catch (error) {
        if (!(error instanceof HarrierError && error.code === 'bad-checkpoint')) throw error;
      }
    }
  });
});
