import { appendFile, mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ImageFormat, imageFormatOf } from '../../data/image-bytes.ts';
import { HarrierError } from '../../errors.ts';
import { formatQuantity } from '../../format/format.ts';
import { storageError, writeAtomically } from '../../platform/node/files/cache.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { type CapturedRequest, capturedFiles, readCaptured } from '../../sagemaker/client/captured.ts';
import { describeEndpoint, VARIANT } from '../../sagemaker/client/endpoint.ts';
import { checkName } from '../../sagemaker/client/requests.ts';
import { shortPath } from '../terminal.ts';
import { type AwsCommandOptions, inAws } from './session.ts';

export interface CapturedOptions extends AwsCommandOptions {
  /** Seconds. */
  readonly since?: number;
  readonly most: number;
}

/** One line a request: file, time and answer. */
const LIST = 'captured.jsonl';
const ELSEWHERE = 'name another folder';
/** What image formats are called in names of files; others by their own name in small letters. */
const ENDINGS: Readonly<Partial<Record<ImageFormat, string>>> = { JPEG: 'jpg' };

/** `harrier sagemaker captured`: images that an endpoint was asked about, as files for `harrier watch`. */
export async function runCaptured(endpoint: string, target: string, given: CapturedOptions): Promise<void> {
  checkName(endpoint, 'endpoint');
  const folder = resolve(target);
  await inAws(given, ['sagemaker', 's3'], async ({ aws, reporter, follow, goesOn }) => {
    const found = await describeEndpoint(aws, endpoint);
    if (!found) {
      throw new HarrierError('not-found', 'there is no such endpoint', {
        where: endpoint,
        next: 'npx harrier sagemaker list lists them.',
      });
    }
    const from = found.DataCaptureConfig?.DestinationS3Uri;
    if (from === undefined) {
      throw new HarrierError('not-found', 'this endpoint captures no requests', {
        where: endpoint,
        next: 'Deploy its model again with --capture 20%.',
      });
    }
    const since = given.since === undefined ? undefined : new Date(Date.now() - given.since * 1000);
    const { bucket, keys } = await capturedFiles(aws, from, { endpoint, variant: VARIANT, since });
    await mkdir(folder, { recursive: true }).catch((error) => {
      throw storageError(error, folder, ELSEWHERE);
    });
    goesOn(`Stopped: ${shortPath(folder)} holds the images so far. The same command gets the rest.`);
    const counts = { images: 0, known: 0, others: 0 };
    for (const key of keys.toReversed()) {
      for (const request of await readCaptured(aws, bucket, key)) {
        follow.signal?.throwIfAborted();
        if (counts.images + counts.known >= given.most) break;
        if (since && new Date(request.time) < since) continue;
        counts[await keep(folder, request)]++;
      }
      reporter.status(`${formatQuantity(counts.images, 'image')} …`);
      if (counts.images + counts.known >= given.most) break;
    }
    const { images, known, others } = counts;
    const already = known > 0 ? `, ${known} were there already` : '';
    reporter.print(`${formatQuantity(images, 'image')} in ${shortPath(folder)}${already}.`);
    if (others > 0) {
      reporter.note(`Note: ${formatQuantity(others, 'request')} without a single image file are left out.`);
    }
    if (images + known > 0) {
      reporter.print(`  npx harrier watch MODEL --data ./photos --against ${shellQuote(shortPath(folder))}`);
    }
    if (given.json) reporter.json({ endpoint, folder, from, ...counts });
  });
}

/**
 * Writes an image under the request's id. It gets its name last: an image that is there is whole and has its line.
 * @returns what became of it
 */
async function keep(
  folder: string,
  { id, time, body, answer }: CapturedRequest,
): Promise<'images' | 'known' | 'others'> {
  const format = imageFormatOf(body);
  // Ids are AWS's, but a name of a file must not lead elsewhere.
  if (format === undefined || !/^[\w-]+$/.test(id)) return 'others';
  const name = `${id}.${ENDINGS[format] ?? format.toLowerCase()}`;
  const path = join(folder, name);
  if (await stat(path).catch(() => undefined)) return 'known';
  const line = `${JSON.stringify({ file: name, time, answer: answerOf(answer) })}\n`;
  await writeAtomically(path, body, ELSEWHERE, () => appendFile(join(folder, LIST), line));
  return 'images';
}

function answerOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
