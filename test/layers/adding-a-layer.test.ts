/** The example of docs/adding-a-layer.md is tried out as it stands there. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { LAYERS, type Layer } from '../../src/layers/index.ts';
import { checkLayer, type LayerCase } from './check-layer.ts';
import { tensorOf } from './keras.ts';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/adding-a-layer.md', root), 'utf8');
const [own] = text.split('## A layer in your own project');
const blocks = [...own.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);

it('the example layer of docs/adding-a-layer.md passes what every layer must', async () => {
  expect(blocks).toHaveLength(2);
  const folder = mkdtempSync(join(tmpdir(), 'harrier-layer-'));
  try {
    const absolute = (path: string) => fileURLToPath(new URL(`src/layers/${path}`, root));
    const file = join(folder, 'prelu.ts');
    writeFileSync(
      file,
      blocks[0].replace(/from '(\.[^']*)'/g, (_, path) => `from ${JSON.stringify(absolute(path))}`),
    );
    const { PReLU } = (await import(/* @vite-ignore */ file)) as { PReLU: new () => Layer };
    Object.assign(LAYERS, { PReLU });

    const literal = blocks[1].trim().replace(/^'PReLU': |,$/g, '');
    const each = new Function('PReLU', 'tensorOf', `return (${literal})`)(PReLU, tensorOf) as LayerCase;
    await checkLayer(each);
  } finally {
    // Other tests share these modules.
    Reflect.deleteProperty(LAYERS, 'PReLU');
    rmSync(folder, { recursive: true });
  }
});

it('docs/adding-a-layer.md speaks of files and functions that there are', () => {
  for (const [, name] of text.matchAll(/`([a-z0-9-]+\.ts)`/g)) {
    expect(existsSync(new URL(`src/layers/${name}`, root)), name).toBe(true);
  }
  const layer = readFileSync(new URL('src/layers/layer.ts', root), 'utf8');
  for (const name of ['knownOptions', 'positive', 'pair', 'flag', 'imageShape', 'rowLayout']) {
    expect(layer).toContain(`export function ${name}`);
  }
});
