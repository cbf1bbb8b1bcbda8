import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deadLinks } from '../../scripts/dead-links.ts';
import { Reporter } from '../../src/cli/reporter.ts';
import { builtPage } from '../../src/cli/studio/page.ts';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';

// The package as a user gets it: packed, installed in an empty folder, used there.

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'harrier-package-'));
const run = (command: string, args: readonly string[], cwd = folder): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const program = join(folder, 'node_modules/harrier/bin/harrier.js');
/** The installed command without npx, which starts npm first. */
const harrier = (...args: string[]): string => run(process.execPath, [program, ...args]);

let packed: string[];
let size: { packed: number; unpacked: number };

beforeAll(async () => {
  // Packed in a copy of the checkout: it holds no files that git ignores, but for what is built.
  const checkout = join(folder, 'checkout');
  const kept = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root).split('\0');
  for (const file of kept.filter((path) => path !== '' && existsSync(join(root, path)))) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    copyFileSync(join(root, file), join(checkout, file));
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  await builtPage(new Reporter({ machine: true }));
  cpSync(join(root, 'dist'), join(checkout, 'dist'), { recursive: true });
  const [{ filename, files, size: bytes, unpackedSize }] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder], checkout),
  );
  packed = files.map(({ path }: { path: string }) => path);
  size = { packed: bytes, unpacked: unpackedSize };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module' }),
  );
  run('npm', [
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    join(folder, filename),
  ]);

  const network = new Network({
    inputShape: [8, 8, 3],
    layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
  });
  const model = exportModel(network, initialWeights(network.parameters, 1), {
    [CLASS_NAMES_KEY]: JSON.stringify(['cat', 'dog', 'ship']),
  });
  writeFileSync(join(folder, 'model.onnx'), encodeModel(model));
  await sharp({ create: { width: 20, height: 10, channels: 3, background: 'teal' } }).toFile(
    join(folder, 'sea.png'),
  );
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('holds what it needs and no more', () => {
  expect(packed).toContain('bin/harrier.js');
  expect(packed).toContain('dist/index.d.ts');
  expect(packed).toContain('LICENSE');
  expect(
    packed.filter((path) => /^(src|test|bench\/(?!peers\/README)|scripts|studio-page)\/|\.test\./.test(path)),
  ).toEqual([]);
  // No entry leads to these rooms: their types are for nobody.
  expect(packed.filter((path) => /^dist\/(cli|sagemaker|studio-server)\/.*\.d\.ts$/.test(path))).toEqual([]);
  // Most of it is Studio's page with ONNX Runtime for browsers, which are kept compressed.
  expect(packed.filter((path) => path.endsWith('.wasm'))).toEqual([]);
  expect(size.packed).toBeLessThan(18e6);
  expect(size.unpacked).toBeLessThan(22.5e6);
});

test('holds every page that its README and documentation link to', () => {
  const there = join(folder, 'node_modules/harrier');
  const pages = packed.filter((path) => path.endsWith('.md')).map((path) => join(there, path));
  expect(pages).toContain(join(there, 'docs/coming-from-keras.md'));
  expect(deadLinks(pages, there)).toEqual([]);
});

test('serves Studio, and writes it as a site', async () => {
  const studio = spawn(process.execPath, [program, 'studio', '--port', '0', '--json'], { cwd: folder });
  const [line] = await once(studio.stdout.setEncoding('utf8'), 'data');
  const { url } = JSON.parse(line);
  const page = await fetch(url);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const [, script] = /<script type="module"[^>]* src="\.\/(assets\/[^"]+\.js)"/.exec(await page.text())!;
  const asset = await fetch(new URL(script, url));
  expect([asset.status, asset.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
  for (const engine of packed.flatMap((path) => /^dist\/page\/(.+\.wasm)\.gz$/.exec(path)?.[1] ?? [])) {
    const answer = await fetch(new URL(engine, url));
    const start = new Uint8Array(await answer.arrayBuffer()).subarray(0, 4);
    expect([answer.headers.get('content-type'), ...start]).toEqual(['application/wasm', 0, 0x61, 0x73, 0x6d]);
  }
  const [{ id }] = await (await fetch(new URL('/api/models', url))).json();
  expect((await fetch(new URL(`/api/models/${id}/model.onnx`, url))).status).toBe(200);
  studio.kill('SIGINT');
  expect((await once(studio, 'exit'))[0]).toBe(0);

  harrier('studio', '--export', 'site');
  expect(readdirSync(join(folder, 'site'))).toEqual(expect.arrayContaining(['index.html', 'assets', 'api']));
  expect(readdirSync(join(folder, 'site', 'assets')).filter((name) => name.endsWith('.gz'))).toEqual([]);
});

test('runs harrier predict in an empty folder', () => {
  const [answer] = JSON.parse(
    run('npx', ['--no-install', 'harrier', 'predict', 'model.onnx', 'sea.png', '--json']),
  );
  expect(answer.file).toBe('sea.png');
  expect(answer.predictions.map(({ label }: { label: string }) => label).sort()).toEqual([
    'cat',
    'dog',
    'ship',
  ]);
  const total = answer.predictions.reduce(
    (sum: number, { probability }: { probability: number }) => sum + probability,
    0,
  );
  expect(total).toBeCloseTo(1, 5);
});

test('uses recipes of the user, which begin as copies of its own', () => {
  const source = harrier('recipes', 'show', 'keras-cnn');
  writeFileSync(join(folder, 'harrier.config.ts'), source.replace("name: 'keras-cnn'", "name: 'mine'"));
  const [mine] = JSON.parse(harrier('recipes', '--json'));
  expect(mine).toMatchObject({ name: 'mine', settings: { filters: 32 } });
  const { parameters } = JSON.parse(harrier('summary', 'mine', '--json'));
  expect(parameters).toBe(4_200_842);
});

test('says what to install for SageMaker, and writes what its image is built from', () => {
  const { status, stderr } = spawnSync(process.execPath, [program, 'sagemaker', 'list'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /the AWS SDK is not installed beside Harrier\. Install it: npm install @aws-sdk\/client-/,
  );
  // What the registry has said of versions before is not asked again.
  const env = { ...process.env, npm_config_prefer_offline: 'true' };
  execFileSync(process.execPath, [program, 'sagemaker', 'init'], { cwd: folder, stdio: 'pipe', env });
  const image = readdirSync(join(folder, 'image'));
  const archive = image.find((name) => name.endsWith('.tgz'))!;
  // The lockfile and its package are there where the npm registry answers.
  const files = image.filter((name) => !/^package(-lock)?\.json$/.test(name));
  expect(files.sort()).toEqual(['.dockerignore', 'Dockerfile', archive].sort());
  // Commands read the settings from the folder of the project, whose package.json is its own.
  expect(readFileSync(join(folder, 'harrier.sagemaker.mjs'), 'utf8')).toContain('role');
  expect(image.includes('package.json')).toBe(image.includes('package-lock.json'));
  const dockerfile = readFileSync(join(folder, 'image', 'Dockerfile'), 'utf8');
  expect(dockerfile).toMatch(/^COPY (package.json package-lock.json )?harrier-[^ ]+ \.\/$/m);
  expect(dockerfile).toMatch(/^ARG NODE=node:24-bookworm-slim(@sha256:[0-9a-f]{64})?$/m);
  // What the image installs is this very package.
  const listed = run('tar', ['-tzf', join(folder, 'image', archive)]);
  expect(listed).toContain('package/dist/cli/sagemaker/container/serve.js');
});

test('uses the model that it carries when none is named', () => {
  const models = join(folder, 'node_modules/harrier/models');
  const named = readdirSync(models).filter((name) => name.endsWith('.onnx'));
  // Before all others by name, so that it is the one also where the package has one already.
  copyFileSync(join(folder, 'model.onnx'), join(models, '0.onnx'));
  const [answer] = JSON.parse(harrier('predict', 'sea.png', '--json'));
  rmSync(join(models, '0.onnx'));
  expect(answer.predictions.map(({ label }: { label: string }) => label).sort()).toEqual([
    'cat',
    'dog',
    'ship',
  ]);
  expect(readdirSync(models).filter((name) => name.endsWith('.onnx'))).toEqual(named);
});

test('its types work in ES modules and in CommonJS, with the settings that docs/in-your-project.md names', () => {
  const source =
    "import { Dense, type Weights } from 'harrier';\nimport { lower } from 'harrier/graph';\n" +
    'export const units: Weights | number = new Dense({ units: 2 }).options.units;\nexport { lower };\n';
  const settings = (module: string) => ['--noEmit', '--strict', '--skipLibCheck', '--module', module];
  const check = (type: 'module' | 'commonjs', module: string) => {
    const place = join(folder, `types-${type}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), JSON.stringify({ type }));
    writeFileSync(join(place, 'use.ts'), source);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    return spawnSync(process.execPath, [tsc, ...settings(module), 'use.ts'], { cwd: place, encoding: 'utf8' })
      .stdout;
  };
  expect(check('module', 'node16')).toBe('');
  expect(check('commonjs', 'nodenext')).toBe('');
  expect(check('commonjs', 'node16')).toContain('TS1479');
  writeFileSync(
    join(folder, 'types-commonjs', 'use.cjs'),
    "console.log(new (require('harrier').Dense)({ units: 2 }).type);",
  );
  expect(run('node', ['types-commonjs/use.cjs'])).toBe('Dense\n');
});

test('the examples compile with the strictest settings, and with the types of what it depends on', () => {
  const place = join(folder, 'types-examples');
  mkdirSync(place, { recursive: true });
  const examples = readdirSync(join(root, 'examples')).filter((name) => /(?<!\.test)\.ts$/.test(name));
  for (const name of examples) copyFileSync(join(root, 'examples', name), join(place, name));
  const entries = ['', '/graph', '/layer', '/node', '/report', '/run', '/server', '/web'];
  const page = entries.map((entry, i) => `export * as e${i} from 'harrier${entry}';\n`).join('');
  writeFileSync(join(place, 'entries.ts'), page);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  // Who uses harrier/web has installed it.
  const engine = join(folder, 'node_modules/onnxruntime-web');
  symlinkSync(join(root, 'node_modules/onnxruntime-web'), engine);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: place, encoding: 'utf8' });
  rmSync(engine);
  expect(stdout).toBe('');
}, 300_000);

test('gives its entry points, with types', () => {
  writeFileSync(
    join(folder, 'use.js'),
    `import { Dense, Flatten, SGD, Sequential } from 'harrier';
     import { nodeRuntime } from 'harrier/node';
     const model = new Sequential({ inputShape: [8, 8, 3], layers: [new Flatten(), new Dense({ units: 2, activation: 'softmax' })] });
     model.compile({ optimizer: new SGD(), runtime: nodeRuntime({ threads: 1 }) });
     const [a, b] = await model.predict(new Uint8Array(192));
     console.log(a + b);`,
  );
  expect(Number(run('node', ['use.js']))).toBeCloseTo(1, 5);
  expect(readdirSync(join(folder, 'node_modules/harrier/dist'))).toContain('index.d.ts');
});

/** Eight squares of 8 pixels, each of one colour: with Display P3 as its profile, and turned by the camera. */
const HEIC_PHOTOS = {
  'p3.heic':
    'AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAA1dtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA' +
    'AAAAACJpbG9jAAAAAERAAAEAAQAAAAADewABAAAAAAAAAXMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAA' +
    'AA5waXRtAAAAAAABAAAC12lwcnAAAAK3aXBjbwAAAHdodmNDAQQIAAAAnjgAAAAAHvAA/P/4+AAADwNgAAEAF0ABDAH//wQI' +
    'AAADAJ44AAADAAAeugJAYQABACpCAQEECAAAAwCeOAAAAwAAHpAEECCy3VXTXNwENBgQAAADAZAAAAMAEIBiAAEACEQBwXMY' +
    'MBiQAAAB7GNvbHJwcm9mAAAB4GxjbXMEIAAAbW50clJHQiBYWVogB+IAAwAUAAkADgAdYWNzcE1TRlQAAAAAc2F3c2N0cmwA' +
    'AAAAAAAAAAAAAAAAAPbWAAEAAAAA0y1oYW5kguKocouKP/clPrmS7iTWrgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
    'AAAKZGVzYwAAAPwAAAAkY3BydAAAASAAAAAid3RwdAAAAUQAAAAUY2hhZAAAAVgAAAAsclhZWgAAAYQAAAAUZ1hZWgAAAZgA' +
    'AAAUYlhZWgAAAawAAAAUclRSQwAAAcAAAAAgZ1RSQwAAAcAAAAAgYlRSQwAAAcAAAAAgbWx1YwAAAAAAAAABAAAADGVuVVMA' +
    'AAAIAAAAHABzAFAAMwBDbWx1YwAAAAAAAAABAAAADGVuVVMAAAAGAAAAHABDAEMAMAAAWFlaIAAAAAAAAPbWAAEAAAAA0y1z' +
    'ZjMyAAAAAAABDEIAAAXe///zJQAAB5MAAP2Q///7of///k4AAAOaAADAFFhZWiAAAAAAAACD3wAAPb8AAAAAWFlaIAAAAAAA' +
    'AEq/AACxNwAACrVYWVogAAAAAAAAKDgAABEKAADIeHBhcmEAAAAAAAMAAAACZmkAAPKnAAANWQAAE9AAAApbAAAAFGlzcGUA' +
    'AAAAAAAAQAAAAEAAAAAoY2xhcAAAACAAAAABAAAAEAAAAAH////gAAAAAv///9AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhp' +
    'cG1hAAAAAAAAAAEAAQWBAgMFhAAAAXttZGF0AAABbygBrwayCMs6L4Bm1lod+Sr//9kI8h5MnrU+1BF/1Vf/4hukAmhLV++X' +
    '//Wj35l2v1xZ99RfDzFOCdoDrGwunvN3kIH/DqB+JldfDf/qwLecAkt82qMbJwdHIjsXon3xNXQ8B4+zJJf+SrvEdPNUYfjk' +
    'c2luBjsyKE+IprEzN1kg3ZltwdljmsVcK4SHn42yH8naCKlsuRux8ITtLMIln2NR8dzjOf92qVboiMEovNf85FO1t8r/80G9' +
    'qN+sM/Xd23XxthbWlOynYBo9euO0L8dzjOf92/amFLTq6BVGK+JPrx5vnfza1uIB6dgH+V0jC7ILOgsqdK6RnC8ScwI8SuFo' +
    'X8JPy9ANW0Qn3OYxDxbuaK2XMBX3+eGaamxevMQ96bqp388gLtSp9wUaHvO4ZH8v4T/LkB3qLOrP172Bmeyd9KAhG/PAArWl' +
    'wpkcbIGOLuwPfL+OvXd/6jx9eH6kx3wd+E7ljNlXbfTR2yUWwuA=',
  'turned.heic':
    'AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAAcltZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA' +
    'AAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7QABAAAAAAAAAXMAAgAAAAADYAABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVp' +
    'bmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABCGlwcnAAAADnaXBjbwAAAHdo' +
    'dmNDAQQIAAAAnjgAAAAAHvAA/P/4+AAADwNgAAEAF0ABDAH//wQIAAADAJ44AAADAAAeugJAYQABACpCAQEECAAAAwCeOAAA' +
    'AwAAHpAEECCy3VXTXNwENBgQAAADAZAAAAMAEIBiAAEACEQBwXMYMBiQAAAAE2NvbHJuY2x4AAEADQAGgAAAABRpc3BlAAAA' +
    'AAAAAEAAAABAAAAAKGNsYXAAAAAgAAAAAQAAABAAAAAB////4AAAAAL////QAAAAAgAAABBwaXhpAAAAAAMICAgAAAAJaXJv' +
    'dAMAAAAZaXBtYQAAAAAAAAABAAEGgQIDBYSGAAAAGmlyZWYAAAAAAAAADmNkc2MAAgABAAEAAAGfbWRhdAAAAW8oAa8GsgjL' +
    'Oi+AZtZaHfkq///ZCPIeTJ61PtQRf9VX/+IbpAJoS1fvl//1o9+Zdr9cWffUXw8xTgnaA6xsLp7zd5CB/w6gfiZXXw3/6sC3' +
    'nAJLfNqjGycHRyI7F6J98TV0PAePsySX/kq7xHTzVGH45HNpbgY7MihPiKaxMzdZIN2ZbcHZY5rFXCuEh5+Nsh/J2gipbLkb' +
    'sfCE7SzCJZ9jUfHc4zn/dqlW6IjBKLzX/ORTtbfK//NBvajfrDP13dt18bYW1pTsp2AaPXrjtC/Hc4zn/dv2phS06ugVRivi' +
    'T68eb5382tbiAenYB/ldIwuyCzoLKnSukZwvEnMCPErhaF/CT8vQDVtEJ9zmMQ8W7mitlzAV9/nhmmpsXrzEPem6qd/PIC7U' +
    'qfcFGh7zuGR/L+E/y5Ad6izqz9e9gZnsnfSgIRvzwAK1pcKZHGyBji7sD3y/jr13f+o8fXh+pMd8HfhO5YzZV2300dslFsLg' +
    'AAAABkV4aWYAAE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA',
};

test('reads HEIC photos once the package is there that decodes them', () => {
  for (const [name, text] of Object.entries(HEIC_PHOTOS))
    writeFileSync(join(folder, name), Buffer.from(text, 'base64'));
  const program = join(folder, 'node_modules/harrier/bin/harrier.js');
  const refused = spawnSync(process.execPath, [program, 'predict', 'p3.heic'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(
    /p3\.heic: this is a HEIC photo, which is not read.*npm install heic-decode\./s,
  );
  run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', 'heic-decode']);
  const script = `
    import { decodeImage } from 'harrier/node';
    const [p3, turned] = await Promise.all([
      decodeImage('p3.heic', { height: 16, width: 32, channels: 3 }),
      decodeImage('turned.heic', { height: 32, width: 16, channels: 3 }),
    ]);
    const at = (pixels, width, x, y) => [...pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
    console.log(JSON.stringify([at(p3, 32, 4, 4), at(p3, 32, 12, 4), at(p3, 32, 4, 12), at(turned, 16, 4, 4), at(turned, 16, 12, 4)]));
  `;
  const [red, green, grey, topLeft, topRight] = JSON.parse(
    run(process.execPath, ['--input-type=module', '-e', script]),
  ) as number[][];
  const isNear = (found: number[], expected: number[]) => {
    for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(3);
  };
  // (230, 40, 40) and (40, 200, 60) of Display P3 lie outside sRGB.
  isNear(red, [251, 0, 21]);
  isNear(green, [0, 204, 12]);
  isNear(grey, [128, 128, 128]);
  isNear(topLeft, [128, 128, 128]);
  isNear(topRight, [230, 40, 40]);
  const cut = readFileSync(join(folder, 'p3.heic')).subarray(0, 1000);
  writeFileSync(join(folder, 'cut.heic'), cut);
  const damaged = spawnSync(process.execPath, [program, 'predict', 'cut.heic', '--json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  // Nothing of what the decoder prints is among the results.
  expect([damaged.status, JSON.parse(damaged.stdout)]).toEqual([
    1,
    [{ file: 'cut.heic', predictions: [], error: expect.stringMatching(/damaged or cut off/) }],
  ]);
  expect(damaged.stderr).toMatch(/cut\.heic: the image is damaged or cut off/);
});
