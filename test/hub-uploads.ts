/** The part of the hub that takes models, as strict about its protocol as the real one. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HubContent, HubRepositoryContent } from './hub-content.ts';

/** The server that it is a part of. */
interface Hub {
  readonly endpoint: string;
  readonly port: number;
  readonly repositories: Map<string, HubRepositoryContent>;
}

interface Repository {
  readonly files: Map<string, HubContent>;
  readonly commits: { readonly summary: string; readonly changed: readonly string[] }[];
  readonly private: boolean;
}

const LFS = 'application/vnd.git-lfs+json';
const LARGE = /\.(onnx|safetensors|bin)$/;

export class HubUploads {
  /** Owners that a token may write for. */
  readonly tokens = new Map<string, readonly string[]>();
  readonly repositories = new Map<string, Repository>();
  /** The storage, by SHA-256. */
  readonly objects = new Map<string, Buffer>();
  /** Bytes of the parts in which large files are sent; absent: whole. */
  chunk?: number;
  /** Ways that break the protocol, if any. */
  readonly complaints: string[] = [];
  readonly #verified = new Set<string>();
  readonly #parts = new Map<string, Map<number, Buffer>>();

  /** Changes a file by hand, as people do on the hub's pages. */
  edit({ repositories }: Hub, name: string, path: string, text: string): void {
    const { files } = this.repositories.get(name)!;
    files.set(path, { content: Buffer.from(text) });
    const { commit } = repositories.get(name)!;
    repositories.set(name, { commit, files: Object.fromEntries(files) });
  }

  takes({ method, url = '' }: IncomingMessage): boolean {
    return (
      method === 'POST' || method === 'PUT' || (method === 'GET' && /^\/api\/models\/[^/]+\/[^/]+$/.test(url))
    );
  }

  async answer(request: IncomingMessage, response: ServerResponse, server: Hub): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The line was cut.
    }
    const [status, content, headers] = this.#respond(request, Buffer.concat(chunks), server);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(content === undefined ? '' : JSON.stringify(content));
  }

  #respond(
    { method, url = '', headers }: IncomingMessage,
    body: Buffer,
    server: Hub,
  ): [status: number, content?: object, headers?: Record<string, string>] {
    const storage = /^\/storage\/([0-9a-f]{64})(?:\/(\d+))?$/.exec(url);
    if (storage) return this.#store(storage[1], storage[2], method, headers, body);
    const owners = this.tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '');
    if (!owners) return [401, { error: 'Invalid username or password.' }];
    const [, name] =
      /^\/(?:api\/models\/)?([^/]+\/[^/]+?)(?:\.git)?(?:\/(?:preupload|commit|info)\/.*)?$/.exec(url) ?? [];
    const known = this.repositories.get(name!);
    if (method === 'GET')
      return known ? [200, { id: name, private: known.private }] : [404, { error: 'Repository not found' }];
    if (url === '/api/repos/create') {
      const { organization, name: own, type, private: isPrivate } = JSON.parse(`${body}`);
      if (type !== 'model') this.complaints.push('a repository that is no model');
      if (!owners.includes(organization)) {
        return [
          403,
          { error: `You don't have the rights to create a model under the namespace "${organization}"` },
        ];
      }
      this.repositories.set(`${organization}/${own}`, { files: new Map(), commits: [], private: isPrivate });
      return [200, { url: `${server.endpoint}/${organization}/${own}` }];
    }
    const repository = this.repositories.get(name!);
    if (!repository) return [404, { error: 'Repository not found' }];
    if (!owners.includes(name!.split('/')[0])) return [403, { error: 'Forbidden' }];
    if (url.endsWith('/preupload/main'))
      return [200, this.#preupload(repository, JSON.parse(`${body}`).files)];
    if (url.endsWith('/info/lfs/objects/batch')) return this.#batch(headers, JSON.parse(`${body}`), server);
    if (url.endsWith('/info/lfs/verify')) {
      const { oid, size } = JSON.parse(`${body}`);
      const isThere = this.objects.get(oid)?.length === size;
      if (isThere) this.#verified.add(oid);
      return isThere ? [200, {}] : [404, { message: 'no such object' }];
    }
    if (url.endsWith('/commit/main')) return this.#commit(name!, repository, headers, `${body}`, server);
    return [404, { error: `no ${method} ${url}` }];
  }

  #preupload(
    { files }: Repository,
    asked: readonly { path: string; size: number; sample: string }[],
  ): object {
    for (const { path, size, sample } of asked) {
      if (Buffer.from(sample, 'base64').length !== Math.min(512, size))
        this.complaints.push(`the sample of ${path}`);
    }
    return {
      files: asked.map(({ path }) => {
        const known = files.get(path)?.content;
        const isLarge = LARGE.test(path);
        const oid = known && (isLarge ? sha256(known) : gitHash(known));
        return { path, uploadMode: isLarge ? 'lfs' : 'regular', shouldIgnore: false, ...(oid && { oid }) };
      }),
    };
  }

  #batch(
    headers: IncomingMessage['headers'],
    {
      operation,
      hash_algo,
      objects,
    }: { operation: string; hash_algo: string; objects: { oid: string; size: number }[] },
    { endpoint, port }: Hub,
  ): [number, object] {
    if (headers.accept !== LFS || headers['content-type'] !== LFS) this.complaints.push('types of the batch');
    if (operation !== 'upload' || hash_algo !== 'sha256') this.complaints.push('the batch');
    const storage = `http://localhost:${port}/storage`;
    const verify = { href: `${endpoint}/acme/parts.git/info/lfs/verify`, header: {} };
    const whole = (oid: string) => ({ href: `${storage}/${oid}`, header: { 'x-signed': 'yes' } });
    const inParts = (oid: string, size: number, chunk: number) => ({
      href: `${storage}/${oid}`,
      header: {
        chunk_size: `${chunk}`,
        ...Object.fromEntries(
          Array.from({ length: Math.ceil(size / chunk) }, (_, i) => [
            `${i + 1}`.padStart(5, '0'),
            `${storage}/${oid}/${i + 1}`,
          ]),
        ),
      },
    });
    return [
      200,
      {
        transfer: this.chunk ? 'multipart' : 'basic',
        objects: objects.map(({ oid, size }) => ({
          oid,
          size,
          ...(!this.objects.has(oid) && {
            actions: { upload: this.chunk ? inParts(oid, size, this.chunk) : whole(oid), verify },
          }),
        })),
      },
    ];
  }

  #store(
    oid: string,
    part: string | undefined,
    method: string | undefined,
    headers: IncomingMessage['headers'],
    body: Buffer,
  ): [number, object?, Record<string, string>?] {
    if (headers.authorization) this.complaints.push('the token was sent to the storage');
    if (part !== undefined) {
      const parts = this.#parts.get(oid) ?? new Map<number, Buffer>();
      this.#parts.set(oid, parts.set(Number(part), body));
      return [200, undefined, { etag: `"${sha256(body)}"` }];
    }
    let content = body;
    if (method === 'POST') {
      const { parts } = JSON.parse(`${body}`) as { parts: { partNumber: number; etag: string }[] };
      const sent = parts.map(({ partNumber, etag }) => {
        const own = this.#parts.get(oid)?.get(partNumber);
        return own && etag === `"${sha256(own)}"` ? own : Buffer.alloc(0);
      });
      content = Buffer.concat(sent);
    } else if (headers['x-signed'] !== 'yes') this.complaints.push('headers of the upload');
    if (sha256(content) !== oid) return [400, { message: 'the SHA-256 is another' }];
    this.objects.set(oid, content);
    return [200];
  }

  #commit(
    name: string,
    { files, commits }: Repository,
    headers: IncomingMessage['headers'],
    body: string,
    server: Hub,
  ): [number, object] {
    if (headers['content-type'] !== 'application/x-ndjson') this.complaints.push('the type of the commit');
    const [header, ...lines] = body.split('\n').map((line) => JSON.parse(line));
    if (header.key !== 'header' || !header.value.summary)
      return [400, { error: 'the commit has no message' }];
    for (const { key, value } of lines) {
      if (key === 'lfsFile') {
        const content = this.objects.get(value.oid);
        if (content?.length !== value.size || !this.#verified.has(value.oid)) {
          return [400, { error: `LFS pointer to a file that is not there: ${value.path}` }];
        }
        files.set(value.path, { content: content!, large: true });
      } else files.set(value.path, { content: Buffer.from(value.content, value.encoding) });
    }
    const changed = lines.map(({ value }) => value.path as string);
    commits.push({ summary: header.value.summary, changed });
    const commit = createHash('sha1').update(body).digest('hex');
    // From now on it can be downloaded too.
    server.repositories.set(name, { commit, files: Object.fromEntries(files) });
    return [
      200,
      { success: true, commitOid: commit, commitUrl: `${server.endpoint}/${name}/commit/${commit}` },
    ];
  }
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function gitHash(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}
