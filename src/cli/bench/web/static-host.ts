/** Any host of static files: no server of ours. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

/** What a host says of files, by their endings. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
  '.wasm': 'application/wasm',
};

export interface StaticHost {
  /** Ends in a slash. */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves a folder, or the bytes that a function finds for a path, such as `/index.html`; a folder's page is its index. */
export async function staticHost(
  files: string | ((path: string) => Promise<Uint8Array | string | undefined>),
  headers: Readonly<Record<string, string>> = {},
): Promise<StaticHost> {
  const find =
    typeof files === 'string' ? (path: string) => readFile(join(files, path)).catch(() => undefined) : files;
  const server = createServer(async (request, answer) => {
    const path = new URL(request.url!, 'http://here').pathname.replace(/\/$/, '/index.html');
    const body = await find(path);
    answer.writeHead(body ? 200 : 404, {
      ...headers,
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    });
    answer.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
