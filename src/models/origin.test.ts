import { expect, it } from 'vitest';
import { ORIGIN_KEY, originIn, originText } from './origin.ts';

const source = { address: 'hf:timm/tf_efficientnet_lite0.in1k', commit: 'c0', license: 'apache-2.0' };

it('a model file names the pretrained network that it was made of, and so does one that was made of it', () => {
  const fetched = { name: 'efficientnet-lite0', path: '/cache/x.bin', hash: 'a', source };
  const first = originText(fetched);
  const origin = originIn({ [ORIGIN_KEY]: first });
  expect(origin).toEqual({ name: 'efficientnet-lite0', hash: 'a', source });
  const trained = { name: 'runs/first', path: '/home/me/runs/first', hash: 'b', origin };
  expect(originText(trained)).toBe(first);
  // One that somebody publishes states its own terms.
  const published = { address: 'hf:me/first', license: 'mit' };
  expect(originText({ ...trained, source: published })).toBe(
    '{"name":"runs/first","hash":"b","address":"hf:me/first","license":"mit"}',
  );
});

it('a model of this machine is named without its folder', () => {
  expect(originText({ name: '../secret/first', hash: 'b' })).toBe('{"name":"first","hash":"b"}');
  const signed = 'https://me@example.org/models/first.onnx?X-Signature=a/b#c';
  expect(originText({ name: signed, hash: 'b' })).toBe('{"name":"first.onnx","hash":"b"}');
  expect(originIn({ [ORIGIN_KEY]: '{"name":"first","hash":"b"}' })).toEqual({ name: 'first', hash: 'b' });
});

it('what cannot be read is no origin', () => {
  for (const text of ['', 'x', '[]', '{"name": 1, "hash": "b"}', '{"name": "a"}'])
    expect(originIn({ [ORIGIN_KEY]: text })).toBeUndefined();
  expect(originIn({})).toBeUndefined();
});
