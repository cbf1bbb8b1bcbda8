import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { HarrierError } from '../errors.ts';
import { cached, FOREVER, REVALIDATE } from './respond.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.jpg': 'image/jpeg',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.onnx': 'application/octet-stream',
  '.txt': 'text/plain; charset=utf-8',
};
/** What is not compressed already. */
const COMPRESSIBLE = new Set([
  '.html',
  '.js',
  '.mjs',
  '.css',
  '.json',
  '.webmanifest',
  '.svg',
  '.wasm',
  '.txt',
]);
/** Names of a file that is kept compressed: a browser gets it as it is. */
const COMPRESSED = '.gz';
/** Where the build puts files that are named after their content. */
const HASHED = 'assets/';
/** Uncompressed bytes of a file, for progress bars. */
const WHOLE_LENGTH = 'x-uncompressed-length';

const compress = promisify(gzip);
const expand = promisify(gunzip);

interface PageFile {
  readonly path: string;
  readonly isCompressed: boolean;
}

interface Content {
  readonly etag: string;
  readonly length: number;
  readonly plain: () => Promise<Uint8Array<ArrayBuffer>>;
  readonly packed?: Uint8Array<ArrayBuffer>;
}

/** The files of the page. Only what was there when it was opened is ever given. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #contents = new Map<string, Promise<Content>>();

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files;
  }

  /** @throws HarrierError `not-found` when the page has not been built */
  static async open(folder: string): Promise<PageFiles> {
    const files = new Map<string, PageFile>();
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const name = relative(folder, path).replaceAll('\\', '/');
      // What the build notes for itself.
      if (name.startsWith('.')) continue;
      const isCompressed = name.endsWith(COMPRESSED);
      files.set(isCompressed ? name.slice(0, -COMPRESSED.length) : name, { path, isCompressed });
    }
    if (files.has('index.html')) return new PageFiles(files);
    throw new HarrierError('not-found', 'the page of Studio has not been built', {
      where: folder,
      next: 'Build it: npm run build.',
    });
  }

  get names(): Iterable<string> {
    return this.#files.keys();
  }

  /** A file as it is without compression. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#content(name)).plain();
  }

  /**
   * Answers a request for a path: a file, or the page itself for the address of one of its views.
   * @returns undefined when there is no such file
   */
  async answer(request: Request, pathname: string): Promise<Response | undefined> {
    const wanted = pathname.replace(/^\/+/, '');
    const name = this.#files.has(wanted) ? wanted : /^[a-z-]*$/.test(wanted) ? 'index.html' : undefined;
    if (name === undefined) return undefined;
    const content = await this.#content(name);
    const takesPacked = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
    const { packed } = content;
    const response = await cached(
      request,
      {
        type: TYPES[extname(name)] ?? 'application/octet-stream',
        etag: content.etag + (packed && takesPacked ? '-gzip' : ''),
        control: name.startsWith(HASHED) ? FOREVER : REVALIDATE,
      },
      () => (packed && takesPacked ? packed : content.plain()),
    );
    if (packed) response.headers.set('vary', 'accept-encoding');
    if (packed && takesPacked && response.status === 200) {
      response.headers.set('content-encoding', 'gzip');
      response.headers.set(WHOLE_LENGTH, `${content.length}`);
    }
    return response;
  }

  #content(name: string): Promise<Content> {
    const known = this.#contents.get(name);
    if (known) return known;
    const reading = readContent(name, this.#files.get(name)!);
    this.#contents.set(name, reading);
    reading.catch(() => this.#contents.delete(name));
    return reading;
  }
}

async function readContent(name: string, { path, isCompressed }: PageFile): Promise<Content> {
  const bytes = new Uint8Array(await readFile(path));
  const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  if (isCompressed) {
    // RFC 1952: the last four bytes say how long it was.
    const length = new DataView(bytes.buffer).getUint32(bytes.length - 4, true);
    return { etag, length, packed: bytes, plain: async () => new Uint8Array(await expand(bytes)) };
  }
  const packed = COMPRESSIBLE.has(extname(name)) ? new Uint8Array(await compress(bytes)) : undefined;
  return { etag, length: bytes.length, plain: async () => bytes, ...(packed && { packed }) };
}
