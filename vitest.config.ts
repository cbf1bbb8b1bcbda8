import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SOURCE = fileURLToPath(new URL('src', import.meta.url));
const BUILT = fileURLToPath(new URL('dist', import.meta.url));

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** Tests in one process, without a browser: `npm run test:unit`. */
const UNIT = [
  'src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'studio-page/**/*.test.ts',
  'test/{conformance,explanation,gradients,inspection,layers,oracle,training}/**/*.test.ts',
];
/** Tests that start processes or threads, or change what a whole process shares, stand in these folders or say so in their names. */
const PROCESS = '**/*.process.test.ts';
const PROCESS_FOLDERS = [
  'test/{cases,cli,end-to-end,gpu,package,sagemaker,server,studio}/**/*.test.ts',
  'examples/**/*.test.ts',
];

/** Files at a time: processes wait for each other a third of their time, so two a core keep all cores busy. */
const WORKERS = 2 * availableParallelism();

/** Tests that take long. Without times of an earlier run, Vitest starts large files first, and theirs are small. */
const LONG = [
  '/test/browser/training.test.ts',
  '/test/browser/bench.test.ts',
  '/test/browser/lowered.test.ts',
  '/test/cases/shared-cases.test.ts',
  '/test/end-to-end/resume.test.ts',
  '/test/end-to-end/train-time.test.ts',
  '/test/end-to-end/learning.test.ts',
  '/test/server/bench.test.ts',
  '/test/training/memory.process.test.ts',
  '/examples/resnet.test.ts',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((path) => moduleId.endsWith(path));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** What these tests import from `src` comes from `dist`, as users run it: nothing is compiled anew for each file. */
const builtPackage = (): Plugin => ({
  name: 'built-package',
  enforce: 'pre',
  resolveId(id, importer) {
    const path = importer && id.startsWith('.') ? resolve(dirname(importer), id) : id;
    const isBuilt =
      path.startsWith(`${SOURCE}/`) && /(?<!\.test)\.ts$/.test(path) && !importer?.startsWith(`${SOURCE}/`);
    return isBuilt ? `${BUILT}${path.slice(SOURCE.length, -'.ts'.length)}.js` : undefined;
  },
});

export default defineConfig({
  // Examples import the package by its name; here that is the checkout's own source, not dist.
  resolve: {
    alias: [
      { find: /^harrier$/, replacement: source('index.ts') },
      { find: /^harrier\/graph$/, replacement: source('graph.ts') },
      { find: /^harrier\/layer$/, replacement: source('layer.ts') },
      { find: /^harrier\/node$/, replacement: source('platform/node/index.ts') },
      { find: /^harrier\/report$/, replacement: source('report/index.ts') },
      { find: /^harrier\/run$/, replacement: source('platform/node/run.ts') },
      { find: /^harrier\/server$/, replacement: source('server/index.ts') },
      { find: /^harrier\/web$/, replacement: source('platform/web/index.ts') },
      { find: /^harrier\/src\//, replacement: source('') },
    ],
  },
  test: {
    // Files run side by side: one thread each, but where a test asks for more. Threads wait for each other by spinning.
    env: { OMP_NUM_THREADS: '1' },
    testTimeout: 120_000,
    hookTimeout: 600_000,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        // Files share a process's modules: loading them anew for each took a third of the time.
        test: {
          name: 'unit',
          include: UNIT,
          exclude: [PROCESS],
          isolate: false,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        plugins: [builtPackage()],
        test: {
          name: 'process',
          server: { deps: { external: [/\/dist\//] } },
          include: [PROCESS, ...PROCESS_FOLDERS],
          globalSetup: 'test/build.ts',
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        plugins: [builtPackage()],
        test: {
          name: 'browser',
          server: { deps: { external: [/\/dist\//] } },
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/build.ts',
          // A browser keeps two cores busy by itself.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
    ],
  },
});
