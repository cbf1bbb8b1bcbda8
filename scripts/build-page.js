// Builds Studio's page to dist/page: by Vite, into a folder of its own that then takes the old one's place, so that who
// asks meanwhile gets a whole page. WebAssembly is kept compressed alone: browsers take it as it is, and the package
// stays small.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'dist', 'page');
const fresh = `${page}.${process.pid}.new`;
const old = `${page}.${process.pid}.old`;

let build;
try {
  ({ build } = await import('vite'));
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
  for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.wasm')) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
    rmSync(path);
  }
  if (existsSync(page)) renameSync(page, old);
  renameSync(fresh, page);
} finally {
  for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
}
