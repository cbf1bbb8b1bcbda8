import { refuseForm } from '../body.ts';
import { HttpError } from '../problem.ts';
import { json, type Reply, type Route } from './protocol.ts';

/**
 * The contract of SageMaker's inference containers, with the wire format of its built-in image classifiers
 * (https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html).
 */
export interface SageMakerOptions {
  /** Whether the server can take requests. */
  readonly isReady: () => boolean;
  readonly maxBodyBytes: number;
  /** Requests that a batch transform should send at a time. */
  readonly concurrency: number;
}

const IMAGE_TYPES = [
  'image/png',
  'image/jpeg',
  'image/webp',
  'image/avif',
  'image/gif',
  'image/tiff',
  // SageMaker's own name for an image of any kind.
  'application/x-image',
] as const;

/** Names that are in use beside the registered ones. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/tif': 'image/tiff',
  'image/*': 'application/x-image',
};

/** Batch transform holds at most this much in flight. */
const TRANSFORM_MEGABYTES = 100;

export function sageMakerRoutes({ isReady, maxBodyBytes, concurrency }: SageMakerOptions): Route[] {
  const megabytes = Math.max(1, Math.min(TRANSFORM_MEGABYTES, Math.floor(maxBodyBytes / 2 ** 20)));
  return [
    { method: 'GET', path: '/ping', isOpen: true, handler: () => ({ status: isReady() ? 200 : 503 }) },
    {
      method: 'GET',
      path: '/execution-parameters',
      handler: () =>
        json({
          MaxConcurrentTransforms: Math.max(
            1,
            Math.min(concurrency, Math.floor(TRANSFORM_MEGABYTES / megabytes)),
          ),
          BatchStrategy: 'SINGLE_RECORD',
          MaxPayloadInMB: megabytes,
        }),
    },
    {
      method: 'POST',
      path: '/invocations',
      classifies: true,
      handler: async ({ request, body, classify }) => {
        checkType(request.headers.get('content-type'));
        const write = writerFor(request.headers.get('accept'));
        const { model, probabilities } = await body((bytes) =>
          classify([{ kind: 'file', bytes, where: 'image' }]),
        );
        return write(Array.from(probabilities[0]), model.classNames);
      },
    },
  ];
}

function checkType(header: string | null): void {
  const type = header?.split(';')[0].trim().toLowerCase() ?? '';
  if (IMAGE_TYPES.some((each) => each === (ALIASES[type] ?? type))) return;
  refuseForm(type);
  throw new HttpError(415, 'not-supported', 'the content type is not that of an image', {
    where: 'Content-Type',
    expected: IMAGE_TYPES.join(', '),
    received: type.slice(0, 80) || 'none',
    next: "Send the content type of an image: curl -H 'content-type: application/x-image' --data-binary @image.png …",
  });
}

type Writer = (probabilities: number[], labels: readonly string[]) => Reply;

const array: Writer = (probabilities) => json(probabilities);
const lines: Writer = (prediction) => ({
  type: 'application/jsonlines',
  body: `${JSON.stringify({ prediction })}\n`,
});
const verbose: Writer = (probabilities, labels) =>
  json(
    { probabilities, labels, predicted_label: labels[probabilities.indexOf(Math.max(...probabilities))] },
    'application/json;verbose',
  );

/** The first form that the client accepts. Quality values are not weighed: clients of this protocol send one form. */
function writerFor(accept: string | null): Writer {
  const wanted = (accept ?? '*/*').toLowerCase().split(',');
  for (const each of wanted) {
    const [type, ...parameters] = each.split(';').map((part) => part.trim());
    if (type === 'application/json') return parameters.includes('verbose') ? verbose : array;
    if (type === 'application/jsonlines' || type === 'application/x-jsonlines') return lines;
    if (type === '*/*' || type === 'application/*' || type === '') return array;
  }
  throw new HttpError(406, 'not-supported', 'there is no such form of answer', {
    where: 'Accept',
    expected: 'application/json, application/json;verbose or application/jsonlines',
    received: wanted.join(',').slice(0, 80),
  });
}
