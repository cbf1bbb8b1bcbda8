import { tabLocks } from 'harrier/src/platform/web/lock.ts';

/** What other tabs of the same page are told of. */
type News = 'classes' | 'model' | 'training';

const channel = openChannel();
const listeners = new Map<News, () => void>();

channel?.addEventListener('message', ({ data }: MessageEvent<News>) => listeners.get(data)?.());

/** Undefined where the browser keeps all data of the site away from the page. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel('harrier-teach');
  } catch {
    return undefined;
  }
}

/** Tells the other tabs that something else is kept now. */
export function tellTabs(news: News): void {
  channel?.postMessage(news);
}

/** What to do when another tab has kept something else. */
export function hearTabs(news: News, act: () => void): void {
  listeners.set(news, act);
}

const LOCK = 'harrier-teach-open';
const TURN = 'harrier-teach-project';
/** Whether other tabs know that this one is open. */
let isOpen = false;

/**
 * Does what no other tab may notice, where this is the only one; from then on others know that this one is open. Where
 * the browser has no locks, it is left undone.
 */
export async function aloneInBrowser(act: () => Promise<void>): Promise<void> {
  const locks = await tabLocks();
  if (!locks) return;
  try {
    await locks.request(LOCK, { ifAvailable: true }, async (lock) => {
      if (lock) await act();
    });
  } finally {
    // Held until the page is closed.
    void locks.request(LOCK, { mode: 'shared' }, () => {
      isOpen = true;
      return new Promise(() => {});
    });
  }
}

/** Whether no other tab has this page open, after `aloneInBrowser`. False where the browser cannot tell. */
export async function isAlone(): Promise<boolean> {
  const { held = [], pending = [] } = (await (await tabLocks())?.query()) ?? {};
  return isOpen && [...held, ...pending].filter(({ name }) => name === LOCK).length === 1;
}

/** Does what only one tab may do at a time, as soon as the others have done it. */
export async function inTurn(act: () => Promise<void>): Promise<void> {
  const locks = await tabLocks();
  await (locks ? locks.request(TURN, act) : act());
}
