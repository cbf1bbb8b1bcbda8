import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { isObject } from '../../../options/values.ts';
import { HUB } from '../backbones/hub.ts';
import type { HubRequests } from './hub-requests.ts';

/** A file of the hub's storage. */
export interface LargeFile {
  /** SHA-256, hex. */
  readonly oid: string;
  readonly content: Buffer;
}

interface Action {
  readonly href: string;
  readonly header: Readonly<Record<string, string>>;
}

const LFS = 'application/vnd.git-lfs+json';

/**
 * Uploads files by Git LFS: https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md, and the hub's own transfer
 * `multipart`, which sends a file in parts.
 *
 * @returns bytes that were sent
 * @throws HarrierError `refused`, `network` or `unauthorized`
 */
export async function uploadLargeFiles(
  hub: HubRequests,
  repository: string,
  files: readonly LargeFile[],
  onProgress?: OnProgress,
): Promise<number> {
  if (files.length === 0) return 0;
  const answer = await hub.post(
    `/${repository}.git/info/lfs/objects/batch`,
    {
      operation: 'upload',
      transfers: ['basic', 'multipart'],
      hash_algo: 'sha256',
      ref: { name: 'refs/heads/main' },
      objects: files.map(({ oid, content }) => ({ oid, size: content.length })),
    },
    LFS,
  );
  const { objects } = hub.json(answer, repository);
  const known = new Map(
    (Array.isArray(objects) ? objects : []).filter(isObject).map((each) => [`${each.oid}`, each]),
  );
  const total = files.reduce((sum, { content }) => sum + content.length, 0);
  let sent = 0;
  for (const file of files) {
    const { actions, error } = known.get(file.oid) ?? {};
    if (isObject(error)) {
      throw new HarrierError('refused', "the hub's storage refuses a file", {
        where: `hf:${repository}`,
        received: `${error.message}`,
      });
    }
    // Without actions: it is there.
    const upload = isObject(actions) ? actionOf(actions.upload) : undefined;
    if (!upload) continue;
    await send(hub, repository, file, upload, (bytes) => {
      sent += bytes;
      onProgress?.({ what: 'uploading the weights', done: sent, total, unit: 'bytes' });
    });
    const verify = isObject(actions) ? actionOf(actions.verify) : undefined;
    if (verify) {
      const body = JSON.stringify({ oid: file.oid, size: file.content.length });
      const headers = { accept: LFS, 'content-type': LFS, ...verify.header };
      const verified = await hub.ask(pathOf(hub, verify.href), { method: 'POST', headers, body });
      if (!verified.ok) throw hub.refusal(verified, repository);
    }
  }
  return sent;
}

async function send(
  hub: HubRequests,
  repository: string,
  { oid, content }: LargeFile,
  { href, header }: Action,
  onSent: (bytes: number) => void,
): Promise<void> {
  const put = async (url: string, body: Buffer, headers: Action['header'] = {}) => {
    const answer = await hub.send(url, { method: 'PUT', headers, body });
    if (!answer.ok) throw hub.refusal(answer, repository);
    onSent(body.length);
    return answer.headers.get('etag') ?? '';
  };
  const chunk = Number(header.chunk_size);
  if (!(chunk > 0)) {
    await put(href, content, header);
    return;
  }
  const parts: { partNumber: number; etag: string }[] = [];
  for (let start = 0, partNumber = 1; start < content.length; start += chunk, partNumber++) {
    // The hub numbers the addresses of parts, some with zeros before.
    const [, url] = Object.entries(header).find(([key]) => Number(key) === partNumber) ?? [];
    if (url === undefined) {
      throw new HarrierError('network', 'the hub gives too few addresses for the parts of a file', {
        where: `hf:${repository}`,
        received: `none for part ${partNumber}`,
      });
    }
    parts.push({ partNumber, etag: await put(url, content.subarray(start, start + chunk)) });
  }
  const headers = { accept: LFS, 'content-type': LFS };
  const done = await hub.send(href, { method: 'POST', headers, body: JSON.stringify({ oid, parts }) });
  if (!done.ok) throw hub.refusal(done, repository);
}

function actionOf(value: unknown): Action | undefined {
  if (!isObject(value) || typeof value.href !== 'string') return undefined;
  const header = isObject(value.header) ? value.header : {};
  return {
    href: value.href,
    header: Object.fromEntries(Object.entries(header).map(([key, each]) => [key, `${each}`])),
  };
}

/** An address of the hub below its own; the token goes to no other host. */
function pathOf({ endpoint }: HubRequests, href: string): string {
  // A mirror may pass on the addresses of the hub itself.
  for (const own of [endpoint, HUB]) {
    if (href.startsWith(`${own}/`)) return href.slice(own.length);
  }
  throw new HarrierError('network', 'the hub sends its user to another host', {
    where: endpoint,
    received: new URL(href).origin,
  });
}
