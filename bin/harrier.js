#!/usr/bin/env node
// In a checkout the TypeScript source runs as it is; the published package holds its compiled form alone.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

// As the first process of a container: the system ignores signals that it has no handler for. While Harrier loads they
// end it; later a command that has something to save listens too.
if (process.pid === 1) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}

const source = new URL('../src/cli/main.ts', import.meta.url);
if (existsSync(fileURLToPath(source))) {
  if (!process.features.typescript) (await import('tsx/esm/api')).register();
  await import(source.href);
} else {
  await import('../dist/cli/main.js');
}
