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
/** Packages of the user's, and Node's own modules. */
const external = [/^onnxruntime-/, /^sharp$/, /^node:/];

async function bundle(folder, platform, format, name) {
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
      outDir: folder,
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

/** Writes all bundles, and the types, into a folder. */
export async function bundleRun(folder) {
  await bundle(folder, 'web', 'es', 'browser.js');
  await bundle(folder, 'node', 'es', 'node.js');
  await bundle(folder, 'node', 'cjs', 'node.cjs');
  // Pages that state no encoding read scripts as Latin letters.
  for (const name of readdirSync(folder)) {
    const escaped = readFileSync(join(folder, name), 'utf8').replace(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    writeFileSync(join(folder, name), escaped);
  }
  // Declarations alone, without imports: as they are.
  copyFileSync(join(root, 'src', 'run', 'types.ts'), join(folder, 'types.d.ts'));
}

/** Writes them to dist/bundle/run. A program that reads it meanwhile gets whole files. */
async function buildRun() {
  const folder = join(root, 'dist', 'bundle');
  const [place, fresh, old] = ['run', `run.${process.pid}.new`, `run.${process.pid}.old`].map((name) =>
    join(folder, name),
  );
  mkdirSync(folder, { recursive: true });
  try {
    await bundleRun(fresh);
    try {
      renameSync(place, old);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    renameSync(fresh, place);
  } finally {
    for (const each of [fresh, old]) rmSync(each, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildRun();
