// Service worker of an exported site: once the page was visited, every view loads without a network. What it keeps at once
// is listed in offline.json; images and models are kept as they are looked at. Its address names the version of the site,
// so that a site that was exported anew brings a worker of its own.
const version = new URL(location.href).searchParams.get('v');
const own = `harrier ${registration.scope} `;
const opened = caches.open(own + version);

addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const { files } = await (await fetch('offline.json', { cache: 'no-store' })).json();
      const cache = await opened;
      await cache.addAll(files.map((file) => new Request(file, { cache: 'reload' })));
      await skipWaiting();
    })(),
  );
});

addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith(own) && name !== own + version);
      await Promise.all(names.map((name) => caches.delete(name)));
      await clients.claim();
    })(),
  );
});

addEventListener('fetch', (event) => {
  const { method, url, headers } = event.request;
  if (method === 'GET' && url.startsWith(registration.scope) && !headers.has('range')) {
    event.respondWith(answer(event));
  }
});

async function answer(event) {
  const { request } = event;
  const cache = await opened;
  // Reports and other files are looked at as pages too.
  const { pathname: root } = new URL(registration.scope);
  const isPage =
    request.mode === 'navigate' && [root, `${root}index.html`].includes(new URL(request.url).pathname);
  const key = isPage ? registration.scope : request;
  const kept = await cache.match(key);
  // The page itself, what tells its version, and runs, models and images come anew where they can: these keep their names
  // from one export to the next.
  const isNews = isPage || new URL(request.url).pathname.startsWith(`${root}api/`);
  if (kept && !isNews && request.cache !== 'no-store') return kept;
  try {
    // What is kept may be older than this version in the browser's own cache.
    const isPlain = request.mode === 'navigate' || request.cache === 'no-store';
    const fresh = await fetch(isPlain ? request : new Request(request, { cache: 'no-cache' }));
    // Beside the page, which need not wait for it; what there is no room for comes from the network again.
    if (fresh.ok && request.cache !== 'no-store')
      event.waitUntil(cache.put(key, fresh.clone()).catch(() => {}));
    return fresh;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}
