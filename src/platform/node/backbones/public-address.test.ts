import { expect, it } from 'vitest';
import { publicAddress } from './public-address.ts';

it.each([
  [
    'https://me:secret@host.example:8443/a%20b/base.onnx?sv=1&sig=abc#x',
    'https://host.example:8443/a%20b/base.onnx',
  ],
  ['https://host.example/base.onnx', 'https://host.example/base.onnx'],
  ['hf:owner/name@main:onnx/model.onnx', 'hf:owner/name@main:onnx/model.onnx'],
  ['./photos?', './photos?'],
])('%s is shown as %s', (given, shown) => {
  expect(publicAddress(given)).toBe(shown);
});
