// `npm run check`: everything that can be evaluated without running the product. Prints each step, stops at the first
// that fails.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const steps = [
  ['format and lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['types of the neutral core', 'tsc', ['-p', 'tsconfig.core.json']],
  ['types of what runs in browsers', 'tsc', ['-p', 'tsconfig.web.json']],
  ['types of Studio’s page', 'tsc', ['-p', 'studio-page/tsconfig.json']],
  ['import rules', 'depcruise', ['src', '--config', '.dependency-cruiser.js', '--output-type', 'err']],
  [
    'import rules of Studio’s page',
    'depcruise',
    ['studio-page/src', '--config', 'studio-page/.dependency-cruiser.js', '--output-type', 'err'],
  ],
  ['build', 'tsc', ['-p', 'tsconfig.build.json']],
  ['build of Studio’s page', process.execPath, ['scripts/build-page.js']],
  ['package exports', 'publint', ['--strict']],
  ['links of the documentation', process.execPath, ['--import', 'tsx', 'scripts/dead-links.ts']],
];

for (const [name, command, args] of steps) run(name, command, args);
checkGenerated();
console.log('check: all good');

function run(name, command, args) {
  const start = performance.now();
  const { status } = spawnSync(
    command === process.execPath ? command : join('node_modules', '.bin', command),
    args,
    { stdio: 'inherit' },
  );
  if (status !== 0) {
    console.error(`check: ${name} failed`);
    process.exit(1);
  }
  console.log(`check: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

/** Generated files must be what `npm run generate` writes. */
function checkGenerated() {
  const folder = mkdtempSync(join(tmpdir(), 'harrier-generated-'));
  try {
    const { status } = spawnSync(process.execPath, ['scripts/generate.js', folder], { stdio: 'inherit' });
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
    const stale = generated.filter((file) => status !== 0 || textOf(file) !== textOf(join(folder, file)));
    if (stale.length > 0) {
      console.error(`check: stale, run npm run generate: ${stale.join(', ')}`);
      process.exit(1);
    }
    console.log('check: generated files');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
