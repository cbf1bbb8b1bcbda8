import { imageBytes } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { isObject } from '../../options/values.ts';
import { megabytes } from '../body.ts';
import { fromBase64, type JsonObject, kindOf, parseObject, readPixels } from '../json.ts';
import { HttpError } from '../problem.ts';
import type { Answer, InputImage, ServedModel } from '../service.ts';
import { givenLabels, setsFor } from './details.ts';
import { json, type Reply, type Route } from './protocol.ts';

const VERSION = '1';
const JSON_LENGTH = 'inference-header-content-length';

export interface OpenInferenceOptions {
  /** Of the model. */
  readonly name: string;
  /** Of the server. */
  readonly version: string;
  readonly isReady: () => boolean;
  /** Bytes of JSON in a request, whatever follows it: it is read on the thread that talks to the network. */
  readonly maxJsonBytes: number;
}

/**
 * The Open Inference Protocol, version 2, of KServe and Triton
 * (https://github.com/kserve/open-inference-protocol), with its extension for binary tensors.
 */
export function openInferenceRoutes(options: OpenInferenceOptions): Route[] {
  const { name, version, isReady, maxJsonBytes } = options;
  const common = { errorField: true, method: 'GET' as const };
  const ready = (value: object, isTrue: boolean): Reply => ({ ...json(value), status: isTrue ? 200 : 503 });
  return [
    {
      ...common,
      path: '/v2',
      handler: () => json({ name: 'harrier', version, extensions: ['binary_tensor_data'] }),
    },
    { ...common, path: '/v2/health/live', isOpen: true, handler: () => json({ live: true }) },
    {
      ...common,
      path: '/v2/health/ready',
      isOpen: true,
      handler: () => ready({ ready: isReady() }, isReady()),
    },
    {
      ...common,
      path: '/v2/models/*',
      handler: ({ path, model }) => {
        if (parsePath(path, name, ['', '/ready']) === '') return json(describe(name, model()));
        return ready({ name, ready: isReady() }, isReady());
      },
    },
    {
      ...common,
      method: 'POST',
      path: '/v2/models/*',
      classifies: true,
      handler: ({ request, path, body, classify, model, checkCount }) => {
        parsePath(path, name, ['/infer']);
        const header = request.headers.get(JSON_LENGTH);
        return body(
          async (bytes) => {
            const { asked, binary } = split(bytes, header, maxJsonBytes);
            const images = readImages(asked, binary, model(), checkCount);
            const wanted = wantedOutputs(asked, model());
            setsFor(model(), wanted.sets, SETS);
            return reply(name, asked, await classify(images), wanted);
          },
          header === null ? 'json' : undefined,
        );
      },
    },
  ];
}

function parsePath(path: string, name: string, known: readonly string[]): string {
  const [, model, version, rest] = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(.*)$/.exec(path) ?? [];
  if (model !== name || (version !== undefined && version !== VERSION)) {
    throw new HttpError(404, 'not-found', 'there is no such model or version', {
      expected: `${name}, version ${VERSION}`,
      received: path.slice(0, 200),
    });
  }
  if (known.includes(rest)) return rest;
  throw new HttpError(404, 'not-found', 'there is nothing here', {
    expected: known.map((each) => `/v2/models/${name}${each}`).join(' or '),
    received: path.slice(0, 200),
  });
}

function describe(name: string, { imageShape, classNames, tellsUnknown, thresholds }: ServedModel): object {
  const { height, width, channels } = imageShape;
  return {
    name,
    versions: [VERSION],
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'image', datatype: 'UINT8', shape: [-1, height, width, channels] }],
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, classNames.length] },
      ...(tellsUnknown ? [{ name: 'unknown', datatype: 'FP32', shape: [-1] }] : []),
      ...(thresholds ? [{ name: 'labels', datatype: 'BOOL', shape: [-1, classNames.length] }] : []),
    ],
  };
}

/** The JSON of a request, and the bytes that follow it where its length is given apart. */
function split(bytes: Uint8Array<ArrayBuffer>, header: string | null, maxJsonBytes: number) {
  if (header === null) return { asked: parseObject(bytes), binary: undefined };
  const length = /^\d+$/.test(header) ? Number(header) : Number.NaN;
  if (!(length <= bytes.length)) {
    throw new HarrierError('bad-data', 'no such length', {
      where: JSON_LENGTH,
      expected: `at most ${bytes.length}`,
      received: header.slice(0, 40),
    });
  }
  if (length > maxJsonBytes) {
    throw new HarrierError('too-large', 'the JSON is too large', {
      where: JSON_LENGTH,
      expected: `at most ${megabytes(maxJsonBytes)}`,
      received: megabytes(length),
      next: 'Send images as bytes after the JSON.',
    });
  }
  return { asked: parseObject(bytes.subarray(0, length)), binary: bytes.subarray(length) };
}

function readImages(
  { inputs }: JsonObject,
  binary: Uint8Array<ArrayBuffer> | undefined,
  { imageShape }: ServedModel,
  checkCount: (count: number) => void,
): InputImage[] {
  const input: unknown = Array.isArray(inputs) && inputs.length === 1 ? inputs[0] : undefined;
  if (!isObject(input) || input.name !== 'image') {
    throw new HarrierError('bad-data', 'the model takes one input', {
      where: 'inputs',
      expected: '[{"name": "image", …}]',
      received: isObject(input) ? `one named ${kindOf(input.name)}` : kindOf(inputs),
    });
  }
  const { datatype, shape } = input;
  const { height, width, channels } = imageShape;
  const count: unknown = Array.isArray(shape) ? shape[0] : undefined;
  const isPixels = datatype === 'UINT8';
  const rest = isPixels ? [height, width, channels] : [];
  const fits =
    (isPixels || datatype === 'BYTES') &&
    Array.isArray(shape) &&
    shape.length === rest.length + 1 &&
    rest.every((size, i) => shape[i + 1] === size);
  if (!fits || !Number.isSafeInteger(count) || (count as number) < 1) {
    throw new HarrierError('bad-shape', 'the input does not fit the model', {
      where: 'image',
      expected: `UINT8 [n, ${height}, ${width}, ${channels}], or BYTES [n] (image files)`,
      received: `${kindOf(datatype)} ${shapeText(shape)}`,
    });
  }
  checkCount(count as number);
  const own = ownBytes(input, binary);
  if (isPixels) return pixels(own ?? input.data, count as number, imageBytes(imageShape));
  return own ? lengthPrefixed(own, count as number) : base64Files(input.data, count as number);
}

function shapeText(shape: unknown): string {
  const isShort =
    Array.isArray(shape) && shape.length <= 8 && shape.every((size) => typeof size === 'number');
  return isShort ? `[${shape.join(', ')}]` : kindOf(shape);
}

/** The input's bytes behind the JSON, where it has any. */
function ownBytes({ parameters }: JsonObject, binary: Uint8Array<ArrayBuffer> | undefined) {
  const size = isObject(parameters) ? parameters.binary_data_size : undefined;
  if (size === undefined) return undefined;
  if (binary?.length === size) return binary;
  throw new HarrierError('bad-data', 'the binary data does not have the size that the JSON states', {
    where: 'binary_data_size',
    expected: kindOf(size),
    received: binary ? `${binary.length}` : `no ${JSON_LENGTH}`,
  });
}

function pixels(data: unknown, count: number, size: number): InputImage[] {
  if (!Array.isArray(data) && !(data instanceof Uint8Array)) throw noData(data, 'numbers');
  // Before anything is allocated: a shape is easily said. Flat data, as the protocol has it, or nested.
  if (data instanceof Uint8Array || !Array.isArray(data[0])) checkLength(data.length, count * size);
  else checkLength(data.length, count);
  const all = data instanceof Uint8Array ? data : new Uint8Array(count * size);
  if (Array.isArray(data)) checkLength(readPixels(data, all, 'image'), all.length);
  return Array.from({ length: count }, (_, i) => ({
    kind: 'pixels',
    bytes: all.slice(i * size, (i + 1) * size),
    where: `image[${i}]`,
  }));
}

function checkLength(received: number, expected: number): void {
  if (received === expected) return;
  throw new HarrierError('bad-shape', 'the data does not fit the shape', {
    where: 'image',
    expected: `${expected}`,
    received: `${received}`,
  });
}

function base64Files(data: unknown, count: number): InputImage[] {
  if (!Array.isArray(data)) throw noData(data, 'base64');
  checkLength(data.length, count);
  return data.map((text, i) => {
    const where = `image[${i}]`;
    if (typeof text !== 'string') throw noData(text, 'base64');
    return { kind: 'file', bytes: fromBase64(text, where), where };
  });
}

/** BYTES behind the JSON: each element's length in four bytes, little-endian, then the element. */
function lengthPrefixed(bytes: Uint8Array<ArrayBuffer>, count: number): InputImage[] {
  const images: InputImage[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  // One too many tells that the data does not fit: four bytes are enough for one, and a body could hold millions.
  while (images.length <= count && offset + 4 <= bytes.length) {
    const length = view.getUint32(offset, true);
    offset += 4;
    if (offset + length > bytes.length) break;
    const where = `image[${images.length}]`;
    images.push({ kind: 'file', bytes: bytes.slice(offset, offset + length), where });
    offset += length;
  }
  checkLength(images.length, count);
  checkLength(offset, bytes.length);
  return images;
}

function noData(received: unknown, expected: string): HarrierError {
  return new HarrierError('bad-data', 'the input has no data of its type', {
    where: 'image',
    expected: `data: [${expected}, …]`,
    received: kindOf(received),
  });
}

/** What errors call the coverage of sets. */
const SETS = 'parameters.sets';

/** What a request wants to be answered. */
interface WantedOutputs {
  /** Whether each output should be bytes, by name; undefined: it is not wanted. */
  readonly asBytes: ReadonlyMap<string, boolean>;
  /** The coverage of sets, as it was asked for. */
  readonly sets: unknown;
}

/** @throws HarrierError `bad-data` for an output that there is not */
function wantedOutputs(asked: JsonObject, { tellsUnknown, thresholds }: ServedModel): WantedOutputs {
  const parameters = isObject(asked.parameters) ? asked.parameters : {};
  const all = parameters.binary_data_output === true;
  const { sets } = parameters;
  const names = [
    'probabilities',
    ...(tellsUnknown ? ['unknown'] : []),
    ...(thresholds ? ['labels'] : []),
    ...(sets === undefined ? [] : ['set']),
  ];
  const { outputs } = asked;
  if (outputs === undefined) return { asBytes: new Map(names.map((name) => [name, all])), sets };
  const list = Array.isArray(outputs) ? outputs.filter(isObject) : [];
  const isKnown = list.length > 0 && list.every(({ name }) => names.includes(`${name}`));
  if (!isKnown || list.length !== (outputs as unknown[]).length) {
    throw new HarrierError('bad-data', 'the model does not give these outputs', {
      where: 'outputs',
      expected: `[{"name": "${names.join('"}, {"name": "')}"}]`,
      received: kindOf(list.length === 1 ? list[0].name : outputs),
    });
  }
  const asBytes = new Map(
    list.map(({ name, parameters: own }) => {
      const isBinary = isObject(own) ? own.binary_data : undefined;
      return [`${name}`, typeof isBinary === 'boolean' ? isBinary : all] as const;
    }),
  );
  return { asBytes, sets };
}

/** An output of an answer. */
interface Output {
  readonly name: string;
  readonly datatype: 'FP32' | 'BOOL';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

function outputsOf(answer: Answer, sets: unknown): Output[] {
  const { probabilities: rows, unknown, model } = answer;
  const [images, classes] = [rows.length, rows[0].length];
  const setOf = setsFor(model, sets, SETS);
  return [
    {
      name: 'probabilities',
      datatype: 'FP32',
      shape: [images, classes],
      values: rows.flatMap((row) => Array.from(row)),
    },
    ...(unknown ? [{ name: 'unknown', datatype: 'FP32' as const, shape: [images], values: unknown }] : []),
    ...(model.thresholds
      ? [
          {
            name: 'labels',
            datatype: 'BOOL' as const,
            shape: [images, classes],
            values: rows.flatMap((row) => givenLabels(model, row)!.map(Number)),
          },
        ]
      : []),
    ...(setOf
      ? [
          {
            name: 'set',
            datatype: 'BOOL' as const,
            shape: [images, classes],
            values: rows.flatMap((row) => {
              const inside = new Set(setOf(row));
              return Array.from(row, (_, label) => Number(inside.has(label)));
            }),
          },
        ]
      : []),
  ];
}

function bytesOf({ datatype, values }: Output): Uint8Array<ArrayBuffer> {
  if (datatype === 'BOOL') return Uint8Array.from(values);
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return bytes;
}

function reply(name: string, { id }: JsonObject, answer: Answer, { asBytes, sets }: WantedOutputs): Reply {
  const common = { model_name: name, model_version: VERSION, ...(typeof id === 'string' && { id }) };
  const behind: Uint8Array<ArrayBuffer>[] = [];
  const outputs = outputsOf(answer, sets)
    .filter((output) => asBytes.has(output.name))
    .map((output) => {
      const { values, ...about } = output;
      if (!asBytes.get(output.name)) {
        return { ...about, data: output.datatype === 'BOOL' ? values.map(Boolean) : values };
      }
      const bytes = bytesOf(output);
      behind.push(bytes);
      return { ...about, parameters: { binary_data_size: bytes.length } };
    });
  if (behind.length === 0) return json({ ...common, outputs });
  const head = new TextEncoder().encode(JSON.stringify({ ...common, outputs }));
  const body = new Uint8Array(behind.reduce((sum, { length }) => sum + length, head.length));
  body.set(head);
  behind.reduce((at, bytes) => {
    body.set(bytes, at);
    return at + bytes.length;
  }, head.length);
  return { type: 'application/octet-stream', body, headers: { [JSON_LENGTH]: `${head.length}` } };
}
