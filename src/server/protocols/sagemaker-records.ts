import { HarrierError } from '../../errors.ts';
import { isObject } from '../../options/values.ts';
import { kindOf } from '../json.ts';
import type { Answer, InputImage, ServedModel } from '../service.ts';
import { imageFrom } from './image-value.ts';
import type { Call } from './protocol.ts';

/** Requests with several images: JSON, or a JSON value in each line, as batch transform makes them (MultiRecord). */
export type RecordForm = 'json' | 'lines';

/** The form of a content type; undefined for those of one image. */
export function recordForm(type: string): RecordForm | undefined {
  if (type === 'application/json') return 'json';
  return type === 'application/jsonlines' || type === 'application/x-jsonlines' ? 'lines' : undefined;
}

/** What is said of one record. */
export interface RecordAnswer {
  /** Its own name for itself, given back. */
  readonly id?: string | number;
  /** The answer, whose first image it is; or why there is none. */
  readonly answer?: Answer;
  readonly error?: string;
}

/** Records that are under way at the same time. */
const AT_ONCE = 32;
const PLACES = ['id', 'name'] as const;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The part of a call that records need. */
type Asking = Pick<Call, 'model' | 'classify' | 'checkCount' | 'maxQueue' | 'pause'>;

/**
 * Classifies the images of JSON: of one document, or of one in each line, as batch transform joins documents that it
 * split by lines (MultiRecord). A document with something that is no image is refused, and the whole body with it.
 *
 * @returns the answers of each document
 * @throws HarrierError `bad-data`, `bad-shape`, `overloaded`, `timed-out`, `too-large`
 */
export async function classifyJson(bytes: Uint8Array, asking: Asking): Promise<RecordAnswer[][]> {
  const answers: RecordAnswer[][] = [];
  let part: JsonDocument[] = [];
  let images = 0;
  const classifyPart = async () => {
    answers.push(...(await Promise.all(part.map((document) => classifyDocument(document, asking)))));
    [part, images] = [[], 0];
  };
  for await (const document of documentsOf(textOf(bytes), asking.pause)) {
    const more = listOf(document.value).length;
    // At once as many as the queue holds; one alone may be refused for holding more.
    if (part.length === AT_ONCE || (part.length > 0 && images + more > asking.maxQueue)) await classifyPart();
    part.push(document);
    images += more;
  }
  await classifyPart();
  return answers;
}

async function classifyDocument(
  { value, at }: JsonDocument,
  { model, classify, checkCount }: Asking,
): Promise<RecordAnswer[]> {
  const served = model();
  const list = listOf(value);
  checkCount(list.length);
  const records = list.map((each, i) => recordFrom(each, served, `${at}instances[${i}]`));
  const answer = await classify(records.map(({ image }) => image));
  return records.map(({ id }, i) => ({ ...named(id), answer: rowOf(answer, i) }));
}

/** JSON in a body, and what errors write before the places in it. */
interface JsonDocument {
  readonly value: unknown;
  readonly at: string;
}

/** One, or one in each line. */
async function* documentsOf(text: string, pause: Call['pause']): AsyncGenerator<JsonDocument> {
  const whole = jsonOf(text);
  if (whole !== undefined) {
    yield { value: whole, at: '' };
    return;
  }
  let isInLines = false;
  for await (const { line, at } of linesOf(text, pause)) {
    if (!isInLines && jsonOf(line) === undefined) break;
    isInLines = true;
    yield { value: parsed(line, `line ${at}`), at: `line ${at}: ` };
  }
  // The error of a single document is about the body.
  if (!isInLines) parsed(text, 'body');
}

/** Undefined for text that is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Those that are not empty, with their numbers. A body can have millions: others have their turn in between. */
async function* linesOf(text: string, pause: Call['pause']): AsyncGenerator<{ line: string; at: number }> {
  for (let [start, at] = [0, 1]; start < text.length; at++) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end);
    start = end + 1;
    if (line.trim() !== '') yield { line, at };
    if (at % AT_ONCE === 0) await pause();
  }
}

/**
 * Classifies the images of JSON Lines. A line that is no image gets a sentence in place of an answer, so that the others
 * of its file keep theirs.
 *
 * @throws HarrierError `bad-data`, `overloaded`, `timed-out`
 */
export async function classifyLines(
  bytes: Uint8Array,
  { model, classify, maxQueue, pause }: Omit<Asking, 'checkCount'>,
): Promise<RecordAnswer[]> {
  const atOnce = Math.min(AT_ONCE, maxQueue);
  const served = model();
  const answers: RecordAnswer[] = [];
  let part: { line: string; at: number }[] = [];
  const classifyPart = async () => {
    answers.push(...(await Promise.all(part.map(({ line, at }) => answerOf(line, at, served, classify)))));
    part = [];
  };
  for await (const line of linesOf(textOf(bytes), pause)) {
    if (part.push(line) === atOnce) await classifyPart();
  }
  await classifyPart();
  return answers;
}

async function answerOf(
  line: string,
  at: number,
  served: ServedModel,
  classify: Call['classify'],
): Promise<RecordAnswer> {
  let id: string | number | undefined;
  try {
    const value = parsed(line, `line ${at}`);
    id = idOf(value);
    const { image } = recordFrom(value, served, `line ${at}`);
    return { ...named(id), answer: await classify([image]) };
  } catch (error) {
    // Too much to do, or too late, is not about the record: the whole request may be sent again.
    if (!(error instanceof HarrierError) || error.code === 'overloaded' || error.code === 'timed-out')
      throw error;
    return { ...named(id), error: error.message };
  }
}

function named(id: string | number | undefined): Pick<RecordAnswer, 'id'> {
  return id === undefined ? {} : { id };
}

/** The same answer for one of its images. */
function rowOf({ model, probabilities, unknown }: Answer, i: number): Answer {
  return { model, probabilities: [probabilities[i]], ...(unknown && { unknown: [unknown[i]] }) };
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new HarrierError('bad-data', 'the body is not UTF-8', { where: 'body', cause });
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = (cause as Error).message.slice(0, 80);
    throw new HarrierError('bad-data', `not JSON (${reason})`, { where, cause });
  }
}

/** `{"instances": […]}`, a list alone, or one record. */
function listOf(value: unknown): readonly unknown[] {
  const list = isObject(value) && 'instances' in value ? value.instances : value;
  const records = Array.isArray(list) ? list : [list];
  if (records.length > 0) return records;
  throw new HarrierError('bad-data', 'no images', {
    where: 'body',
    expected: '{"instances": [{"b64": "…"}, …]}',
    received: kindOf(value),
  });
}

function idOf(value: unknown): string | number | undefined {
  if (!isObject(value)) return undefined;
  const found = PLACES.map((place) => value[place]).find((id) => id !== undefined);
  return typeof found === 'string' || typeof found === 'number' ? found : undefined;
}

/** Base64 text, `{"b64": …}` or numbers, also under `image`; beside it the record's `id` or `name`. */
function recordFrom(
  value: unknown,
  served: ServedModel,
  where: string,
): { id?: string | number; image: InputImage } {
  const image = isObject(value) && 'image' in value ? value.image : value;
  const file = typeof image === 'string' ? { b64: image } : image;
  return { ...named(idOf(value)), image: imageFrom(file, served, where) };
}
