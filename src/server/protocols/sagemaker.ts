import { refuseForm } from '../body.ts';
import { HttpError } from '../problem.ts';
import type { Answer } from '../service.ts';
import { givenNames, isUnknown, setsFor } from './details.ts';
import { type Call, json, type Reply, type Route } from './protocol.ts';
import {
  classifyJson,
  classifyLines,
  type RecordAnswer,
  type RecordForm,
  recordForm,
} from './sagemaker-records.ts';

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

/** Several images in one body. */
const RECORD_TYPES = ['application/json', 'application/jsonlines'];

/** Names that are in use beside the registered ones. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/tif': 'image/tiff',
  'image/x-ms-bmp': 'image/bmp',
  'image/x-bmp': 'image/bmp',
  'image/*': 'application/x-image',
  'application/octet-stream': 'application/x-image',
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
          // For lines alone: an image file is always a request of its own.
          BatchStrategy: 'MULTI_RECORD',
          MaxPayloadInMB: megabytes,
        }),
    },
    {
      method: 'POST',
      path: '/invocations',
      classifies: true,
      handler: invocation,
    },
  ];
}

/** Answers one request for a classification, whatever its form. */
export async function invocation(call: Call): Promise<Reply> {
  const { request, body, classify, model } = call;
  const type = checkType(request.headers.get('content-type'));
  const form = recordForm(type);
  const write = writerFor(request.headers.get('accept'), form);
  // Refused before the body is read, where the model can promise none.
  if (write.sets !== undefined) setsFor(model(), write.sets, ACCEPT_SETS);
  if (form === 'lines') return recordsReply(await body((bytes) => classifyLines(bytes, call)), write);
  if (form === 'json') {
    const documents = await body((bytes) => classifyJson(bytes, call), 'json');
    const replies = documents.map((answers) => recordsReply(answers, write));
    // Documents in lines are answered line by line, as if each had come alone.
    return replies.length === 1 ? replies[0] : { ...replies[0], body: replies.map(textOf).join('') };
  }
  const answer = await body((bytes) => classify([{ kind: 'file', bytes, where: 'image' }]));
  const answered = answeredOf(answer, write.sets);
  const { unknown } = answered;
  const reply = write.writer(answered);
  // The bare array has no place for it.
  return unknown === undefined ? reply : { ...reply, headers: { [UNKNOWN_HEADER]: `${unknown}` } };
}

/** The content type; none but those of an image, and of records with images, are taken. */
function checkType(header: string | null): string {
  const type = header?.split(';')[0].trim().toLowerCase() ?? '';
  if (IMAGE_TYPES.some((each) => each === (ALIASES[type] ?? type)) || recordForm(type)) return type;
  refuseForm(type);
  throw new HttpError(415, 'not-supported', 'the content type is not that of an image', {
    where: 'Content-Type',
    expected: [...IMAGE_TYPES, ...RECORD_TYPES].join(', '),
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

function answeredOf(answer: Answer, sets: unknown): Answered {
  const [row] = answer.probabilities;
  const set = setsFor(answer.model, sets, ACCEPT_SETS)?.(row);
  return {
    probabilities: Array.from(row),
    labels: answer.model.classNames,
    unknown: isUnknown(answer, 0),
    given: givenNames(answer.model, row),
    set: set?.map((label) => answer.model.classNames[label]),
  };
}

/** Records in the order in which they came: `{"predictions": […]}`, or a line for each. */
function recordsReply(records: readonly RecordAnswer[], { sets, writer, isVerbose }: Form): Reply {
  const isLines = writer === lines;
  const values = records.map(({ id, answer, error }) => {
    if (answer === undefined) return { id, error };
    const { probabilities, labels, unknown, given, set } = answeredOf(answer, sets);
    // The names of all classes would stand in each line again.
    if (!isVerbose) {
      return isLines ? { id, prediction: probabilities, unknown, predicted_labels: given } : probabilities;
    }
    const best = probabilities.indexOf(Math.max(...probabilities));
    return {
      id,
      ...(given
        ? { predicted_labels: given }
        : { predicted_label: labels[best], probability: probabilities[best] }),
      unknown,
      set,
      prediction: probabilities,
    };
  });
  if (!isLines) return json({ predictions: values });
  return {
    type: 'application/jsonlines',
    body: `${values.map((value) => JSON.stringify(value)).join('\n')}\n`,
  };
}

function textOf({ body }: Reply): string {
  return `${body}`.replace(/\n?$/, '\n');
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
  /** Whether it names classes. */
  readonly isVerbose: boolean;
  /** The coverage of its set, as it was asked for. */
  readonly sets?: unknown;
}

/** The first form that the client accepts. Quality values are not weighed: clients of this protocol send one form. */
function writerFor(accept: string | null, records: RecordForm | undefined): Form {
  const plain = { writer: records === 'lines' ? lines : array, isVerbose: false };
  const wanted = (accept ?? '*/*').toLowerCase().split(',');
  for (const each of wanted) {
    const [type, ...parameters] = each.split(';').map((part) => part.trim());
    const isVerbose = parameters.includes('verbose');
    const text = parameters.find((parameter) => parameter.startsWith('sets='))?.slice('sets='.length);
    const sets = isVerbose && text !== undefined && { sets: text.trim() === '' ? text : Number(text) };
    if (type === 'application/json') return { writer: isVerbose ? verbose : array, isVerbose, ...sets };
    if (type === 'application/jsonlines' || type === 'application/x-jsonlines') {
      return { writer: lines, ...(records ? { isVerbose, ...sets } : { isVerbose: false }) };
    }
    if (type === '*/*' || type === 'application/*' || type === '') return plain;
  }
  throw new HttpError(406, 'not-supported', 'there is no such form of answer', {
    where: 'Accept',
    expected: 'application/json, application/json;verbose or application/jsonlines',
    received: wanted.join(',').slice(0, 80),
  });
}
