// Holds exported packages against the programs that they are for: `node bench/peers/exports/check.mjs MODEL PHOTO [NAME…]`.
// Installs each program in a folder of its own (HARRIER_PEERS, else a temporary one), and prints what it answers beside
// what Harrier answers. It is no part of `npm test`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const [model, photo, ...names] = process.argv.slice(2);
if (!photo) throw new Error('usage: node bench/peers/exports/check.mjs MODEL PHOTO [NAME…]');
const work = resolve(process.env.HARRIER_PEERS ?? mkdtempSync(join(tmpdir(), 'harrier-peers-')));
const image = `photo${extname(photo)}`;
const documented = new Map(
  [...readFileSync(join(root, 'docs/in-your-app.md'), 'utf8').matchAll(/```jsx?\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(
    ([, file, code]) => [file, code],
  ),
);
const run = (command, args, cwd = work) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const harrier = (...args) => run(process.execPath, [join(root, 'bin/harrier.js'), ...args], process.cwd());

/** A folder with the package, its peers and other programs, as `npm install` makes it. */
function app(name, packages) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  const write = (file, content) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  };
  write('package.json', JSON.stringify({ name: 'app', private: true, type: 'module' }));
  const all = [archive, ...packages];
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...all], folder);
  write(image, readFileSync(photo));
  return { folder, write, path: (...parts) => join(folder, ...parts) };
}

const SERVER = ['onnxruntime-node@^1.30.0', 'sharp'];
const PAGE = ['onnxruntime-web@^1.30.0'];
const USE = `import { classify } from '@acme/parts'; console.log(JSON.stringify(await classify('${image}')));`;

/** What a page prints after ANSWER. */
async function inChromium(address) {
  const browser = await chromium.launch({ executablePath: process.env.HARRIER_CHROMIUM ?? '/usr/bin/chromium' });
  try {
    const page = await browser.newPage();
    const printed = page.waitForEvent('console', { predicate: (message) => message.text().startsWith('ANSWER'), timeout: 120_000 });
    await page.goto(address, { waitUntil: 'commit' });
    return JSON.parse((await printed).text().slice('ANSWER'.length));
  } finally {
    await browser.close();
  }
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

async function served(folder) {
  const server = createServer((request, response) => {
    const file = join(folder, new URL(request.url, 'http://here').pathname.replace(/\/$/, '/index.html'));
    response.writeHead(existsSync(file) ? 200 : 404, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    response.end(existsSync(file) ? readFileSync(file) : '');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await inChromium(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Starts a program that prints the port it listens on, uses it, and ends it. */
async function whileRunning(args, cwd, use) {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } });
  try {
    const address = await new Promise((done, fail) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk) => {
        text += chunk.replace(/\u001b\[\d+m/g, '');
        const [found] = /http:\/\/localhost:\d+/.exec(text) ?? [];
        if (found) done(found);
      });
      child.on('exit', () => fail(new Error(text)));
    });
    return await use(address);
  } finally {
    child.kill();
  }
}

const PRINT = `import { classify } from '@acme/parts';
classify(new URL('./${image}', import.meta.url)).then((answers) => console.log('ANSWER' + JSON.stringify(answers)), (error) => console.log('ANSWER' + JSON.stringify(String(error))));`;

const CHECKS = {
  node() {
    const { folder, write } = app('node', SERVER);
    write('use.mjs', USE);
    return JSON.parse(run(process.execPath, ['use.mjs'], folder));
  },
  deno() {
    const { folder, write, path } = app('deno', [...SERVER, 'deno']);
    write('use.mjs', USE);
    const [platform] = readdirSync(path('node_modules/@deno'));
    const rights = ['--allow-read', '--allow-ffi', '--allow-env', '--allow-sys'];
    return JSON.parse(run(path('node_modules/@deno', platform, 'deno'), ['run', ...rights, 'use.mjs'], folder));
  },
  bun() {
    const { folder, write, path } = app('bun', [...SERVER, 'bun']);
    write('use.mjs', USE);
    const [platform] = readdirSync(path('node_modules/@oven'));
    return JSON.parse(run(path('node_modules/@oven', platform, 'bin/bun'), ['use.mjs'], folder));
  },
  async vite() {
    const { folder, write, path } = app('vite', [...PAGE, 'vite@8']);
    write('main.js', PRINT);
    write('index.html', '<!doctype html><script type="module" src="/main.js"></script>');
    const vite = path('node_modules/vite/bin/vite.js');
    const developed = await whileRunning([vite, '--port', '0'], folder, inChromium);
    run(process.execPath, [vite, 'build'], folder);
    return [...(await served(path('dist'))), ...developed];
  },
  async webpack() {
    const { folder, write, path } = app('webpack', [...PAGE, 'webpack@5', 'webpack-cli']);
    write('main.js', PRINT);
    write('webpack.config.cjs', "module.exports = { mode: 'production', entry: './main.js', output: { publicPath: '' } };");
    run(process.execPath, [path('node_modules/webpack/bin/webpack.js')], folder);
    // No encoding is stated: the worst page there is.
    write('dist/index.html', '<!doctype html><script src="main.js"></script>');
    return served(path('dist'));
  },
  async next() {
    const { folder, write, path } = app('next', [...PAGE, ...SERVER, 'next@16', 'react', 'react-dom']);
    for (const file of ['next.config.mjs', 'app/api/classify/route.js']) write(file, documented.get(file));
    write(`public/${image}`, readFileSync(photo));
    write('app/layout.js', 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }');
    write('use-classifier.jsx', documented.get('use-classifier.jsx'));
    write(
      'app/page.js',
      `'use client';
       import { useClassifier } from '../use-classifier.jsx';
       export default function Page() {
         const { answers, error } = useClassifier('/${image}');
         if (answers ?? error) console.log('ANSWER' + JSON.stringify(answers ?? String(error)));
         return null;
       }`,
    );
    const next = path('node_modules/next/dist/bin/next');
    run(process.execPath, [next, 'build'], folder);
    return whileRunning([next, 'start', '-p', '0'], folder, async (address) => {
      const answer = await fetch(`${address}/api/classify`, { method: 'POST', body: readFileSync(photo) });
      return [...(await answer.json()), ...(await inChromium(address))];
    });
  },
  async workerd() {
    const { write, path } = app('workerd', [...PAGE, ...SERVER, 'miniflare']);
    const files = {
      '@acme/parts': 'node_modules/@acme/parts/browser.js',
      '@acme/parts/model.onnx': 'node_modules/@acme/parts/model.onnx',
      'onnxruntime-web/ort-wasm-simd-threaded.wasm': 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
      'onnxruntime-web/wasm': 'node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs',
    };
    // As a bundler does: each import is a file.
    const code = documented.get('cloudflare.js').replace(/from '([^']+)'/g, (_, name) => `from './${files[name]}'`);
    write('worker.js', code);
    const { Miniflare } = await import(pathToFileURL(path('node_modules/miniflare/dist/src/index.js')).href);
    const kinds = { '.wasm': 'CompiledWasm', '.onnx': 'Data' };
    const modules = ['worker.js', ...Object.values(files), 'node_modules/@acme/parts/run/browser.js'].map((file) => ({
      type: kinds[extname(file)] ?? 'ESModule',
      path: path(file),
    }));
    const worker = new Miniflare({ modules, modulesRoot: path('.'), compatibilityDate: '2026-01-01' });
    const { default: sharp } = await import('sharp');
    const { data, info } = await sharp(photo).autoOrient().toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const headers = { 'x-width': `${info.width}`, 'x-height': `${info.height}` };
    const answer = await worker.dispatchFetch('http://worker/', { method: 'POST', headers, body: data });
    const text = await answer.text();
    await worker.dispose();
    return JSON.parse(text);
  },
  async 'transformers.js'() {
    const { folder, write } = app('transformers', ['@huggingface/transformers@4']);
    rmSync(join(folder, 'parts'), { recursive: true, force: true });
    harrier('export', model, '--format', 'transformers.js', '--out', join(folder, 'parts'));
    write('use.mjs', documented.get('transformers.js').replace('photo.jpg', image).replace(/console\.log\((.*)\);/, 'console.log(JSON.stringify($1));'));
    return JSON.parse(run(process.execPath, ['use.mjs'], folder)).map(({ label, score }) => ({ label, probability: score }));
  },
  async 'transformers.js-page'() {
    const { folder, write, path } = app('transformers', ['@huggingface/transformers@4']);
    rmSync(join(folder, 'parts'), { recursive: true, force: true });
    harrier('export', model, '--format', 'transformers.js', '--out', join(folder, 'parts'));
    // Its own ONNX Runtime, where another package wants another version.
    const nested = 'node_modules/@huggingface/transformers/node_modules';
    const packages = existsSync(path(nested, 'onnxruntime-web')) ? `/${nested}` : '/node_modules';
    const imports = {
      '@huggingface/transformers': '/node_modules/@huggingface/transformers/dist/transformers.web.min.js',
      'onnxruntime-common': `${packages}/onnxruntime-common/dist/esm/index.js`,
      'onnxruntime-web/webgpu': `${packages}/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs`,
    };
    // As from the hub: without a word on the type of the weights.
    write(
      'index.html',
      `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script><script type="module">
        import { env, pipeline } from '@huggingface/transformers';
        env.allowRemoteModels = false;
        env.allowLocalModels = true;
        env.localModelPath = '/';
        env.backends.onnx.wasm.wasmPaths = '${packages}/onnxruntime-web/dist/';
        const answer = async () => (await pipeline('image-classification', 'parts'))('/${image}');
        answer().then((found) => console.log('ANSWER' + JSON.stringify(found)), (error) => console.log('ANSWER' + JSON.stringify(String(error))));
      </script>`,
    );
    const answers = await served(folder);
    if (typeof answers === 'string') throw new Error(answers);
    return answers.map(({ label, score }) => ({ label, probability: score }));
  },
};

const packed = join(work, 'package');
harrier('export', model, '--format', 'npm', '--name', '@acme/parts', '--out', packed);
const [{ filename }] = JSON.parse(run('npm', ['pack', '--json'], packed));
// A name of its own each time: npm keeps archives by their names.
const archive = join(work, `${Date.now()}-${basename(filename)}`);
renameSync(join(packed, filename), archive);
const [{ predictions }] = JSON.parse(harrier('predict', '--model', model, photo, '--json'));
const own = new Map(predictions.map(({ label, probability }) => [label, probability]));
let failed = false;
for (const name of names.length > 0 ? names : Object.keys(CHECKS)) {
  try {
    const answers = await CHECKS[name]();
    const differences = answers.map(({ label, probability }) => Math.abs(probability - own.get(label)));
    const worst = Math.max(...differences);
    // transformers.js scales photos in its own way.
    const isWrong = answers.length === 0 || !(worst < (name.startsWith('transformers.js') ? 0.1 : 0.005));
    failed ||= isWrong;
    console.log(`${isWrong ? 'WRONG' : 'right'}  ${name}: ${answers.length} probabilities, at most ${worst.toExponential(1)} apart`);
  } catch (error) {
    failed = true;
    console.log(`WRONG  ${name}: ${String(error.stderr || error.stack).slice(-1500)}`);
  }
}
if (!process.env.HARRIER_PEERS) rmSync(work, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
