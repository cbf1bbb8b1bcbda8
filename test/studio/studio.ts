import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readTrainWords } from '../../src/cli/studio/read-words.ts';
import type { RunSummary, StudioEvents } from '../../src/studio-server/api.ts';
import { type StudioHandle, type StudioOptions, startStudio } from '../../src/studio-server/start.ts';
import { PROGRAM } from '../program.ts';

/** A stand-in for the built page, of its shape: what the server does with files is the same for all of them. */
export async function writePage(folder: string): Promise<void> {
  await mkdir(join(folder, 'assets'), { recursive: true });
  const html =
    '<!doctype html>\n<html lang="en">\n  <head>\n    <meta charset="utf-8">\n  </head>\n</html>\n';
  await writeFile(join(folder, 'index.html'), html);
  await writeFile(join(folder, 'theme.js'), 'document.title;');
  await writeFile(join(folder, 'assets', 'index-a1b2c3.js'), `const text = '${'harrier '.repeat(500)}';`);
  await writeFile(join(folder, 'assets', 'engine-d4e5f6.wasm.gz'), gzipSync(WASM));
}

/** The smallest module of WebAssembly there is. */
export const WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export interface TestStudio {
  readonly folder: string;
  readonly studio: StudioHandle;
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
  readonly json: <T>(path: string, init?: RequestInit) => Promise<T>;
  /** Sends JSON as the page would. */
  readonly send: (method: 'POST' | 'PUT', path: string, body?: unknown) => Promise<Response>;
  readonly end: () => Promise<void>;
}

/** An empty folder, with a cache of its own for whatever is done in this process. */
export async function studioFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-studio-'));
  process.env.HARRIER_CACHE = join(folder, 'cache');
  await writePage(join(folder, 'page'));
  return folder;
}

/** A real server on a port of its own. */
export async function openStudio(folder: string, options: Partial<StudioOptions> = {}): Promise<TestStudio> {
  const studio = await startStudio({
    runsFolder: join(folder, 'runs'),
    data: [],
    pageFolder: join(folder, 'page'),
    program: PROGRAM,
    readWords: readTrainWords,
    port: 0,
    log: (error) => {
      throw error;
    },
    ...options,
  });
  const origin = `http://127.0.0.1:${studio.port}`;
  const get = (path: string, init?: RequestInit) => fetch(new URL(path, origin), init);
  return {
    folder,
    studio,
    get,
    json: async (path, init) => (await get(path, init)).json(),
    send: (method, path, body = {}) =>
      get(path, {
        method,
        headers: { 'content-type': 'application/json', origin },
        body: JSON.stringify(body),
      }),
    end: async () => {
      await studio.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A request with exactly these headers, such as no browser and no fetch would send. */
export function raw(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

type Name = keyof StudioEvents;
export type Event = { [N in Name]: { readonly name: N; readonly data: StudioEvents[N] } }[Name];

/** Listens to a server's events, as a page does. */
export async function listenTo({ get }: Pick<TestStudio, 'get'>): Promise<{
  readonly events: Event[];
  /** The first event that fits, of those that came and those to come. */
  readonly wait: (fits: (event: Event) => boolean) => Promise<Event>;
  readonly run: (id: string, fits: (run: RunSummary) => boolean) => Promise<RunSummary>;
  readonly ended: Promise<void>;
  readonly close: () => void;
}> {
  const controller = new AbortController();
  const response = await get('/api/events', { signal: controller.signal });
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
        if (name !== undefined) events.push({ name, data: JSON.parse(data) } as Event);
      }
      for (const check of [...waiting]) check();
    }
  };
  const ended = read().catch(() => {});
  const wait = (fits: (event: Event) => boolean) =>
    new Promise<Event>((resolve, reject) => {
      const check = (): void => {
        const found = events.find(fits);
        if (!found) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      void ended.then(() => reject(new Error('the server ended')));
      check();
    });
  return {
    events,
    wait,
    run: async (id, fits) => {
      const event = await wait(({ name, data }) => name === 'run' && data.id === id && fits(data));
      return event.data as RunSummary;
    },
    ended,
    close: () => controller.abort(),
  };
}
