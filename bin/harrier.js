#!/usr/bin/env node
// In a checkout the TypeScript source runs as it is; the published package holds its compiled form alone.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = new URL('../src/cli/main.ts', import.meta.url);
if (existsSync(fileURLToPath(source))) {
  if (!process.features.typescript) (await import('tsx/esm/api')).register();
  await import(source.href);
} else {
  await import('../dist/cli/main.js');
}
