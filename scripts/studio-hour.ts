// node --import tsx scripts/studio-hour.ts ADDRESS [MINUTES]: whether an open live chart leaks. Starts a run on a running
// Studio that tells of an epoch every few seconds, leaves its chart open for an hour, and prints each minute what the
// page holds after its garbage is collected.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium } from '../src/cli/bench/web/chromium.ts';
import type { RunSummary } from '../src/studio-server/api.ts';

const [address, minutes = '60'] = process.argv.slice(2);
if (!address || !(Number(minutes) > 0)) {
  console.error('Usage: node --import tsx scripts/studio-hour.ts ADDRESS [MINUTES]');
  process.exit(2);
}
const api = (path: string) => new URL(`api/${path}`, `${address}/`).href;
const send = async <T>(path: string, body: object): Promise<T> => {
  const answer = await fetch(api(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
};

if (!(await fetch(api('state')).catch(() => undefined))?.ok) {
  console.error(`No Studio answers at ${address}. Start one: npx harrier studio RUNS-DIR`);
  process.exit(1);
}
// First the browser: where there is none, no run is left behind.
const browser = await launchChromium();
let run: RunSummary | undefined;
try {
  run = await send<RunSummary>('runs', {
    recipe: 'keras-cnn',
    data: 'cifar10',
    options: { limit: 320, epochs: 100_000 },
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  let events = 0;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  await devtools.send('Network.enable');
  devtools.on('Network.eventSourceMessageReceived', () => events++);
  await page.goto(new URL(`train?runs=${run.id}`, `${address}/`).href);
  await page.locator('.u-over').first().waitFor({ timeout: 300_000 });
  for (let minute = 0; minute <= Number(minutes); minute++) {
    if (minute > 0) await sleep(60_000);
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const metric = (name: string) => metrics.find((each) => each.name === name)!.value;
    const { epochsDone } = (await (await fetch(api(`runs/${run.id}`))).json()).summary as RunSummary;
    console.log(
      `minute ${minute}: ${events} events, ${epochsDone} epochs, heap ${(metric('JSHeapUsedSize') / 1e6).toFixed(1)} MB, ${metric('Nodes')} nodes, ${metric('JSEventListeners')} listeners`,
    );
  }
} finally {
  if (run) await send(`runs/${run.id}/stop`, {}).catch(console.error);
  await browser.close();
}
