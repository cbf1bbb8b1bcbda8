import { createHash } from 'node:crypto';
import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { isObject } from '../../../options/values.ts';
import { type HubRequestOptions, HubRequests } from './hub-requests.ts';
import { type LargeFile, uploadLargeFiles } from './large-files.ts';

/** What a push is told. */
export interface PushOptions extends HubRequestOptions {
  /** Whether a repository that is created is for its owner alone. */
  readonly isPrivate?: boolean;
  /** The first line of the commit. */
  readonly message: string;
  /** Paths of texts that people may have edited in the repository. */
  readonly edited?: readonly string[];
  /** What becomes of such a text, of the new one and the one there. Default: the new one. */
  readonly merge?: (path: string, made: string, there: string) => string;
  readonly onProgress?: OnProgress;
}

/** What came of it. */
export interface Pushed {
  /** Address of the repository. */
  readonly url: string;
  /** Absent where the repository has all files already. */
  readonly commit?: string;
  /** Files that the commit changes. */
  readonly changed: number;
  /** Bytes of large files that were sent; those that the hub had are not. */
  readonly sentBytes: number;
}

interface File {
  readonly path: string;
  readonly content: Buffer;
}

/** Bytes of a file's beginning that the hub wants to see, to tell texts from others. */
const SAMPLE = 512;

/**
 * Makes files the newest commit of a model repository on the Hugging Face hub (or `HF_ENDPOINT`), which is created where
 * it is missing. Large files go to the hub's storage first; what it has is not sent again, so a push that failed
 * is resumed by pushing again. Other files of the repository stay.
 *
 * Protocol: `hf_api.py` and `_commit_api.py` of https://github.com/huggingface/huggingface_hub, and Git LFS's batch API.
 *
 * @param repository `OWNER/NAME`
 * @param contents by path
 * @throws HarrierError `unauthorized`, `refused` or `network`; `bad-option` for a private push to a public repository
 */
export async function pushToHub(
  repository: string,
  contents: ReadonlyMap<string, string | Uint8Array>,
  { isPrivate = false, message, edited = [], merge = (_, made) => made, onProgress, ...options }: PushOptions,
): Promise<Pushed> {
  const hub = new HubRequests(options);
  const url = `${hub.endpoint}/${repository}`;
  const files = Array.from(contents, ([path, content]): File => ({ path, content: Buffer.from(content) }));
  await createRepository(hub, repository, isPrivate);
  const modes = await uploadModes(hub, repository, files);
  const large: LargeFile[] = [];
  const lines: object[] = [];
  for (const { path, content } of files) {
    const { isLarge, known } = modes.get(path) ?? { isLarge: false };
    if (!isLarge) continue;
    const oid = createHash('sha256').update(content).digest('hex');
    if (oid === known) continue;
    large.push({ oid, content });
    lines.push({ key: 'lfsFile', value: { path, algo: 'sha256', oid, size: content.length } });
  }
  const sentBytes = await uploadLargeFiles(hub, repository, large, onProgress);
  // Texts come last: somebody may have edited them during the upload.
  for (const { path, content: made } of files) {
    const { isLarge, known } = modes.get(path) ?? { isLarge: false };
    if (isLarge) continue;
    const there = edited.includes(path) ? await textOf(hub, repository, path) : undefined;
    const content = there === undefined ? made : Buffer.from(merge(path, `${made}`, there));
    if (gitHash(content) === (there === undefined ? known : gitHash(Buffer.from(there)))) continue;
    lines.push({ key: 'file', value: { path, encoding: 'base64', content: content.toString('base64') } });
  }
  const changed = lines.length;
  if (changed === 0) return { url, changed, sentBytes };
  lines.unshift({ key: 'header', value: { summary: message, description: '' } });
  const answer = await hub.ask(`/api/models/${repository}/commit/main`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
  const { commitOid } = hub.json(answer, repository);
  return { url, changed, sentBytes, ...(typeof commitOid === 'string' && { commit: commitOid }) };
}

async function createRepository(hub: HubRequests, repository: string, isPrivate: boolean): Promise<void> {
  if (await isThere(hub, repository, isPrivate)) return;
  const [organization, name] = repository.split('/');
  const answer = await hub.post('/api/repos/create', {
    type: 'model',
    organization,
    name,
    private: isPrivate,
  });
  // 409: somebody created it in between, or it was there, and the hub did not say so.
  if (answer.status === 409 && (!isPrivate || (await isThere(hub, repository, isPrivate)))) return;
  if (!answer.ok) throw hub.refusal(answer, repository);
}

/** @throws HarrierError `bad-option` where everybody can read what is to be private */
async function isThere(hub: HubRequests, repository: string, isPrivate: boolean): Promise<boolean> {
  const known = await hub.ask(`/api/models/${repository}`);
  if (known.ok) {
    if (!isPrivate || hub.json(known, repository).private !== false) return true;
    throw new HarrierError('bad-option', 'this repository exists already, and everybody can read it', {
      where: `hf:${repository}`,
      expected: 'a private repository, for --private',
      next: 'Make it private in its settings on the hub, choose another name, or leave --private out.',
    });
  }
  return false;
}

interface UploadMode {
  readonly isLarge: boolean;
  /** Hash of the file that is there. */
  readonly known?: string;
}

/** Which files the hub wants in its storage, and which it has. */
async function uploadModes(
  hub: HubRequests,
  repository: string,
  files: readonly File[],
): Promise<Map<string, UploadMode>> {
  const answer = await hub.post(`/api/models/${repository}/preupload/main`, {
    files: files.map(({ path, content }) => ({
      path,
      size: content.length,
      sample: content.subarray(0, SAMPLE).toString('base64'),
    })),
  });
  const { files: modes } = hub.json(answer, repository);
  const list = Array.isArray(modes) ? modes.filter(isObject) : [];
  return new Map(
    list.map(({ path, uploadMode, oid }) => [
      `${path}`,
      { isLarge: uploadMode === 'lfs', ...(typeof oid === 'string' && { known: oid }) },
    ]),
  );
}

/** A text of the repository; undefined where there is none. */
async function textOf(hub: HubRequests, repository: string, path: string): Promise<string | undefined> {
  const answer = await hub.ask(`/${repository}/resolve/main/${path}`);
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw hub.refusal(answer, repository);
  return answer.text;
}

/** What git knows a file by. */
function gitHash(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}
