import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import * as ofNode from '../../src/platform/node/run.ts';

// harrier/run as exported packages carry it: small, and with no dependency but ONNX Runtime (and sharp in Node).

const folder = resolve(import.meta.dirname, '../../dist/bundle/run');
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');
const importsOf = (name: string) =>
  [...textOf(name).matchAll(/(?:import\(|from|require\()\s*["'`]([^"'`]+)["'`]/g)].map(([, from]) => from);

it('is smaller than 30 kB in a page', () => {
  expect(textOf('browser.js').length).toBeLessThan(30_000);
  expect(importsOf('browser.js')).toEqual(['onnxruntime-web/wasm']);
});

it('loads sharp and ONNX Runtime in Node only when they are needed', () => {
  const files = readdirSync(folder).filter((name) => /\.c?js$/.test(name));
  expect(files).toEqual(expect.arrayContaining(['browser.js', 'node.js', 'node.cjs']));
  for (const name of files.filter((each) => each.startsWith('node'))) {
    const others = importsOf(name).filter((from) => !from.startsWith('.') && !from.startsWith('node:'));
    expect(others).toEqual(
      /^node\./.test(name) ? ['onnxruntime-node'] : others.filter((each) => each === 'sharp'),
    );
  }
  expect(importsOf('node.js')).not.toContain('sharp');
});

it('exports the same names in Node and in a page', async () => {
  const names = (text: string) =>
    /export\s*\{([^}]*)\}/
      .exec(text)![1]
      .split(',')
      .map((each) => each.trim().split(' ').at(-1)!);
  expect(names(textOf('browser.js')).sort()).toEqual(Object.keys(ofNode).sort());
  expect(names(textOf('node.js')).sort()).toEqual(Object.keys(ofNode).sort());
});

it('is ASCII: pages that state no encoding read scripts as Latin letters', () => {
  for (const name of readdirSync(folder).filter((each) => /\.c?js$/.test(each))) {
    expect(/[^\0-\x7f]/.exec(textOf(name))?.[0], name).toBeUndefined();
  }
});

it('has types that need nothing else', () => {
  expect(textOf('types.d.ts')).not.toMatch(/\b(import|require|reference)\b/);
});
