// `npm run generate`: writes what is generated from other files: the protobuf code from src/onnx/onnx.proto and the
// table of ops from the op definitions, the table of results from the records of runs, the API reference from the doc
// comments of the package's entries. An argument names another folder to write to.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import process from 'node:process';

const root = resolve(process.argv[2] ?? '.');
const bin = resolve('node_modules', '.bin');

function run(command, args) {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
  });
  if (status !== 0) process.exit(1);
}

mkdirSync(join(root, 'docs'), { recursive: true });
run(join(bin, 'buf'), ['generate', '--output', root]);
run(process.execPath, ['--import', 'tsx', 'scripts/ops-table.ts', join(root, 'docs', 'ops.md')]);
run(process.execPath, ['--import', 'tsx', 'scripts/results-table.ts', join(root, 'docs', 'results.md')]);
run(join(bin, 'typedoc'), ['--out', join(root, 'docs', 'api')]);
