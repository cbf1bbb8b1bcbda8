/** A model as an npm package: exported, packed, and unpacked into the node_modules of an app, beside its peers. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { preprocessingMetadata } from '../../src/data/preprocessing.ts';
import { random } from '../../src/data/random.ts';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { PROGRAM } from '../program.ts';

const root = resolve(import.meta.dirname, '../..');
/** Also one that is beyond ASCII. */
export const LABELS = ['whole', 'zerkratzt (ß, 🦅)', 'scratched'];

export interface App {
  readonly folder: string;
  path(...parts: string[]): string;
  write(file: string, content: string | Uint8Array): void;
  remove(): void;
}

/**
 * A folder of an app that has the package `@acme/parts` and some packages of the checkout.
 *
 * @param like such a folder without packages of the checkout, which is copied: nothing is exported and packed again
 */
export function appWithPackage(peers: readonly string[], like?: App): App {
  const folder = mkdtempSync(join(tmpdir(), 'harrier-app-'));
  const path = (...parts: string[]) => join(folder, ...parts);
  const write = (file: string, content: string | Uint8Array) => {
    mkdirSync(dirname(path(file)), { recursive: true });
    writeFileSync(path(file), content);
  };
  const app = { folder, path, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
  if (like) cpSync(like.folder, folder, { recursive: true });
  else installPackage(app);
  for (const peer of peers) {
    mkdirSync(dirname(path('node_modules', peer)), { recursive: true });
    symlinkSync(join(root, 'node_modules', peer), path('node_modules', peer));
  }
  return app;
}

/** As a user does it: `harrier export`, `npm pack`, and the tarball in `node_modules`. */
function installPackage({ folder, path, write }: App): void {
  write('package.json', JSON.stringify({ name: 'app', private: true, type: 'module' }));
  write('model.onnx', smallModel());
  const name = ['--format', 'npm', '--name', '@acme/parts'];
  execFileSync(process.execPath, [PROGRAM, 'export', 'model.onnx', ...name], { cwd: folder, stdio: 'pipe' });
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json'], { cwd: path('parts'), encoding: 'utf8', stdio: 'pipe' }),
  );
  execFileSync('tar', ['-xzf', path('parts', filename)], { cwd: folder });
  mkdirSync(path('node_modules', '@acme'), { recursive: true });
  renameSync(path('package'), path('node_modules', '@acme', 'parts'));
}

/** A model of 16 × 16 pixels, with weights drawn at random. */
export function smallModel(seed = 5): Uint8Array {
  const network = new Network({
    inputShape: [16, 16, 3],
    layers: [new Flatten(), new Dense({ units: LABELS.length, activation: 'softmax' })],
  });
  return encodeModel(
    exportModel(network, initialWeights(network.parameters, seed), {
      [CLASS_NAMES_KEY]: JSON.stringify(LABELS),
      ...preprocessingMetadata({ resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' }),
    }),
  );
}

/** Pixels of an opaque image, four bytes each. */
export function drawnPixels(width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const stream = random(3, 'exported package');
  const colour = [stream.integer(200), stream.integer(200), stream.integer(200)];
  return Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => {
    if (i % 4 === 3) return 255;
    const [x, y] = [Math.floor(i / 4) % width, Math.floor(i / 4 / width)];
    return colour[i % 4] + ((x * 3 + y * 5 * ((i % 4) + 1)) % 56);
  });
}

/** Examples of docs/in-your-app.md by the names of their files, which stand in their first lines. */
export function documentedFiles(): Map<string, string> {
  const page = readFileSync(join(root, 'docs/in-your-app.md'), 'utf8');
  const blocks = [...page.matchAll(/```jsx?\n\/\/ (\S+)\n([\s\S]*?)```/g)];
  return new Map(blocks.map(([, file, code]) => [file, code]));
}

/** The page without a bundler. */
export function documentedPage(): string {
  return /```html\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/in-your-app.md'), 'utf8'))![1];
}
