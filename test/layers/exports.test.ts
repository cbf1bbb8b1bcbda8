import { expect, it } from 'vitest';
import * as harrier from '../../src/index.ts';
import { LAYERS } from '../../src/layers/index.ts';

it.each(Object.entries(LAYERS))('%s is imported from the package', (name, layer) => {
  expect((harrier as Readonly<Record<string, unknown>>)[name]).toBe(layer);
});
