import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelProtoSchema, StringStringEntryProtoSchema } from '../../../onnx/generated/onnx_pb.ts';
import { decodeModel, encodeModel, float32, modelOf, numbersOf } from '../../../onnx/index.ts';
import { createGraph } from '../../../ops/index.ts';
import { filesOfWeights, readModelFile } from './model-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-model-'));
});
afterEach(() => rm(folder, { recursive: true }));

function model(): Uint8Array {
  const graph = createGraph('g');
  const x = graph.input('x', 'float32', ['N', 2]);
  const w = graph.initializer('w', float32([2], [3, 4]));
  graph.output(graph.op('Mul', [x, w]), 'y');
  return encodeModel(modelOf(graph.build()));
}

/** The same model with its weights elsewhere, 4 bytes into the file. */
async function modelWith(entries: Record<string, string>): Promise<string> {
  const proto = fromBinary(ModelProtoSchema, model());
  const [weight] = proto.graph!.initializer;
  weight.rawData = new Uint8Array();
  weight.dataLocation = 1;
  weight.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  const file = join(folder, 'm.onnx');
  await writeFile(file, toBinary(ModelProtoSchema, proto));
  return file;
}

const weights = (bytes: Uint8Array) => numbersOf(decodeModel(bytes).graph.initializers.get('w')!);
const data = Buffer.concat([Buffer.alloc(4), Buffer.from(new Float32Array([3, 4]).buffer)]);

describe('readModelFile', () => {
  it('gives a file that holds its own weights as it is', async () => {
    const file = join(folder, 'm.onnx');
    await writeFile(file, model());
    expect(Buffer.from(await readModelFile(file))).toEqual(Buffer.from(model()));
  });

  it.each([
    ['m.onnx.data', { location: 'm.onnx.data', offset: '4', length: '8' }],
    ['parts/a.bin', { location: 'parts/a.bin', offset: '4' }],
    ['m.onnx.data', { location: './m.onnx.data', offset: '4', checksum: '00' }],
  ])('puts weights of %s inside', async (name, entries) => {
    await mkdir(join(folder, 'parts'));
    await writeFile(join(folder, name), data);
    const bytes = await readModelFile(await modelWith(entries));
    expect(weights(bytes)).toEqual([3, 4]);
  });

  it('names the files in which weights are, whether they are there or not', async () => {
    const file = await modelWith({ location: 'parts/a.bin', offset: '4', length: '8' });
    expect(await filesOfWeights(file)).toEqual([join(folder, 'parts', 'a.bin')]);
    await writeFile(file, model());
    expect(await filesOfWeights(file)).toEqual([]);
    await writeFile(file, model().subarray(0, 20));
    expect(await filesOfWeights(file)).toEqual([]);
    expect(await filesOfWeights(join(folder, 'none.onnx'))).toEqual([]);
  });

  it('follows a link within the folder', async () => {
    await writeFile(join(folder, 'real.bin'), data);
    await symlink('real.bin', join(folder, 'link.bin'));
    expect(weights(await readModelFile(await modelWith({ location: 'link.bin', offset: '4' })))).toEqual([
      3, 4,
    ]);
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    [
      'a missing file',
      { location: 'gone.data' },
      'not-found',
      /w: .*does not exist.*gone\.data.*Copy that file beside/,
    ],
    [
      'an absolute path',
      { location: '/etc/hostname' },
      'bad-graph',
      /outside the model's folder.*"\/etc\/hostname"/,
    ],
    ['a path upwards', { location: '../secret.bin' }, 'bad-graph', /outside the model's folder/],
    ['a detour upwards', { location: 'a/../../secret.bin' }, 'bad-graph', /outside the model's folder/],
    ['the folder itself', { location: '.' }, 'bad-graph', /outside the model's folder/],
    ['a link that leads out', { location: 'out.bin' }, 'bad-graph', /outside the model's folder/],
    [
      'a file that is too short',
      { location: 'short.bin', offset: '4' },
      'bad-graph',
      /expected 12 bytes.*received 8/,
    ],
    ['a wrong length', { location: 'short.bin', length: '7' }, 'bad-graph', /expected 8 bytes, received 7/],
    ['an offset that is no number', { location: 'short.bin', offset: '-1' }, 'bad-graph', /offset.*"-1"/],
    ['no location', {}, 'bad-graph', /no location/],
    ['a folder in its place', { location: 'parts' }, 'bad-data', /this is a folder: expected a file/],
  ])('refuses %s', async (_, entries, code, message) => {
    await mkdir(join(folder, 'parts'));
    await writeFile(join(folder, 'short.bin'), data.subarray(0, 8));
    await symlink('/etc/hostname', join(folder, 'out.bin'));
    const file = await modelWith(entries);
    await expect(readModelFile(file)).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('says that there is no such file', async () => {
    await expect(readModelFile(join(folder, 'none.onnx'))).rejects.toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
  });
});
