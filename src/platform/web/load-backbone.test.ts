import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { classifier } from '../../../test/foreign/graphs.ts';
import { encodeModel } from '../../onnx/index.ts';
import { nodeRuntime } from '../node/engine/runtime.ts';
import { loadBackbone } from './load-backbone.ts';

// Nothing here needs a page but its runtime, and Node's gives the same.

const runtime = nodeRuntime({ threads: 1 });
const model = Uint8Array.from(encodeModel(classifier('Gemm, transposed', { size: ['height', 'width'] })));

it('tells what it assumes of a model of another program, and takes another size', async () => {
  const notes: string[] = [];
  const onNote = (sentence: string) => notes.push(sentence);
  const alone = await loadBackbone(model, { runtime, onNote });
  expect(notes).toEqual([
    "backbone does not say how its pixels are scaled: ImageNet's mean and deviation are assumed (--mean, --std).",
    'backbone does not say how images come to its size: the middle 87.5% is assumed (--resize).',
    'backbone takes images of any size: 224 × 224 is assumed (--image-size).',
  ]);
  const reading = { mean: [0.5], std: [0.5], preprocessing: { resize: 'stretch' } } as const;
  const read = await loadBackbone(model, { runtime, reading, imageSize: 32, onNote });
  expect(notes).toHaveLength(3);
  expect([alone, read].map(({ imageShape }) => imageShape.height)).toEqual([224, 32]);
  await Promise.all([alone.dispose(), read.dispose()]);
});

it('ends the download when its signal says so', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': model.length });
    response.write(model.subarray(0, 100));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/net.onnx`;
  const leaving = once(server, 'connection').then(([socket]) => once(socket, 'close'));
  const abort = new AbortController();
  const onProgress = () => abort.abort(new Error('enough'));
  const loading = loadBackbone(address, { runtime, onProgress, signal: abort.signal });
  await expect(loading).rejects.toThrow(/^enough$/);
  await leaving;
  server.close();
});
