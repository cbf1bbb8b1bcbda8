/**
 * Global set-up of the tests that start processes: compiles `src` to `dist`, once for all of them. What has not changed
 * since the last time is not compiled again. Types are not checked: `npm run check` does that.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
/** Vitest calls the set-up once for each project that names it, each time in a new instance of this module. */
const BUILT = Symbol.for('harrier.built');

export default function build(): void {
  if (BUILT in globalThis) return;
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck'];
  for (const args of [tsc, ['scripts/copy-recipes.js'], ['scripts/build-run.js']]) {
    const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw error ?? new Error(`${args.join(' ')} failed: the tests need what it builds`);
  }
  Object.assign(globalThis, { [BUILT]: true });
}
