// `npm run check`: everything that can be evaluated without running the product. Prints each step as it ends, with what
// it said; after one that fails, no other begins.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const tsc = (project) => ['tsc', '-p', project];
const depcruise = (folder, config) => ['depcruise', folder, '--config', config, '--output-type', 'err'];

/** Steps of a row come one after the other; rows side by side, the longest first. */
const rows = [
  [
    // The row below checks the types of what is built.
    ['build', ...tsc('tsconfig.build.json'), '--noCheck'],
    ['build of Studio’s page', process.execPath, 'scripts/build-page.js'],
    ['package exports', 'publint', '--strict'],
  ],
  [['types', ...tsc('tsconfig.json')]],
  [['generated files', generatedFiles]],
  [['types of Studio’s page', ...tsc('studio-page/tsconfig.json')]],
  [['types of the neutral core', ...tsc('tsconfig.core.json')]],
  [['types of what runs in browsers', ...tsc('tsconfig.web.json')]],
  [['import rules', ...depcruise('src', '.dependency-cruiser.js')]],
  [['import rules of Studio’s page', ...depcruise('studio-page/src', 'studio-page/.dependency-cruiser.js')]],
  [['links of the documentation', process.execPath, '--import', 'tsx', 'scripts/dead-links.ts']],
];

let failed = false;
// It keeps all cores busy by itself.
await step('format and lint', 'biome', 'check', '--error-on-warnings', '.');
await Promise.all(Array.from({ length: availableParallelism() }, work));
if (failed) process.exit(1);
console.log('check: all good');

/** Takes one row after another, while there are any. */
async function work() {
  for (let row = rows.shift(); row; row = rows.shift()) {
    for (const each of row) await step(...each);
  }
}

async function step(name, command, ...args) {
  if (failed) return;
  const start = performance.now();
  const { ok, output } = await (typeof command === 'function' ? command() : run(command, ...args));
  const time = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  failed ||= !ok;
  process.stdout.write(`${output}check: ${name} ${ok ? `(${time})` : 'failed'}\n`);
}

/** What a program printed, and whether it ended well. */
function run(command, ...args) {
  const program = command === process.execPath ? command : join('node_modules', '.bin', command);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env,
    });
    const parts = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(part));
    child.once('error', reject);
    child.once('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(parts).toString() }));
  });
}

/** Generated files must be what `npm run generate` writes. */
async function generatedFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'harrier-generated-'));
  try {
    const { ok, output } = await run(process.execPath, 'scripts/generate.js', folder);
    if (!ok) return { ok, output };
    const reference = ['.', folder].flatMap((root) =>
      readdirSync(join(root, 'docs', 'api')).map((name) => join('docs', 'api', name)),
    );
    const generated = [
      'src/onnx/generated/onnx_pb.ts',
      'docs/ops.md',
      'docs/results.md',
      ...new Set(reference),
    ];
    const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
    const stale = generated.filter((file) => textOf(file) !== textOf(join(folder, file)));
    return stale.length === 0
      ? { ok, output }
      : { ok: false, output: `${output}stale, run npm run generate: ${stale.join(', ')}\n` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
