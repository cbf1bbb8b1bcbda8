import { exported, home } from './router.ts';

/** Keeps an exported site in the browser, so that every view loads without a network once the page was visited. */
export async function keepOffline(): Promise<void> {
  if (!exported || !navigator.serviceWorker) return;
  try {
    const { version } = await (await fetch(new URL('offline.json', home), { cache: 'no-store' })).json();
    await navigator.serviceWorker.register(new URL(`offline.js?v=${version}`, home), { scope: home.href });
  } catch {
    // Without a network what was kept before stays; without room, or where browsers keep nothing, the page works online.
  }
}
