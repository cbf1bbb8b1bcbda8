// Builds Studio's page to dist/page: by Vite, into a folder of its own that then takes the old one's place, so that who
// asks meanwhile gets a whole page. Code is kept compressed alone: browsers take it as it is, and the package stays small.
// harrier-run.json holds the code that npm packages carry: the page makes such packages of models.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** What is kept compressed: WebAssembly, scripts and their like, where that saves anything. */
const COMPRESSED = /\.(?:wasm|js|css|json)$/;
const LEAST_BYTES = 1024;

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'dist', 'page');
const fresh = `${page}.${process.pid}.new`;
const old = `${page}.${process.pid}.old`;
const code = `${page}.${process.pid}.run`;

/** `RunCode` of src/publishing/npm-package.ts, as JSON. */
async function runCode() {
  await bundleRun(code);
  const text = (...path) => readFileSync(join(...path), 'utf8');
  const names = readdirSync(code).filter((name) => name !== 'types.d.ts');
  return JSON.stringify({
    version: JSON.parse(text(root, 'package.json')).version,
    license: text(root, 'LICENSE'),
    types: text(code, 'types.d.ts'),
    files: Object.fromEntries(names.map((name) => [name, text(code, name)])),
  });
}

let build;
let bundleRun;
try {
  ({ build } = await import('vite'));
  ({ bundleRun } = await import('./build-run.js'));
} catch {
  console.error('vite is not installed: run npm ci');
  process.exit(1);
}

try {
  await build({
    configFile: join(root, 'studio-page', 'vite.config.ts'),
    root: join(root, 'studio-page'),
    logLevel: 'warn',
    build: { outDir: fresh, emptyOutDir: true },
  });
  writeFileSync(join(fresh, 'harrier-run.json'), await runCode());
  for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    // What begins with a dot, the build notes for itself.
    if (bytes.length < LEAST_BYTES || relative(fresh, path).startsWith('.')) continue;
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    rmSync(path);
  }
  if (existsSync(page)) renameSync(page, old);
  renameSync(fresh, page);
} finally {
  for (const folder of [fresh, old, code]) rmSync(folder, { recursive: true, force: true });
}
