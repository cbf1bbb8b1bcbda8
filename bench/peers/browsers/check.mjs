// Opens Studio in other browsers than the tests': `node bench/peers/browsers/check.mjs DATA [firefox|webkit…]`.
// DATA has a folder of images for each class. It visits every view but Label, teaches two classes, reloads, tries and evaluates
// the taught model, and prints what it saw and every error that a page threw. A browser that is not there is skipped
// with the reason. It is no part of `npm test`. For Debian: `apt install firefox-esr webkit2gtk-driver xvfb`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const [data, ...named] = process.argv.slice(2);
if (!data) throw new Error('usage: node bench/peers/browsers/check.mjs DATA [firefox|webkit…]');
const work = resolve(process.env.HARRIER_PEERS ?? mkdtempSync(join(tmpdir(), 'harrier-browsers-')));
mkdirSync(work, { recursive: true });
const SHOWN = 12;
const PATIENCE_MS = 120_000;

/** Collects what a page throws, also before the first view is there. */
const WATCH = `globalThis.faults = [];
addEventListener('error', ({ message, error }) => faults.push(String(error?.stack ?? message)));
addEventListener('unhandledrejection', ({ reason }) => faults.push('unhandled: ' + String(reason?.stack ?? reason)));
const { error } = console;
console.error = (...all) => { faults.push('console: ' + all.join(' ')); error(...all); };`;

/** Studio's server, and before it a proxy that puts WATCH into its page and has images for the page. */
async function studio() {
  const args = [join(root, 'bin/harrier.js'), 'studio', join(work, 'runs'), '--data', resolve(data), '--port', '0', '--json'];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise((found, failed) => {
    let text = '';
    server.stdout.setEncoding('utf8').on('data', (more) => {
      text += more;
      const url = /http:\/\/[^"\s]+/.exec(text)?.[0];
      if (url) found(new URL(url));
    });
    server.once('exit', () => failed(new Error('Studio ended')));
  });
  const proxy = createServer((incoming, answer) => {
    const { pathname, searchParams } = new URL(incoming.url, 'http://localhost');
    const own = { 'cross-origin-resource-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
    if (pathname === '/watch.js') return answer.writeHead(200, { ...own, 'content-type': 'text/javascript' }).end(WATCH);
    if (pathname === '/check-image') {
      const file = images[searchParams.get('class')].files[searchParams.get('file')];
      return answer.writeHead(200, { ...own, 'content-type': 'image/jpeg' }).end(readFileSync(file));
    }
    const headers = { ...incoming.headers, host: said.host };
    delete headers['accept-encoding'];
    if (headers.origin) headers.origin = said.origin;
    const outgoing = request({ host: said.hostname, port: said.port, path: incoming.url, method: incoming.method, headers }, (from) => {
      if (!/text\/html/.test(from.headers['content-type'] ?? '')) {
        answer.writeHead(from.statusCode, from.headers);
        return from.pipe(answer);
      }
      const chunks = [];
      from.on('data', (chunk) => chunks.push(chunk));
      from.on('end', () => {
        const html = Buffer.concat(chunks).toString().replace('<head>', '<head><script src="/watch.js"></script>');
        const { 'content-length': _, etag: __, ...rest } = from.headers;
        answer.writeHead(from.statusCode, rest).end(html);
      });
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise((ready) => proxy.listen(0, '127.0.0.1', ready));
  return {
    address: `http://localhost:${proxy.address().port}`,
    close() {
      proxy.closeAllConnections();
      proxy.close();
      server.kill('SIGINT');
    },
  };
}

/** Images of the first two classes. */
function classesOf(folder) {
  const folders = (path) => readdirSync(path).map((name) => join(path, name)).filter((each) => statSync(each).isDirectory());
  const parts = folders(folder);
  const train = parts.find((each) => /train/i.test(basename(each)));
  return folders(train ?? folder)
    .slice(0, 2)
    .map((path) => ({ files: readdirSync(path).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).map((name) => join(path, name)) }));
}
const images = classesOf(resolve(data));

/** Firefox by WebDriver BiDi. */
async function firefox() {
  const path = process.env.HARRIER_FIREFOX ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);
  if (!path) return { reason: 'no Firefox (HARRIER_FIREFOX says where one is)' };
  if (!existsSync(join(work, 'node_modules/puppeteer-core'))) {
    writeFileSync(join(work, 'package.json'), '{"private":true}');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', 'puppeteer-core'], { cwd: work, stdio: 'ignore' });
  }
  const { default: puppeteer } = await import(createRequire(join(work, 'x.js')).resolve('puppeteer-core'));
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: path, headless: true });
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  return {
    version: await browser.version(),
    goto: (url) => page.goto(url),
    evaluate: (code) => page.evaluate(code),
    screenshot: (file) => page.screenshot({ path: file }),
    close: () => browser.close(),
  };
}

/** WebKitGTK by WebDriver. */
async function webkit() {
  if (!existsSync('/usr/bin/WebKitWebDriver')) return { reason: 'no WebKitWebDriver' };
  const display = process.env.DISPLAY ? undefined : spawn('Xvfb', [':97', '-screen', '0', '1280x1000x24'], { stdio: 'ignore' });
  const port = 4545;
  const env = {
    ...process.env,
    DISPLAY: process.env.DISPLAY ?? ':97',
    // Without a language, pages are told that theirs is "C", which Intl refuses.
    LANG: 'en_US.UTF-8',
    LANGUAGE: 'en_US:en',
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  };
  const driver = spawn('/usr/bin/WebKitWebDriver', ['-p', `${port}`], { stdio: 'ignore', env });
  const ask = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  for (let tries = 0; tries < 50; tries++) {
    if (await fetch(`http://127.0.0.1:${port}/status`).then(() => true, () => false)) break;
    await sleep(200);
  }
  const browser = ['4.1', '4.0'].map((version) => `/usr/lib/x86_64-linux-gnu/webkit2gtk-${version}/MiniBrowser`).find(existsSync);
  const options = { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } };
  const { sessionId, capabilities } = await ask('POST', '/session', { capabilities: { alwaysMatch: options } });
  const at = `/session/${sessionId}`;
  await ask('POST', `${at}/timeouts`, { script: PATIENCE_MS, pageLoad: PATIENCE_MS });
  return {
    version: `${capabilities.browserName} ${capabilities.browserVersion}`,
    goto: (url) => ask('POST', `${at}/url`, { url }),
    evaluate: async (code) => {
      const script = `const done = arguments[0]; Promise.resolve().then(() => (${code})).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const { value, error } = await ask('POST', `${at}/execute/async`, { script, args: [] });
      if (error) throw new Error(error);
      return value;
    },
    screenshot: async (file) => writeFileSync(file, Buffer.from(await ask('GET', `${at}/screenshot`), 'base64')),
    close: async () => {
      await ask('DELETE', at).catch(() => {});
      driver.kill();
      display?.kill();
    },
  };
}

/** Waits until an expression is true in the page. */
async function until(page, expression, what) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    if (await page.evaluate(`Boolean(${expression})`)) return;
    await sleep(250);
  }
  throw new Error(`${what} did not come; the page says: ${(await page.evaluate('document.body.innerText')).slice(0, 600)}`);
}
const hasText = (text) => `document.body.innerText.includes(${JSON.stringify(text)})`;
const click = (page, name) =>
  page.evaluate(`[...document.querySelectorAll('button')].find((each) => each.innerText.trim() === ${JSON.stringify(name)}).click()`);
/** Puts images of a class into a file input, as a user's choice does. */
const give = (page, selector, index, from, count) =>
  page.evaluate(`(async () => {
    const files = new DataTransfer();
    for (let file = ${from}; file < ${from + count}; file++) {
      const blob = await (await fetch('/check-image?class=${index}&file=' + file)).blob();
      files.items.add(new File([blob], 'image-' + file + '.jpg', { type: 'image/jpeg' }));
    }
    const input = document.querySelectorAll(${JSON.stringify(selector)})[${selector.includes('.class-card') ? index : 0}];
    input.files = files.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  })()`);

const STEPS = {
  try: async (page) => {
    await until(page, `document.querySelector('.dropzone')`, 'the model');
    await give(page, '.dropzone input[type=file]', 0, 0, 1);
    await until(page, `document.querySelector('.bar-row')`, 'an answer');
  },
  data: (page) => until(page, `document.querySelector('.image-cell img')?.complete`, 'the images'),
  train: (page) => until(page, `document.querySelector('h1')`, 'the view'),
  evaluate: (page) => until(page, `document.querySelector('h1')`, 'the view'),
  inspect: (page) => until(page, `document.querySelector('svg, canvas')`, 'the graph'),
  teach: async (page) => {
    await until(page, `document.querySelectorAll('.class-card').length >= 2`, 'the classes');
    for (const index of [0, 1]) await give(page, '.class-card input[type=file]', index, 0, SHOWN);
    await until(page, `document.querySelectorAll('.thumbnails li').length === ${2 * SHOWN}`, 'the images');
    if (await page.evaluate(hasText('has seen'))) await until(page, hasText('has seen all images'), 'the features');
    await click(page, 'Train');
    await until(page, `document.querySelector('.try-panel')`, 'the model');
  },
  'teach (again)': (page) => until(page, `document.querySelector('.try-panel')`, 'the kept model'),
  'try?model=taught': async (page) => {
    await until(page, hasText('It knows:'), 'the taught model');
    await give(page, '.dropzone input[type=file]', 1, SHOWN, 1);
    await until(page, `document.querySelector('.bar-row')`, 'an answer');
  },
  'evaluate?model=taught': async (page) => {
    const choice = `[...document.querySelectorAll('.evaluate-images select')][0]`;
    await until(page, choice, 'the data sets');
    await page.evaluate(`(() => { const each = ${choice}; each.selectedIndex = 1; each.dispatchEvent(new Event('change', { bubbles: true })); })()`);
    await until(page, `document.querySelectorAll('.evaluate-images select').length > 1`, 'the data set');
    await click(page, 'Evaluate');
    await until(page, hasText('Class by class') + ' || ' + hasText('was not evaluated'), 'the evaluation');
  },
};

async function check(name, open) {
  const page = await open();
  if (page.reason) return console.log(`${name}: skipped: ${page.reason}`);
  const server = await studio();
  let failed = 0;
  try {
    console.log(`${name}: ${page.version}`);
    for (const [step, work_] of Object.entries(STEPS)) {
      const problems = [];
      const started = Date.now();
      try {
        await page.goto(`${server.address}/${step.split(' ')[0]}`);
        await work_(page);
      } catch (error) {
        problems.push(error.message);
      }
      problems.push(...(await page.evaluate('globalThis.faults ?? ["the page has no script"]')));
      await page.screenshot(join(work, `${name}-${step.replace(/\W+/g, '-')}.png`));
      failed += problems.length;
      console.log(`  ${step}: ${problems.length === 0 ? `fine, ${((Date.now() - started) / 1000).toFixed(1)} s` : problems.join('\n    ')}`);
    }
    const facts = `({ isolated: crossOriginIsolated, gpu: typeof navigator.gpu })`;
    console.log(`  ${JSON.stringify(await page.evaluate(facts))}`);
  } finally {
    await page.close();
    server.close();
  }
  if (failed > 0) process.exitCode = 1;
}

const BROWSERS = { firefox, webkit };
for (const name of named.length > 0 ? named : Object.keys(BROWSERS)) await check(name, BROWSERS[name]);
if (!process.env.HARRIER_PEERS) rmSync(work, { recursive: true, force: true });
else console.log(`Screenshots are in ${work}.`);
