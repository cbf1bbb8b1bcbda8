import type { Browser, BrowserContext } from 'playwright-core';

/** Addresses that answer with an error are part of many tests; the page says so, and that is what they look at. */
const EXPECTED = /^Failed to load resource/;

/** What pages threw, left rejected or complained of, and no test expected. */
let faults: string[] = [];
const allowed: RegExp[] = [];

/** Listens to every page that a browser opens. */
export function watchFaults(browser: Browser): void {
  const open = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await open(options);
    listen(context);
    return context;
  };
}

/** A complaint that a test provokes. */
export function allowFault(pattern: RegExp): void {
  allowed.push(pattern);
}

/** All that nobody expected, each once; they are forgotten after this. */
export function takeFaults(): string[] {
  const found = [...new Set(faults)].filter((fault) => !allowed.some((pattern) => pattern.test(fault)));
  faults = [];
  allowed.length = 0;
  return found;
}

function listen(context: BrowserContext): void {
  context.on('weberror', (thrown) => {
    const error = thrown.error();
    faults.push(error.stack ?? error.message);
  });
  context.on('console', (message) => {
    const text = message.text();
    const isFault = message.type() === 'error' || /Content.Security.Policy|Refused to/i.test(text);
    if (isFault && !EXPECTED.test(text)) faults.push(`${text} (${message.location().url})`);
  });
}
