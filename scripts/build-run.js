// Bundles harrier/run into dist/bundle/run, one file for each kind of program: exported packages carry it, so that they
// need nothing but ONNX Runtime. Types go beside it.
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist', 'bundle');
const fresh = join(folder, `run.${process.pid}.new`);
const old = join(folder, `run.${process.pid}.old`);

/** Packages of the user's, and Node's own modules. */
const external = [/^onnxruntime-/, /^sharp$/, /^node:/];

async function bundle(platform, format, name) {
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    build: {
      lib: {
        entry: join(root, 'src', 'platform', platform, 'run.ts'),
        formats: [format],
        fileName: () => name,
      },
      outDir: fresh,
      emptyOutDir: false,
      target: 'es2022',
      reportCompressedSize: false,
      rolldownOptions: {
        external,
        // In Node the decoder of images is a file of its own: only who gives files needs sharp.
        output: { minify: true, chunkFileNames: name.replace('.', '-[name].') },
      },
    },
  });
}

mkdirSync(folder, { recursive: true });
try {
  await bundle('web', 'es', 'browser.js');
  await bundle('node', 'es', 'node.js');
  await bundle('node', 'cjs', 'node.cjs');
  // Pages that state no encoding read scripts as Latin letters.
  for (const name of readdirSync(fresh)) {
    const escaped = readFileSync(join(fresh, name), 'utf8').replace(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    writeFileSync(join(fresh, name), escaped);
  }
  // Declarations alone, without imports: as they are.
  copyFileSync(join(root, 'src', 'run', 'types.ts'), join(fresh, 'types.d.ts'));
  const place = join(folder, 'run');
  // Whoever asks meanwhile gets whole files.
  try {
    renameSync(place, old);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  renameSync(fresh, place);
} finally {
  for (const each of [fresh, old]) rmSync(each, { recursive: true, force: true });
}
