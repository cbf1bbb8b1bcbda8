import { join, posix } from 'node:path';
import { HarrierError } from '../../../../errors.ts';
import { Hub, type HubRepository } from '../../backbones/hub.ts';
import { type Part, partNamed } from '../part-names.ts';
import { type ParquetFile, unpackParquet } from './unpack-parquet.ts';
import { unpackTar } from './unpack-tar.ts';
import { unpackZip } from './unpack-zip.ts';
import { hashOf, keptFolder, lastKept, placeHash, type UnpackOptions } from './unpacked-folder.ts';

/** A data set of the Hugging Face hub, as a user writes it. */
interface HubDatasetAddress {
  /** `OWNER/NAME`. */
  readonly repository: string;
  /** One of its configurations, or a file; absent: the one that it has. */
  readonly inside?: string;
  /** Branch, tag or commit; absent: `main`. */
  readonly revision: string;
}

/** The revision where no other is named. */
const NEWEST = 'main';
/** Where the hub keeps what it has converted to Parquet itself. */
const CONVERTED = 'refs/convert/parquet';
const ADDRESS = /^hf:datasets\/([\w.-]+\/[\w.-]+)(?::([^@]+))?(?:@(.+))?$/i;

/** Whether `--data` names a data set of the hub. */
export function isHubDataset(spec: string): boolean {
  return /^hf:/i.test(spec);
}

/**
 * The folder of the cache with the images of a data set of the hub, `hf:datasets/OWNER/NAME[:CONFIGURATION][@REVISION]`:
 * its Parquet files, else its one archive, else the Parquet files that the hub has made of it.
 *
 * @throws HarrierError `bad-option` for another address; `not-found`, `unauthorized` or `network` as the hub answers;
 *   `bad-data` where its files hold no labelled images
 */
export async function hubDatasetFolder(spec: string, options: UnpackOptions): Promise<string> {
  const { repository, inside, revision } = addressOf(spec);
  const name = repository.replace('/', '--');
  const place = placeHash(options, repository, inside, revision);
  const hub = new Hub(process.env, { kind: 'datasets' });
  const { signal } = options;
  let described: HubRepository;
  try {
    described = await hub.repository(repository, revision, signal);
  } catch (error) {
    // Without a network, as it was the last time.
    const kept =
      error instanceof HarrierError && error.code === 'network' && (await lastKept(name, place, options));
    if (kept) return kept;
    throw error;
  }
  let { commit } = described;
  let chosen = chosenFiles(described.files, inside, spec);
  if (!chosen) {
    const converted = await hub.repository(repository, CONVERTED, signal).catch((error) => {
      if (error instanceof HarrierError && error.code === 'not-found') return undefined;
      throw error;
    });
    chosen = converted && chosenFiles(converted.files, inside, spec);
    if (chosen && revision !== NEWEST) {
      throw new HarrierError(
        'not-supported',
        'the hub has made Parquet files of the newest version of this data set alone',
        { where: spec, next: 'Leave the revision out.' },
      );
    }
    if (converted) commit = converted.commit;
  }
  if (!chosen) {
    throw new HarrierError('bad-data', 'it holds no Parquet file and no archive of images', {
      where: spec,
      received: described.files.slice(0, 8).join(', ') || 'no files',
      next: 'Download its files, and give their folder.',
    });
  }
  const files = chosen;
  return keptFolder(name, place, hashOf(commit, files), fill, options);

  async function fill(folder: string, _: UnpackOptions, downloads: string): Promise<void> {
    const parts: ParquetFile[] = [];
    for (const [i, { file, part }] of files.entries()) {
      const path = join(downloads, `${i}${posix.extname(file)}`);
      await hub.download(repository, file, await hub.file(repository, file, commit, signal), path, {
        signal,
        onProgress: (done, total) =>
          options.onProgress?.({ what: `downloading ${file}`, done, total, unit: 'bytes' }),
      });
      const where = `${spec}, ${file}`;
      if (/\.parquet$/i.test(file)) parts.push({ path, where, ...(part && { part }) });
      else await (/\.zip$/i.test(file) ? unpackZip : unpackTar)(path, folder, options);
    }
    if (parts.length > 0) await unpackParquet(parts, folder, options);
  }
}

function addressOf(spec: string): HubDatasetAddress {
  const [, repository, inside, revision = NEWEST] = ADDRESS.exec(spec) ?? [];
  if (repository !== undefined) return { repository, revision, ...(inside && { inside }) };
  throw new HarrierError('bad-option', 'this is no address of a data set', {
    expected:
      'hf:datasets/OWNER/NAME, or with a configuration or a commit, hf:datasets/OWNER/NAME:CONFIGURATION@COMMIT',
    received: spec,
  });
}

interface ChosenFile {
  readonly file: string;
  readonly part?: Part;
}

/**
 * The files to take; undefined where there are none.
 * @throws HarrierError `not-found` where there are several configurations, or not the one that is asked for
 */
function chosenFiles(
  files: readonly string[],
  inside: string | undefined,
  spec: string,
): ChosenFile[] | undefined {
  const parquet = files.filter((file) => /\.parquet$/i.test(file));
  if (parquet.length > 0) return parquetFiles(parquet, inside, spec);
  const archives = files.filter((file) => /\.(zip|tar|tgz|tar\.gz)$/i.test(file));
  const wanted = inside === undefined ? archives : archives.filter((file) => file === inside);
  if (wanted.length === 1) return [{ file: wanted[0] }];
  if (archives.length === 0) return undefined;
  throw severalOf(spec, 'archives', archives);
}

function parquetFiles(files: readonly string[], inside: string | undefined, spec: string): ChosenFile[] {
  const configurations = new Map<string, ChosenFile[]>();
  for (const file of files) {
    const { configuration, part } = placeOf(file);
    // Parts without labels are of no use.
    if (part === 'unused') continue;
    const own = configurations.get(configuration) ?? [];
    own.push({ file, ...(part && { part }) });
    configurations.set(configuration, own);
  }
  const names = [...configurations.keys()];
  const name =
    inside ?? (names.length === 1 ? names[0] : names.find((each) => each === 'default' || each === ''));
  // The hub's pages call the one without a folder "default".
  const found =
    name === undefined
      ? undefined
      : configurations.get(name === 'default' && !names.includes(name) ? '' : name);
  if (!found)
    throw severalOf(
      spec,
      'configurations',
      names.map((each) => each || 'default'),
    );
  // Files of no part beside those of parts, such as a preview, would mix them.
  const hasParts = found.some(({ part }) => part);
  return found.filter(({ part }) => !hasParts || part).sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * `data/train-00000-of-00002.parquet` is of the default configuration and the part train; `plain_text/train/0000.parquet`
 * and `plain_text/test-….parquet` of the configuration plain_text.
 */
function placeOf(file: string): { configuration: string; part: Part | 'unused' | undefined } {
  const folders = file.split('/').slice(0, -1);
  const name = posix.basename(file, posix.extname(file)).replace(/-\d+-of-\d+.*$/, '');
  const own = partNamed(name);
  if (own) return { configuration: withoutData(folders), part: own };
  const last = folders.at(-1);
  // The hub calls what it has converted in part only `partial-train`.
  const part = last === undefined ? undefined : partNamed(last.replace(/^partial-/, ''));
  return { configuration: withoutData(part ? folders.slice(0, -1) : folders), part };
}

function withoutData(folders: readonly string[]): string {
  return folders.filter((folder, i) => !(i === 0 && folder === 'data')).join('/');
}

function severalOf(spec: string, what: string, names: readonly string[]): HarrierError {
  if (names.length === 0) {
    return new HarrierError('bad-data', 'all its files are of parts without labels', { where: spec });
  }
  const [base] = spec.replace(/^(hf:[^:@]+).*$/i, '$1').split('@');
  return new HarrierError('not-found', `it has several ${what}, or another one than is asked for`, {
    where: spec,
    received: names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : ''),
    next: `Name one: ${base}:${names[0]}`,
  });
}
