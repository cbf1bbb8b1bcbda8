import { describe, expect, it } from 'vitest';
import {
  addTensor,
  joined,
  oldFormat,
  Pickle,
  type PickledTensor,
  pickledState,
  zipFormat,
  zipOf,
} from '../../../test/torch-files.ts';
import { HarrierError } from '../../errors.ts';
import { readStateDict } from './state-dict.ts';

const FLOATS = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
/** 2 × 3 as it lies, and its transpose, which shares the storage. */
const TENSORS: Readonly<Record<string, PickledTensor>> = {
  weight: { key: '0', length: 6, shape: [2, 3], strides: [3, 1] },
  turned: { key: '0', length: 6, shape: [3, 2], strides: [1, 3] },
  middle: { key: '0', length: 6, offset: 1, shape: [2], strides: [2] },
  count: { key: '1', type: 'LongStorage', length: 1, shape: [], strides: [] },
  half: { key: '2', type: 'HalfStorage', length: 5, shape: [5], strides: [1] },
  brain: { key: '3', type: 'BFloat16Storage', length: 2, shape: [2], strides: [1] },
};
const STORAGES = {
  '0': FLOATS,
  '1': new Uint8Array(BigInt64Array.of(-7n).buffer),
  '2': new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x7bff).buffer),
  '3': new Uint8Array(Uint16Array.of(0x3f80, 0xc0a0).buffer),
};
const LENGTHS = { '0': 6, '1': 1, '2': 5, '3': 2 };

const FORMATS = ['zip', 'old'] as const;
type Format = (typeof FORMATS)[number];

function fileOf(
  format: Format,
  tensors = TENSORS,
  storages: Record<string, Uint8Array> = STORAGES,
): Uint8Array {
  const state = pickledState(tensors, format === 'old');
  return format === 'old' ? oldFormat(state, storages, LENGTHS) : zipFormat(state, storages);
}

/** A file with a pickle of the test's own, and storages that it tells of. */
function fileWith(format: Format, state: Uint8Array, storages: Record<string, Uint8Array> = {}): Uint8Array {
  return format === 'old' ? oldFormat(state, storages, LENGTHS) : zipFormat(state, storages);
}

describe.each(FORMATS)('a state dictionary in the %s format', (format) => {
  const sentence = (file: Uint8Array): string => {
    try {
      readStateDict(file, 'weights.pth');
    } catch (error) {
      if (error instanceof HarrierError && error.code === 'bad-checkpoint') return error.message;
      throw error;
    }
    return 'nothing was refused';
  };
  const one = (tensor: Partial<PickledTensor>): Uint8Array =>
    fileOf(format, { weight: { ...TENSORS.weight, ...tensor } }, { '0': FLOATS });

  it('gives tensors by name, as they are strided, in float32', () => {
    const state = readStateDict(fileOf(format), 'weights.pth');
    expect([...state.keys()]).toEqual(Object.keys(TENSORS));
    const numbers = Object.fromEntries([...state].map(([name, tensor]) => [name, [...tensor.read()]]));
    expect(numbers).toEqual({
      weight: [1, 2, 3, 4, 5, 6],
      turned: [1, 4, 2, 5, 3, 6],
      middle: [2, 4],
      count: [-7],
      half: [1, -2, 2 ** -24, Number.POSITIVE_INFINITY, 65504],
      brain: [1, -5],
    });
    expect(state.get('turned')!.shape).toEqual([3, 2]);
  });

  it('is found in the dictionary of a training script, and without the names of DataParallel', () => {
    const pickle = new Pickle().bytes(0x7d).items({
      epoch: (own) => own.int(12),
      state_dict: (own) =>
        own.orderedDict().items({
          'module.a': (tensor) => addTensor(tensor, TENSORS.weight, format === 'old'),
        }),
    });
    const state = readStateDict(fileWith(format, pickle.stop(), { '0': FLOATS }), 'checkpoint.pt');
    expect([...state.keys()]).toEqual(['a']);
  });

  it('calls no function: os.system is named and refused', () => {
    const pickle = new Pickle().name('os system').tuple((own) => own.text('touch /tmp/owned'));
    expect(sentence(fileWith(format, pickle.reduce().stop()))).toBe(
      'weights.pth: it holds something else than tensors, which is not loaded: expected a state dictionary: ' +
        'tensors and dictionaries, numbers and texts, received os.system. ' +
        'Save it in PyTorch with torch.save(model.state_dict(), file).',
    );
  });

  it.each([
    ['builtins eval', /received builtins\.eval/],
    ['torch.nn.modules.linear Linear', /received torch\.nn\.modules\.linear\.Linear/],
    ['torch._utils _rebuild_sparse_tensor', /received torch\._utils\._rebuild_sparse_tensor/],
    ['torch load', /received torch\.load/],
    ['__builtin__ getattr', /received __builtin__\.getattr/],
  ])('refuses %s', (name, expected) => {
    expect(sentence(fileWith(format, new Pickle().name(name).bytes(0x29, 0x52).stop()))).toMatch(expected);
  });

  it.each([
    ['INST', 0x69],
    ['OBJ', 0x6f],
    ['NEWOBJ', 0x81],
    ['EXT1', 0x82],
    ['STACK_GLOBAL', 0x93],
    ['BINSTRING', 0x54],
  ])('refuses the opcode %s', (_, opcode) => {
    const hex = opcode.toString(16);
    expect(sentence(fileWith(format, new Pickle().bytes(opcode, 0, 0, 0, 0).stop()))).toMatch(
      new RegExp(`received pickle opcode 0x${hex}`),
    );
  });

  it('refuses to call a storage, or to give attributes to a tensor', () => {
    const call = new Pickle().name('torch FloatStorage').bytes(0x29).reduce().stop();
    expect(sentence(fileWith(format, call))).toMatch(/received torch\.FloatStorage/);
    const attributes = new Pickle();
    addTensor(attributes, TENSORS.weight, format === 'old');
    expect(sentence(fileWith(format, attributes.bytes(0x7d, 0x62).stop()))).toMatch(
      /gives attributes to an object.*received a tensor/,
    );
  });

  it.each<[string, Partial<PickledTensor>, RegExp]>([
    ['a negative stride', { strides: [-3, 1] }, /no shape that could be/],
    ['a negative size', { shape: [-2, 3] }, /no shape that could be/],
    ['a negative offset', { offset: -1 }, /larger than its storage/],
    ['an offset beyond the end', { offset: 1 }, /larger than its storage/],
    ['a huge size', { shape: [2 ** 40, 3] }, /larger than its storage/],
    ['one number repeated without end', { shape: [2 ** 40, 3], strides: [0, 0] }, /larger than its storage/],
    ['more sizes than strides', { shape: [1, 2, 3] }, /no shape that could be/],
    ['a storage of unlike length', { length: 7 }, /the numbers of storage "0" are not there/],
    ['a storage that is not there', { key: '9' }, /storage "9"|numbers that no tensor has/],
    ['a storage of another type', { type: 'ComplexFloatStorage' }, /received torch\.ComplexFloatStorage/],
  ])('refuses a tensor with %s', (_, tensor, expected) => {
    expect(sentence(one(tensor))).toMatch(expected);
  });

  it('refuses one storage told in two ways', () => {
    const tensors = { a: TENSORS.weight, b: { ...TENSORS.weight, type: 'IntStorage' } };
    expect(sentence(fileOf(format, tensors, { '0': FLOATS }))).toMatch(/the numbers of storage "0"/);
  });

  it('refuses a file that is cut off anywhere', () => {
    const whole = fileOf(format);
    for (let length = 0; length < whole.length; length += 7) {
      expect(sentence(whole.slice(0, length))).not.toBe('nothing was refused');
    }
  });

  it.each([
    ['no tensors', new Pickle().bytes(0x7d).stop(), /it holds no tensors/],
    ['a number alone', new Pickle().int(3).stop(), /it is no state dictionary.*received a number/],
    ['values in disorder', new Pickle().bytes(0x73).stop(), /in disorder/],
    ['a reference to nothing', new Pickle().bytes(0x68, 9).stop(), /refers to a value that it does not hold/],
    ['a number of 200 bytes', new Pickle().bytes(0x8a, 9, ...Array(9).fill(1)).stop(), /more than 64 bits/],
    ['another protocol', joined(Uint8Array.of(0x80, 4), new Pickle().stop()), /received protocol 4/],
  ])('refuses %s', (_, state, expected) => {
    expect(sentence(fileWith(format, state))).toMatch(expected);
  });
});

it('refuses archives whose files share bytes, or that hold something else', () => {
  const files = {
    'weights/data.pkl': pickledState(TENSORS, false),
    'weights/data/0': FLOATS,
    'weights/data/1': FLOATS,
  };
  const overlapping = zipOf(files, { at: { 'weights/data/1': 'weights/data/0' } });
  expect(() => readStateDict(overlapping, 'weights.pth')).toThrow(/two of its files share bytes/);
  expect(() => readStateDict(zipOf({ 'word/document.xml': FLOATS }), 'weights.pth')).toThrow(
    /it is no file of PyTorch's weights/,
  );
  expect(() => readStateDict(Uint8Array.from(Array(64).fill(0x3c)), 'page.pth')).toThrow(
    /it is no file of PyTorch's weights.*received another kind of file/,
  );
  const flipped = zipFormat(pickledState({ weight: TENSORS.weight }, false), { '0': FLOATS });
  flipped[flipped.lastIndexOf(0x40)] ^= 1;
  expect(() => readStateDict(flipped, 'weights.pth')).toThrow(/is damaged/);
});
