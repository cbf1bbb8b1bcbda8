/** A server that speaks the Hugging Face hub's protocol, with a storage host of another name as the hub has it. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HubRepositoryContent } from './hub-content.ts';
import type { HubUploads } from './hub-uploads.ts';

export type { HubContent, HubRepositoryContent } from './hub-content.ts';

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly host: 'hub' | 'storage';
  readonly range?: string;
  readonly authorization?: string;
}

/** What answers in the server's place, once; undefined lets it answer itself. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class HubServer {
  /** By `OWNER/NAME`, data sets by `datasets/OWNER/NAME`; with `@REVISION` for another branch than main. */
  readonly repositories = new Map<string, HubRepositoryContent>();
  readonly seen: SeenRequest[] = [];
  /** Answers for the next requests of the storage host, before it answers itself. */
  storage: Answer[] = [];
  /** Answers for the next requests of the hub. */
  hub: Answer[] = [];
  /** Takes models, where it is set. */
  uploads?: HubUploads;
  /** Repositories that have another name now, which the hub sends to by a redirection. */
  readonly renamed = new Map<string, string>();
  /** Files of any other path: no hub, but the web. */
  readonly web = new Map<string, Uint8Array>();
  #server!: Server;

  async listen(): Promise<this> {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What `HF_ENDPOINT` names. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const isStorage = request.headers.host?.startsWith('localhost') ?? false;
    // A stray % is what it is.
    const path = decodeURIComponent((request.url ?? '/').replace(/%(?![0-9a-f]{2})/gi, '%25'));
    const { range, authorization } = request.headers;
    this.seen.push({
      method: request.method ?? '',
      path,
      host: isStorage ? 'storage' : 'hub',
      ...(range && { range }),
      ...(authorization && { authorization }),
    });
    const instead = (isStorage ? this.storage : this.hub).shift();
    if (instead) {
      instead(request, response);
      return;
    }
    if (this.uploads?.takes(request)) {
      void this.uploads.answer(request, response, this);
      return;
    }
    const file = this.web.get(path);
    if (file) {
      send(file, request, response);
      return;
    }
    const [, kind, asked, revised = ''] =
      /^\/api\/(models|datasets)\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path) ?? [];
    const api = asked && (kind === 'models' ? asked : `${kind}/${asked}`);
    const [, resolved, revision, name] =
      /^\/((?:datasets\/)?[^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const renamed = this.renamed.get(api ?? resolved ?? '');
    if (renamed) {
      response.writeHead(307, { location: request.url!.replace((api ?? resolved)!, renamed) }).end();
      return;
    }
    const known = (called: string, at: string) =>
      [...this.repositories].find(
        ([key, { commit }]) => key === `${called}@${at}` || (key.startsWith(`${called}@`) && commit === at),
      )?.[1] ?? this.repositories.get(called);
    const repository = known(api ?? resolved ?? '', api ? revised : (revision ?? ''));
    const isAllowed = repository?.token === undefined || authorization === `Bearer ${repository.token}`;
    if (!repository || (!isAllowed && !isStorage)) {
      response.writeHead(repository || !authorization ? 401 : 404, { 'x-error-code': 'RepoNotFound' }).end();
      return;
    }
    if (api !== undefined) {
      if (!isRevision(repository, revised) && repository !== this.repositories.get(`${api}@${revised}`)) {
        response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
        return;
      }
      const siblings = Object.keys(repository.files).map((rfilename) => ({ rfilename }));
      const cardData = repository.license ? { license: repository.license } : {};
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ sha: repository.commit, siblings, cardData }));
      return;
    }
    const found = repository.files[name];
    if (!found || !isRevision(repository, revision)) {
      response.writeHead(404, { 'x-error-code': found ? 'RevisionNotFound' : 'EntryNotFound' }).end();
      return;
    }
    if (repository.gated) {
      response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
      return;
    }
    if (isStorage) {
      send(found.content, request, response);
      return;
    }
    response.setHeader('x-repo-commit', repository.commit);
    if (found.large) {
      const sha256 = createHash('sha256').update(found.content).digest('hex');
      response.setHeader('x-linked-etag', `"${sha256}"`);
      response.setHeader('x-linked-size', found.content.length);
      response.writeHead(302, { location: `http://localhost:${this.port}${request.url}` }).end();
      return;
    }
    response.setHeader('etag', `"${gitHash(found.content)}"`);
    send(found.content, request, response);
  }
}

function isRevision({ commit }: HubRepositoryContent, revision: string): boolean {
  return revision === 'main' || revision === commit;
}

function gitHash(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

function send(content: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from > 0 && from >= content.length) {
    response.writeHead(416).end();
    return;
  }
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from });
  response.end(request.method === 'HEAD' ? undefined : content.subarray(from));
}

/** Sends `bytes` of a file as if all of it came, then cuts the line. */
export function cutAfter(content: Uint8Array, bytes: number): Answer {
  return (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from });
    response.write(content.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
  };
}
