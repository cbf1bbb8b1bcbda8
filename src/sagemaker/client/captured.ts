import type { Aws } from './aws.ts';
import { s3Address } from './s3.ts';

/** A request that an endpoint kept. */
export interface CapturedRequest {
  readonly id: string;
  /** When it was answered. */
  readonly time: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** What the endpoint said, as text. */
  readonly answer: string;
}

interface CapturedPart {
  readonly observedContentType?: string;
  readonly data?: string;
  readonly encoding?: string;
}

interface CapturedLine {
  readonly captureData?: { readonly endpointInput?: CapturedPart; readonly endpointOutput?: CapturedPart };
  readonly eventMetadata?: { readonly eventId?: string; readonly inferenceTime?: string };
}

/** Keys of a page of S3's list. */
const PAGE = 1000;

/**
 * Files of captured requests, oldest first. SageMaker puts them below
 * `<folder>/<endpoint>/<variant>/<year>/<month>/<day>/<hour>/`, so time is the order of their names.
 *
 * @param folder `s3://…` where the endpoint captures to
 * @param since leaves out the hours before
 */
export async function capturedFiles(
  aws: Aws,
  folder: string,
  { endpoint, variant, since }: { endpoint: string; variant: string; since?: Date },
): Promise<{ bucket: string; keys: string[] }> {
  const { bucket, key } = s3Address(folder);
  const prefix = `${key ? `${key.replace(/\/+$/, '')}/` : ''}${endpoint}/${variant}/`;
  const hour = since?.toISOString().slice(0, 13).replaceAll('-', '/').replace('T', '/');
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await aws.s3.listObjectsV2({
      Bucket: bucket,
      Prefix: prefix,
      MaxKeys: PAGE,
      ...(hour && { StartAfter: `${prefix}${hour}` }),
      ContinuationToken,
    });
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!).filter((name) => name.endsWith('.jsonl')));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return { bucket, keys };
}

/** The requests of one such file. Lines without a request are left out: capture may keep answers alone. */
export async function readCaptured(aws: Aws, bucket: string, key: string): Promise<CapturedRequest[]> {
  const { Body } = await aws.s3.getObject({ Bucket: bucket, Key: key });
  const text = await Body!.transformToString();
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    const { captureData = {}, eventMetadata = {} } = JSON.parse(line) as CapturedLine;
    const { endpointInput: sent, endpointOutput: said } = captureData;
    if (sent?.data === undefined) return [];
    return [
      {
        id: eventMetadata.eventId ?? '',
        time: eventMetadata.inferenceTime ?? '',
        contentType: sent.observedContentType ?? '',
        body: bytesOf(sent),
        answer: said ? bytesOf(said).toString() : '',
      },
    ];
  });
}

/** Text is kept as it is; all else as base64. */
function bytesOf({ data = '', encoding }: CapturedPart): Buffer {
  return Buffer.from(data, encoding === 'BASE64' ? 'base64' : 'utf8');
}
