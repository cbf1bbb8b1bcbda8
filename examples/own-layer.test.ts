import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it('a layer of your own is trained, compared, saved and loaded again', { timeout: 300_000 }, async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  const { own } = await import('./own-layer.ts');
  const [[summary], [accuracy, interval], [p]] = print.mock.calls;
  print.mockRestore();
  expect(summary).toContain('(PReLU)');
  expect(accuracy).toBeGreaterThan(0.9);
  expect(interval[0]).toBeLessThan(accuracy);
  expect(p).toBeLessThanOrEqual(1);

  const { loadModel } = await import('harrier/node');
  const { registerLayers } = await import('harrier/layer');
  const folder = await mkdtemp(join(tmpdir(), 'own-layer-'));
  try {
    await own.save(join(folder, 'own.onnx'));
    const again = await loadModel(join(folder, 'own.onnx'));
    const pixels = new Uint8Array(192).fill(90);
    expect([...(await again.predict(pixels))]).toEqual([...(await own.predict(pixels))]);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(() => registerLayers({ Dense: class {} as never })).toThrow(
    'registerLayers: Harrier has a layer of this name already: received Dense. Give yours another type.',
  );
});

it('is shown in the docs as it is', () => {
  const source = read('own-layer.ts');
  const page = read('../docs/adding-a-layer.md');
  const shown = page.slice(page.indexOf('## A layer in your own project')).match(/```ts\n([\s\S]*?)```/)![1];
  expect(source).toContain(shown.trim().split('\n\n')[0]);
  // The class is the same as in Harrier itself.
  const body = (text: string) =>
    /const \[height[\s\S]*?negative\)\) };/.exec(text)![0].replace(/^\s*\/\/.*\n/gm, '');
  expect(body(source)).toBe(body(page));
});
