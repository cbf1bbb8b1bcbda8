import { HarrierError } from '../../../errors.ts';
import { type JsonObject, jsonObject } from '../../../json-text.ts';
import { isObject } from '../../../options/values.ts';
import { type DownloadOptions, download, reason } from '../files/download.ts';
import { type OpenUrlOptions, openUrl, type UrlAnswer } from '../files/open-url.ts';

/** A repository of the hub at one commit. */
export interface HubRepository {
  readonly commit: string;
  /** SPDX identifier or the hub's own word, where the card states one. */
  readonly license?: string;
  readonly files: readonly string[];
}

/** A file of the hub before it is downloaded. */
export interface HubFile {
  readonly commit: string;
  readonly bytes?: number;
  readonly expected?: DownloadOptions['expected'];
}

/** What a hub may be told by the environment, under the names that its own programs know. */
export type HubEnvironment = Readonly<Record<string, string | undefined>>;

/** The hub itself. */
export const HUB = 'https://huggingface.co';

/** Where the hub is, and what it knows its user by. */
export function hubSettings(environment: HubEnvironment): {
  readonly endpoint: string;
  readonly token: string | undefined;
} {
  return {
    endpoint: (environment.HF_ENDPOINT || HUB).replace(/\/+$/, ''),
    token: environment.HF_TOKEN || environment.HUGGING_FACE_HUB_TOKEN,
  };
}

/** How long the hub may take to say something about a repository or a file. */
const ANSWER_MS = 20_000;
/** How often a renamed repository may be renamed once more. */
const MOST_MOVES = 3;

/**
 * The Hugging Face hub, or a mirror: `HF_ENDPOINT`, with the token `HF_TOKEN`, which goes to its host alone.
 * Protocol: https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables, and `file_download.py`
 * there.
 */
export class Hub {
  readonly #endpoint: string;
  readonly #token?: string;
  readonly #answerMs: number;
  readonly #kind: 'models' | 'datasets';

  /** @param options.kind what its repositories hold */
  constructor(
    environment: HubEnvironment = process.env,
    {
      answerMs = ANSWER_MS,
      kind = 'models',
    }: { readonly answerMs?: number; readonly kind?: 'models' | 'datasets' } = {},
  ) {
    const { endpoint, token } = hubSettings(environment);
    this.#kind = kind;
    this.#endpoint = endpoint;
    this.#token = token;
    this.#answerMs = answerMs;
  }

  /**
   * A repository at a branch, tag or commit.
   * @throws HarrierError `not-found`, `unauthorized` or `network`
   */
  async repository(name: string, revision: string, signal?: AbortSignal): Promise<HubRepository> {
    const url = `${this.#endpoint}/api/${this.#kind}/${name}/revision/${encodeURIComponent(revision)}`;
    const answer = await this.#ask(url, { method: 'GET' }, signal, async (found) => {
      if (!found.ok) throw this.#refusal(found, `hf:${name}`, url);
      return jsonObject(await found.text());
    });
    const { sha, siblings, cardData } = answer ?? {};
    if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha) || !Array.isArray(siblings)) {
      throw new HarrierError(
        'network',
        `the hub answered with something else than a description of the ${this.#what}`,
        {
          where: url,
          next: 'Does a proxy answer in its place, or does HF_ENDPOINT name something else?',
        },
      );
    }
    const license = isObject(cardData) ? (cardData as JsonObject).license : undefined;
    return {
      commit: sha,
      ...(typeof license === 'string' && { license }),
      files: siblings.flatMap((each) =>
        isObject(each) && typeof each.rfilename === 'string' ? [each.rfilename] : [],
      ),
    };
  }

  /**
   * What the hub states about a file: the commit that it is of, its size, and its SHA-256 (of large files) or git hash.
   * @throws HarrierError `not-found`, `unauthorized` or `network`
   */
  async file(repository: string, file: string, revision: string, signal?: AbortSignal): Promise<HubFile> {
    let url = this.#url(repository, file, revision);
    for (let moves = 0; ; moves++) {
      const found = await this.#ask(url, { method: 'HEAD', redirect: 'manual' }, signal, async (answer) => {
        if (answer.status >= 400) throw this.#refusal(answer, `hf:${repository}:${file}`, url);
        return this.#movedTo(answer, url) ?? this.#fileOf(answer, url);
      });
      if (typeof found !== 'string') return found;
      if (moves === MOST_MOVES) throw noCommit(url);
      url = found;
    }
  }

  /** Where a repository that was renamed is now. What leads to the storage, on another host, states a commit. */
  #movedTo({ status, headers }: UrlAnswer, url: string): string | undefined {
    const location = headers.get('location');
    if (status < 300 || !location || headers.get('x-repo-commit')) return undefined;
    const moved = new URL(location, url);
    return moved.origin === new URL(url).origin ? moved.href : undefined;
  }

  #fileOf(answer: UrlAnswer, url: string): HubFile {
    const header = (name: string) => answer.headers.get(name) ?? undefined;
    const commit = header('x-repo-commit');
    const etag = (header('x-linked-etag') ?? header('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
    const bytes = Number(
      header('x-linked-size') ?? (answer.status < 300 ? header('content-length') : undefined),
    );
    if (!commit || !/^[0-9a-f]{40}$/.test(commit)) throw noCommit(url);
    return {
      commit,
      ...(bytes > 0 && { bytes }),
      ...(/^[0-9a-f]{64}$/.test(etag) && { expected: { algorithm: 'sha256', hex: etag } as const }),
      ...(/^[0-9a-f]{40}$/.test(etag) && { expected: { algorithm: 'git', hex: etag } as const }),
    };
  }

  /**
   * Downloads a file, with its hash checked.
   * @throws HarrierError as `download` does
   */
  async download(
    repository: string,
    file: string,
    { commit, ...known }: HubFile,
    destination: string,
    options: Pick<
      DownloadOptions,
      'onProgress' | 'signal' | 'attempts' | 'backoffMs' | 'connectTimeoutMs' | 'stallTimeoutMs'
    >,
  ): Promise<void> {
    await download(this.#url(repository, file, commit), destination, {
      ...known,
      headers: this.#headers(),
      connectTimeoutMs: this.#answerMs,
      ...options,
    });
  }

  #url(repository: string, file: string, revision: string): string {
    const path = file.split('/').map(encodeURIComponent).join('/');
    const folder = this.#kind === 'models' ? '' : `${this.#kind}/`;
    return `${this.#endpoint}/${folder}${repository}/resolve/${encodeURIComponent(revision)}/${path}`;
  }

  get #what(): string {
    return this.#kind === 'models' ? 'model' : 'data set';
  }

  #headers(): Record<string, string> {
    return this.#token ? { authorization: `Bearer ${this.#token}` } : {};
  }

  /** Asks, and reads the answer, within the time that a short answer may take. */
  async #ask<T>(
    url: string,
    options: OpenUrlOptions,
    signal: AbortSignal | undefined,
    read: (answer: UrlAnswer) => Promise<T>,
  ): Promise<T> {
    const limit = AbortSignal.timeout(this.#answerMs);
    const either = signal ? AbortSignal.any([signal, limit]) : limit;
    try {
      return await read(await openUrl(url, { ...options, headers: this.#headers(), signal: either }));
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof HarrierError) throw error;
      const why = limit.aborted ? `no answer within ${Math.round(this.#answerMs / 1000)} s` : reason(error);
      throw new HarrierError('network', `the hub cannot be reached (${why})`, {
        where: this.#endpoint,
        next: 'Check the connection and the proxy (HTTPS_PROXY), or name a mirror with HF_ENDPOINT.',
        cause: error,
      });
    }
  }

  #refusal(answer: UrlAnswer, what: string, url: string): HarrierError {
    const code = answer.headers.get('x-error-code') ?? '';
    if (code === 'EntryNotFound') {
      return new HarrierError('not-found', 'the repository holds no such file', { where: what });
    }
    if (code === 'RevisionNotFound') {
      return new HarrierError('not-found', 'the repository has no such revision', { where: url });
    }
    if (code === 'GatedRepo' || answer.status === 403) {
      return new HarrierError('unauthorized', 'its owner asks you to accept terms first', {
        where: what,
        next: `Do so at ${this.#endpoint}/${what.slice(3).split(':')[0]}, and set HF_TOKEN to a token of yours.`,
      });
    }
    if (answer.status === 401 || answer.status === 404) {
      return new HarrierError('not-found', `the hub has no such ${this.#what}, or it is private`, {
        where: what,
        next: this.#token
          ? 'Check the name, and what the token of HF_TOKEN may read.'
          : 'Check the name; for one that is not public set HF_TOKEN.',
      });
    }
    return new HarrierError('network', `the hub answered ${answer.status} ${answer.statusText}`.trim(), {
      where: url,
      next: 'Try again later.',
    });
  }
}

function noCommit(url: string): HarrierError {
  return new HarrierError('network', 'the hub does not say of which commit this file is', {
    where: url,
    next: 'Does a proxy answer in its place, or does HF_ENDPOINT name something else?',
  });
}
