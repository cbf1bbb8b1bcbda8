import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadClassifier } from '../../src/platform/node/run.ts';
import { harrier, sentenceOf } from '../cli/harrier.ts';
import {
  type App,
  appWithPackage,
  documentedFiles,
  drawnPixels,
  LABELS,
  smallModel,
} from './exported-package.ts';

// An exported package as Node programs use it: from its tarball.

const root = resolve(import.meta.dirname, '../..');
let app: App;
/** Without the packages that it needs. */
let bare: App;
let expected: unknown;
const run = (file: string, place = app) =>
  JSON.parse(execFileSync(process.execPath, [file], { cwd: place.folder, encoding: 'utf8', stdio: 'pipe' }));

beforeAll(async () => {
  bare = appWithPackage([]);
  app = appWithPackage(['onnxruntime-node', 'sharp', 'hono'], bare);
  const raw = { width: 50, height: 30, channels: 4 } as const;
  app.write('photo.png', await sharp(drawnPixels(50, 30), { raw }).png().toBuffer());
  const classifier = await loadClassifier(app.path('model.onnx'));
  expected = await classifier.classify(app.path('photo.png'));
});
afterAll(() => {
  app.remove();
  bare.remove();
});

describe('a package', () => {
  it('answers in an ES module as the model does', () => {
    app.write(
      'use.mjs',
      `import { classify, labels, load } from '@acme/parts';
       const model = await load();
       const answers = [await classify('photo.png'), await model.classify(new URL('photo.png', import.meta.url))];
       // As in a component that is mounted again.
       await model.dispose();
       const gone = await model.classify('photo.png').catch((error) => error.message);
       console.log(JSON.stringify([labels, ...answers, gone, await classify('photo.png')]));`,
    );
    expect(run('use.mjs')).toEqual([
      LABELS,
      expected,
      expected,
      expect.stringContaining('this model was disposed of'),
      expected,
    ]);
  });

  it('answers in CommonJS', () => {
    app.write(
      'use.cjs',
      `const { classify, labels, load } = require('@acme/parts');
       load()
         .then((model) => model.dispose())
         .then(() => classify('photo.png'))
         .then((answers) => console.log(JSON.stringify([labels, answers])));`,
    );
    expect(run('use.cjs')).toEqual([LABELS, expected]);
  });

  it('answers from another folder, and with weights of another place', () => {
    app.write(
      'elsewhere/use.mjs',
      `import { readFile } from 'node:fs/promises';
       import { classify, load } from '@acme/parts';
       const first = await load({ model: 'missing.onnx' }).catch((error) => error.code);
       await load({ model: await readFile('model.onnx') });
       console.log(JSON.stringify([first, await classify('photo.png')]));`,
    );
    expect(run('elsewhere/use.mjs')).toEqual(['not-found', expected]);
  });

  it('knows its classes in TypeScript, in both kinds of modules, with and without the types of pages', () => {
    const use = `import { classify, labels, type Label } from '@acme/parts';
      export async function best(image: Uint8Array): Promise<Label> {
        const [{ label }] = await classify(image, { top: 1 });
        // @ts-expect-error there is no such class
        if (label === 'cat') return labels[0];
        return label;
      }
      // @ts-expect-error no image
      export const wrong = classify(42);\n`;
    const page = `import { classify } from '@acme/parts';
      export const all = (...images: (File | Blob | URL | HTMLImageElement | HTMLCanvasElement | HTMLVideoElement | ImageBitmap | ImageData | OffscreenCanvas)[]) =>
        images.map((image) => classify(image));\n`;
    app.write('types/use.mts', use);
    app.write('types/use.cts', use);
    app.write('types/page.mts', page);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const check = (files: string[], lib: string) =>
      spawnSync(
        process.execPath,
        [tsc, '--noEmit', '--strict', '--module', 'nodenext', '--lib', lib, ...files],
        { cwd: app.folder, encoding: 'utf8' },
      ).stdout;
    expect(check(['types/use.mts', 'types/use.cts'], 'es2023')).toBe('');
    expect(check(['types/page.mts'], 'es2023,dom')).toBe('');
  });

  it('serves the routes of docs/in-your-app.md, whatever a stranger sends', async () => {
    for (const file of ['route.js', 'express.js', 'app/api/classify/route.js'])
      app.write(file, documentedFiles().get(file)!);
    // In the place of Express, which is no dependency here: it hands its handler over.
    app.write('node_modules/express/package.json', '{ "type": "module", "exports": "./index.js" }');
    app.write(
      'node_modules/express/index.js',
      `export default Object.assign(() => ({ post: (path, body, handle) => { globalThis.handle = handle; } }), { raw() {} });`,
    );
    const white = { width: 8200, height: 8200, channels: 3, background: '#fff' } as const;
    app.write('huge.png', await sharp({ create: white }).png().toBuffer());
    app.write(
      'serve.mjs',
      `import { readFile } from 'node:fs/promises';
       import { POST } from './app/api/classify/route.js';
       import './express.js';
       import { app } from './route.js';
       const routes = [
         (body) => app.request('/classify', { method: 'POST', body }),
         (body) => POST(new Request('http://localhost/api/classify', { method: 'POST', body })),
         (body) => new Promise((resolve) => {
           let status;
           const response = {
             status: (code) => { status = code; return response; },
             json: (value) => resolve(Response.json(value, { status })),
           };
           handle({ body: body && Buffer.from(body) }, response);
         }),
       ];
       const bodies = [await readFile('photo.png'), 'no image', undefined, await readFile('huge.png')];
       const answers = [];
       for (const route of routes) {
         for (const body of bodies) {
           const answer = await route(body);
           answers.push([answer.status, await answer.json()]);
         }
       }
       console.log(JSON.stringify(answers));`,
    );
    const answers = run('serve.mjs');
    const refused = (status: number, sentence: RegExp) => [
      status,
      { error: expect.stringMatching(sentence) },
    ];
    const each = [
      [200, expected],
      refused(400, /^image: not an image: .*"no image"/),
      refused(400, /^image: not an image/),
      refused(413, /^image: the image is too large: .*received 8200 × 8200/),
    ];
    expect(answers).toEqual([...each, ...each, ...each]);
  });

  it('says what to install', () => {
    bare.write(
      'use.mjs',
      `import { load } from '@acme/parts';
       const ort = { InferenceSession: { create: async () => ({ inputMetadata: [{ name: 'image', type: 'uint8', shape: ['N', 16, 16, 3] }], outputMetadata: [{ name: 'probabilities', type: 'float32', shape: ['N', 3] }] }) } };
       const message = (promise) => promise.then(String, (error) => error.message);
       console.log(JSON.stringify([await message(load()), await message(load({ ort }).then((model) => model.classify('use.mjs')))]));`,
    );
    const [engine, decoder] = run('use.mjs', bare);
    expect(engine).toMatch(
      /^onnxruntime-node, which runs the model, cannot be loaded: .* npm install onnxruntime-node$/,
    );
    expect(decoder).toMatch(/^sharp, which decodes images, cannot be loaded: .* npm install sharp$/);
  });

  it('holds few lines of its own, a card and the licences', () => {
    const parts = (file: string) => readFileSync(app.path('node_modules/@acme/parts', file), 'utf8');
    for (const file of ['browser.js', 'node.js', 'node.cjs'])
      expect(parts(file).split('\n').length).toBeLessThan(30);
    expect(parts('README.md')).toMatch(/^# @acme\/parts\n\nClassifies images: whole, .*\(3 classes\)/);
    expect(parts('README.md')).toContain('Its accuracy is not known');
    expect(parts('LICENSE.md')).toContain('MIT License');
    expect(readdirSync(app.path('node_modules/@acme/parts')).sort()).toEqual([
      'LICENSE.md',
      'README.md',
      'browser.js',
      'index.d.cts',
      'index.d.ts',
      'model.onnx',
      'node.cjs',
      'node.js',
      'package.json',
      'run',
    ]);
    expect(JSON.parse(parts('package.json')).license).toBe('SEE LICENSE IN LICENSE.md');
  });
});

describe('harrier export --format npm', () => {
  const exported = (...args: string[]) =>
    harrier(['export', 'model.onnx', '--format', 'npm', ...args], { cwd: bare.folder });

  it('keeps the version and the other files of an export of before', async () => {
    const manifest = JSON.parse(readFileSync(bare.path('parts/package.json'), 'utf8'));
    const own = { license: 'CC-BY-4.0', publishConfig: { access: 'restricted' } };
    bare.write('parts/package.json', JSON.stringify({ ...manifest, version: '2.3.4', type: 'x', ...own }));
    bare.write('parts/notes.txt', 'mine');
    bare.write('parts/LICENSE.md', '# Our terms');
    const { code, stdout, stderr } = await exported('--name', '@acme/parts', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(bare.path('parts/package.json'), 'utf8'))).toMatchObject({
      ...own,
      type: 'module',
    });
    expect(readFileSync(bare.path('parts/LICENSE.md'), 'utf8')).toBe('# Our terms');
    expect(stderr).toContain('Note: these stay as they are: LICENSE.md.');
    expect(JSON.parse(stdout)).toMatchObject({
      folder: bare.path('parts'),
      format: 'npm',
      name: '@acme/parts',
    });
    expect(JSON.parse(readFileSync(bare.path('parts/package.json'), 'utf8')).version).toBe('2.3.4');
    expect(existsSync(bare.path('parts/notes.txt'))).toBe(true);
  });

  it.each([
    ['1.4.9', '1.4.10'],
    ['2.0.0-beta.1', '2.0.0-beta.2'],
    ['2.0.0-beta+build.7', '2.0.0-beta.1'],
  ])(
    'raises the version %s to %s for another model, and for an export that was broken off',
    async (known, next) => {
      const manifest = () => JSON.parse(readFileSync(bare.path('parts/package.json'), 'utf8'));
      const exportedAs = async () => {
        expect((await exported('--name', '@acme/parts')).code).toBe(0);
        return manifest().version;
      };
      bare.write('model.onnx', smallModel(6));
      await exportedAs();
      bare.write('parts/package.json', JSON.stringify({ ...manifest(), version: known }));
      expect(await exportedAs()).toBe(known);
      bare.write('model.onnx', smallModel(7));
      expect(await exportedAs()).toBe(next);
      expect(await exportedAs()).toBe(next);
      bare.write('parts/.harrier-export', '');
      expect(await exportedAs()).not.toBe(next);
    },
  );

  it('is installed anew after another training, as docs/in-your-app.md says', async () => {
    bare.write('shop/package.json', JSON.stringify({ name: 'shop', private: true }));
    bare.write('shop/.npmrc', 'install-links=true\n');
    const npm = (...args: string[]) =>
      execFileSync(
        'npm',
        [...args, '--offline', '--no-audit', '--no-fund', '--cache', bare.path('npm-cache')],
        {
          cwd: bare.path('shop'),
          stdio: 'pipe',
        },
      );
    const installed = bare.path('shop/node_modules/@acme/parts');
    const holds = (model: Uint8Array) => {
      expect(lstatSync(installed).isDirectory()).toBe(true);
      expect(readFileSync(join(installed, 'model.onnx')).equals(model)).toBe(true);
    };
    const models = [smallModel(8), smallModel(9)];
    for (const model of models) {
      bare.write('model.onnx', model);
      await exported('--name', '@acme/parts');
      npm('install', '../parts');
      holds(model);
    }
    npm('ci');
    holds(models[1]);
  }, 600_000);

  it.each<[string, string[], RegExp]>([
    ['no name', [], /a package needs a name\. Name it: --name @acme\/parts/],
    ['capital letters', ['--name', '@acme/Parts'], /npm refuses this name: received .*capital letters/],
    ['a name with spaces', ['--name', 'my parts'], /npm refuses this name: received .*URL-friendly/],
    ['a name of Node', ['--name', 'http'], /npm refuses this name: received http is a core module name/],
    [
      'a folder of other files',
      ['--name', 'x', '--out', 'elsewhere'],
      /this folder is not empty, and harrier export did not write it/,
    ],
    [
      'the folder of another package',
      ['--name', '@other/parts'],
      /parts: this folder holds another package: expected @other\/parts, received @acme\/parts/,
    ],
    ['a file', ['--name', 'x', '--out', 'package.json'], /this is a file: expected a folder/],
    ['the folder of the model', ['--name', 'x', '--out', '.'], /into the folder of its model/],
    ['data', ['--name', 'x', '--data', 'images'], /--data: --format npm evaluates nothing/],
  ])('refuses %s', async (_, args, sentence) => {
    bare.write('elsewhere/mine.txt', 'mine');
    const finished = await exported(...args);
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(sentence);
  });

  it('refuses a name for another format', async () => {
    const finished = await harrier(['export', 'model.onnx', '--format', 'onnx', '--name', 'x'], {
      cwd: bare.folder,
    });
    expect(sentenceOf(finished)).toMatch(/only packages have names/);
  });
});
