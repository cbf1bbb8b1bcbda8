import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  // Examples import the package by its name; here that is the checkout's own source, not dist.
  resolve: {
    alias: [
      { find: /^harrier$/, replacement: source('index.ts') },
      { find: /^harrier\/node$/, replacement: source('platform/node/index.ts') },
      { find: /^harrier\/report$/, replacement: source('report/index.ts') },
      { find: /^harrier\/server$/, replacement: source('server/index.ts') },
      { find: /^harrier\/web$/, replacement: source('platform/web/index.ts') },
      { find: /^harrier\/src\//, replacement: source('') },
    ],
  },
  test: {
    include: [
      'src/**/*.test.ts',
      'test/**/*.test.ts',
      'examples/**/*.test.ts',
      'scripts/**/*.test.ts',
      'studio-page/**/*.test.ts',
    ],
    // ONNX Runtime uses every core itself; two files at a time keep a small machine busy without crowding it.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
});
