import { refuseForm } from '../body.ts';
import { HttpError } from '../problem.ts';
import { givenNames, isUnknown, setsFor } from './details.ts';
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
  'image/bmp',
  // SageMaker's own name for an image of any kind.
  'application/x-image',
] as const;

/** Names that are in use beside the registered ones. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/tif': 'image/tiff',
  'image/x-ms-bmp': 'image/bmp',
  'image/x-bmp': 'image/bmp',
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
      handler: async ({ request, body, classify, model }) => {
        checkType(request.headers.get('content-type'));
        const write = writerFor(request.headers.get('accept'));
        // Refused before the body is read, where the model can promise none.
        if (write.sets !== undefined) setsFor(model(), write.sets, ACCEPT_SETS);
        const answer = await body((bytes) => classify([{ kind: 'file', bytes, where: 'image' }]));
        const [row] = answer.probabilities;
        const unknown = isUnknown(answer, 0);
        const set = setsFor(answer.model, write.sets, ACCEPT_SETS)?.(row);
        const reply = write.writer({
          probabilities: Array.from(row),
          labels: answer.model.classNames,
          unknown,
          given: givenNames(answer.model, row),
          set: set?.map((label) => answer.model.classNames[label]),
        });
        // The bare array has no place for it.
        return unknown === undefined ? reply : { ...reply, headers: { [UNKNOWN_HEADER]: `${unknown}` } };
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

/** Says in every form whether the image shows none of the classes. */
const UNKNOWN_HEADER = 'x-harrier-unknown';
/** What errors call the coverage of sets. */
const ACCEPT_SETS = 'Accept: application/json;verbose;sets=…';

interface Answered {
  readonly probabilities: readonly number[];
  readonly labels: readonly string[];
  /** Absent where the model does not tell. */
  readonly unknown?: boolean;
  /** The labels that it is given, where images have any number of them. */
  readonly given?: readonly string[];
  /** The classes of the set that was asked for. */
  readonly set?: readonly string[];
}

type Writer = (answer: Answered) => Reply;

const array: Writer = ({ probabilities }) => json(probabilities);
const lines: Writer = ({ probabilities: prediction, unknown, given }) => ({
  type: 'application/jsonlines',
  body: `${JSON.stringify({ prediction, unknown, predicted_labels: given })}\n`,
});
const verbose: Writer = ({ probabilities, labels, unknown, given, set }) =>
  json(
    {
      probabilities,
      labels,
      ...(given
        ? { predicted_labels: given }
        : { predicted_label: labels[probabilities.indexOf(Math.max(...probabilities))] }),
      unknown,
      set,
    },
    'application/json;verbose',
  );

/** The form of an answer. */
interface Form {
  readonly writer: Writer;
  /** The coverage of its set, as it was asked for. */
  readonly sets?: unknown;
}

/** The first form that the client accepts. Quality values are not weighed: clients of this protocol send one form. */
function writerFor(accept: string | null): Form {
  const wanted = (accept ?? '*/*').toLowerCase().split(',');
  for (const each of wanted) {
    const [type, ...parameters] = each.split(';').map((part) => part.trim());
    if (type === 'application/json') {
      if (!parameters.includes('verbose')) return { writer: array };
      const sets = parameters.find((parameter) => parameter.startsWith('sets='))?.slice('sets='.length);
      return {
        writer: verbose,
        ...(sets !== undefined && { sets: sets.trim() === '' ? sets : Number(sets) }),
      };
    }
    if (type === 'application/jsonlines' || type === 'application/x-jsonlines') return { writer: lines };
    if (type === '*/*' || type === 'application/*' || type === '') return { writer: array };
  }
  throw new HttpError(406, 'not-supported', 'there is no such form of answer', {
    where: 'Accept',
    expected: 'application/json, application/json;verbose or application/jsonlines',
    received: wanted.join(',').slice(0, 80),
  });
}
