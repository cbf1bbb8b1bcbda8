import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessingMetadata } from '../../src/data/preprocessing.ts';
import { Classifier } from '../../src/models/index.ts';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { nodeRuntime } from '../../src/platform/node/index.ts';
import { CLASSES, encode, metric, modelBytes, noise, post, type Serving, SIDE, serving } from './serving.ts';

// Every wire format, over a real socket, against what the classifier itself says.

let place: Serving;
let classifier: Classifier;
let url: string;
const shape = { height: SIDE, width: SIDE, channels: 3 };
const JSON_LENGTH = 'inference-header-content-length';

beforeAll(async () => {
  place = await serving();
  url = place.server.url;
  classifier = await Classifier.load(nodeRuntime({ threads: 1 }), modelBytes());
});
afterAll(async () => {
  await classifier.dispose();
  await place.end();
});

async function expected(...images: Uint8Array[]): Promise<number[][]> {
  const rows: number[][] = [];
  for (const pixels of images) rows.push(Array.from(await classifier.predict(pixels)));
  return rows;
}

/** Batches of other sizes round differently in the last bits. */
function expectRows(received: number[][], wanted: number[][]): void {
  expect(received).toHaveLength(wanted.length);
  wanted.forEach((row, i) => {
    expect(received[i]).toHaveLength(row.length);
    row.forEach((value, j) => {
      expect(received[i][j]).toBeCloseTo(value, 5);
    });
  });
  // The images can be told apart, or the order would not be seen.
  if (wanted.length > 1) {
    expect(Math.max(...wanted[0].map((value, j) => Math.abs(value - wanted[1][j])))).toBeGreaterThan(1e-3);
  }
}

const nested = (pixels: Uint8Array) =>
  Array.from({ length: SIDE }, (_, y) =>
    Array.from({ length: SIDE }, (_, x) =>
      Array.from(pixels.subarray(3 * (y * SIDE + x), 3 * (y * SIDE + x) + 3)),
    ),
  );
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

describe("SageMaker's image classification", () => {
  it.each([
    ['png', 'image/png'],
    ['webp', 'image/webp'],
    ['jpeg', 'image/jpeg'],
    ['png', 'application/x-image'],
    ['jpeg', 'image/jpeg; charset=binary'],
    ['png', 'application/octet-stream'],
  ] as const)('%s as %s', async (format, type) => {
    const bytes = await encode(noise(1), format);
    const response = await post(`${url}/invocations`, bytes, { 'content-type': type });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expectRows([await response.json()], await expected(await decodeImage(bytes, shape)));
  });

  it('an image of another size is scaled', async () => {
    const bytes = await encode(noise(2, 40), 'png', 40);
    const response = await post(`${url}/invocations`, bytes);
    expectRows([await response.json()], await expected(await decodeImage(bytes, shape)));
  });

  it.each(['png', 'tiff'] as const)('as the model wants it: a %s that it crops', async (format) => {
    const preprocessing = { resize: 'crop', cropFraction: 0.5, interpolation: 'bicubic' } as const;
    const bytes = modelBytes({ metadata: preprocessingMetadata(preprocessing) });
    const cropping = await serving({}, bytes);
    const wide = await sharp(noise(3, 30), { raw: { width: 50, height: 18, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    try {
      // A TIFF goes through a process of its own.
      const response = await post(`${cropping.server.url}/invocations`, wide);
      const pixels = await decodeImage(wide, { ...shape, preprocessing });
      expect(pixels).not.toEqual(await decodeImage(wide, shape));
      expectRows([await response.json()], await expected(pixels));
    } finally {
      await cropping.end();
    }
  });

  it('application/jsonlines', async () => {
    const headers = { 'content-type': 'image/png', accept: 'application/jsonlines' };
    const response = await post(`${url}/invocations`, await encode(noise(1)), headers);
    expect(response.headers.get('content-type')).toBe('application/jsonlines');
    const text = await response.text();
    expect(text).toMatch(/^[^\n]+\n$/);
    expectRows([JSON.parse(text).prediction], await expected(noise(1)));
  });

  it('application/json;verbose', async () => {
    const headers = { 'content-type': 'image/png', accept: 'application/json;verbose' };
    const answer = await (await post(`${url}/invocations`, await encode(noise(1)), headers)).json();
    const [row] = await expected(noise(1));
    expect(answer.labels).toEqual(CLASSES);
    expect(answer.predicted_label).toBe(CLASSES[row.indexOf(Math.max(...row))]);
    expectRows([answer.probabilities], [row]);
  });

  const invoke = (body: string, type: string, accept = '*/*') =>
    post(`${url}/invocations`, body, { 'content-type': type, accept });

  it('several images as JSON: files, numbers, and one alone', async () => {
    const file = { b64: base64(await encode(noise(2))) };
    const wanted = await expected(noise(1), noise(2));
    for (const body of [{ instances: [nested(noise(1)), file] }, [{ image: nested(noise(1)) }, file.b64]]) {
      const answer = await invoke(JSON.stringify(body), 'application/json');
      expectRows((await answer.json()).predictions, wanted);
    }
    const alone = await (await invoke(JSON.stringify(file), 'application/json')).json();
    expectRows(alone.predictions, [wanted[1]]);
  });

  it('a record in each line, with its name and its class; one that is no image spoils no other', async () => {
    const files = await Promise.all([noise(1), noise(2)].map((pixels) => encode(pixels)));
    const [first, second] = files.map((bytes) => ({ b64: base64(bytes) }));
    const records = [
      JSON.stringify({ id: 'a/1.png', image: first }),
      '',
      '{"id": 7, "image": {"b64": "bm8gaW1hZ2U="}}',
      'no JSON',
      JSON.stringify({ name: 'b', image: second }),
    ];
    const response = await invoke(
      records.join('\n'),
      'application/jsonlines',
      'application/jsonlines;verbose',
    );
    expect(response.headers.get('content-type')).toBe('application/jsonlines');
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const wanted = await expected(noise(1), noise(2));
    expect(lines.map(({ id }) => id)).toEqual(['a/1.png', 7, undefined, 'b']);
    expectRows([lines[0].prediction, lines[3].prediction], wanted);
    const best = wanted.map((row) => CLASSES[row.indexOf(Math.max(...row))]);
    expect([lines[0], lines[3]].map(({ predicted_label: label }) => label)).toEqual(best);
    expect(lines[1].error).toMatch(/^line 3: .*not an image/);
    expect(lines[2].error).toMatch(/^line 4: not JSON/);
    const plain = await invoke(records[0], 'application/jsonlines');
    expectRows([JSON.parse(await plain.text()).prediction], [wanted[0]]);
  });

  it('answers JSON in lines as if each line had come alone', async () => {
    const documents = [1, 2].map(async (n) => {
      const b64 = Buffer.from(await encode(noise(n))).toString('base64');
      return JSON.stringify({ instances: [{ b64 }] });
    });
    const lines = await Promise.all(documents);
    const together = await (await invoke(lines.join('\n'), 'application/json')).text();
    const alone = await Promise.all(
      lines.map(async (line) => `${await (await invoke(line, 'application/json')).text()}\n`),
    );
    expect(together).toBe(alone.join(''));
    const bad = await invoke(`${lines[0]}\n{`, 'application/json');
    expect([bad.status, (await bad.json()).message]).toEqual([
      400,
      expect.stringMatching(/^line 2: not JSON/),
    ]);
    const image = await invoke(`${lines[0]}\n{"instances": [5]}`, 'application/json');
    expect((await image.json()).message).toMatch(/^line 2: instances\[0\]: not an image/);
  });

  it.each([
    ['{"instances": []}', /^body: no images: expected \{"instances": \[\{"b64": "…"\}, …\]\}/],
    ['{"instances": [{"b64": "bm8gaW1hZ2U="}]}', /instances\[0\]: .*not an image/],
    ['{"instances": [5]}', /instances\[0\]: not an image/],
    ['{', /^body: not JSON/],
  ])('refuses JSON without images as a whole: %s', async (body, sentence) => {
    const response = await invoke(body, 'application/json');
    expect(response.status).toBe(400);
    expect((await response.json()).message).toMatch(sentence);
  });

  it('gives custom attributes back, and nothing that is none', async () => {
    const name = 'x-amzn-sagemaker-custom-attributes';
    const send = async (value: string) =>
      (
        await post(`${url}/invocations`, await encode(noise(1)), {
          'content-type': 'image/png',
          [name]: value,
        })
      ).headers.get(name);
    expect(await send('trace=42; a b')).toBe('trace=42; a b');
    expect(await send('x'.repeat(1025))).toBeNull();
  });

  it('ping and execution parameters', async () => {
    const ping = await fetch(`${url}/ping`);
    expect([ping.status, await ping.text()]).toEqual([200, '']);
    const parameters = await (await fetch(`${url}/execution-parameters`)).json();
    expect(parameters).toEqual({
      MaxConcurrentTransforms: 4,
      BatchStrategy: 'MULTI_RECORD',
      MaxPayloadInMB: 25,
    });
  });
});

describe('TensorFlow Serving', () => {
  const predict = async (body: object) =>
    (await post(`${url}/v1/models/harrier:predict`, JSON.stringify(body))).json();

  it('instances as numbers, as files, and named', async () => {
    const file = { b64: base64(await encode(noise(2))) };
    const { predictions } = await predict({
      instances: [nested(noise(1)), file, { image: nested(noise(3)) }, { image: file }],
    });
    expectRows(predictions, await expected(noise(1), noise(2), noise(3), noise(2)));
  });

  it('inputs as one column', async () => {
    const { outputs } = await predict({ inputs: { image: [nested(noise(1)), nested(noise(2))] } });
    expectRows(outputs, await expected(noise(1), noise(2)));
  });

  it('says that the model is there, and what it takes', async () => {
    const { model_version_status: status } = await (await fetch(`${url}/v1/models/harrier`)).json();
    expect(status).toEqual([
      { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
    ]);
    const { model_spec: spec, metadata } = await (await fetch(`${url}/v1/models/harrier/metadata`)).json();
    expect(spec.name).toBe('harrier');
    const { inputs } = metadata.signature_def.signature_def.serving_default;
    expect(inputs.image.tensor_shape.dim.map(({ size }: { size: string }) => size)).toEqual([
      '-1',
      '8',
      '8',
      '3',
    ]);
  });

  it('puts the sentence of a refusal under "error"', async () => {
    const response = await post(`${url}/v1/models/harrier:predict`, '{"instances": [[1, 2]]}');
    expect(response.status).toBe(400);
    const { error, message, where } = await response.json();
    expect(error).toBe(message);
    expect(where).toBe('instances[0]');
    expect(error).toMatch(
      /^instances\[0\]: not an image: expected \{"b64": "…"\} or numbers of shape \[8, 8, 3\]/,
    );
  });

  it('names the one image of several that is none', async () => {
    const good = { b64: base64(await encode(noise(1))) };
    const response = await post(
      `${url}/v1/models/harrier:predict`,
      JSON.stringify({ instances: [good, { b64: base64(Buffer.from('no image')) }, good] }),
    );
    expect([response.status, (await response.json()).where]).toEqual([400, 'instances[1]']);
  });
});

describe('Open Inference Protocol', () => {
  const tensor = (count: number) => ({ name: 'image', datatype: 'UINT8', shape: [count, SIDE, SIDE, 3] });
  const infer = (body: Uint8Array | string, headers = {}) =>
    post(`${url}/v2/models/harrier/infer`, body, { 'content-type': 'application/json', ...headers });

  it.each([
    ['flat', (pixels: Uint8Array[]) => pixels.flatMap((each) => Array.from(each))],
    ['nested', (pixels: Uint8Array[]) => pixels.map(nested)],
  ])('%s numbers', async (_, data) => {
    const response = await infer(
      JSON.stringify({ id: 'my-own', inputs: [{ ...tensor(2), data: data([noise(1), noise(2)]) }] }),
    );
    const { model_name: name, id, outputs } = await response.json();
    expect([name, id]).toEqual(['harrier', 'my-own']);
    expect(outputs).toHaveLength(1);
    expect(outputs[0]).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [2, 3] });
    const { data: all } = outputs[0];
    expectRows([all.slice(0, 3), all.slice(3)], await expected(noise(1), noise(2)));
  });

  it('image files in base64', async () => {
    const data = [base64(await encode(noise(1))), base64(await encode(noise(2), 'webp'))];
    const response = await infer(
      JSON.stringify({ inputs: [{ name: 'image', datatype: 'BYTES', shape: [2], data }] }),
    );
    const all = (await response.json()).outputs[0].data;
    expectRows([all.slice(0, 3), all.slice(3)], await expected(noise(1), noise(2)));
  });

  it('binary tensors, there and back', async () => {
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ ...tensor(2), parameters: { binary_data_size: 2 * SIDE * SIDE * 3 } }],
        outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
      }),
    );
    const response = await infer(Buffer.concat([head, noise(1), noise(2)]), {
      [JSON_LENGTH]: `${head.length}`,
    });
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get(JSON_LENGTH));
    const [output] = JSON.parse(bytes.subarray(0, length).toString()).outputs;
    expect(output.parameters).toEqual({ binary_data_size: 24 });
    const values = Array.from({ length: 6 }, (_, i) => bytes.readFloatLE(length + 4 * i));
    expectRows([values.slice(0, 3), values.slice(3)], await expected(noise(1), noise(2)));
  });

  it('binary image files', async () => {
    const files = [await encode(noise(1)), await encode(noise(2))];
    const elements = files.map((file) => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(file.length);
      return Buffer.concat([size, file]);
    });
    const binary = Buffer.concat(elements);
    const parameters = { binary_data_size: binary.length };
    const head = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'image', datatype: 'BYTES', shape: [2], parameters }] }),
    );
    const response = await infer(Buffer.concat([head, binary]), { [JSON_LENGTH]: `${head.length}` });
    const all = (await response.json()).outputs[0].data;
    expectRows([all.slice(0, 3), all.slice(3)], await expected(noise(1), noise(2)));
  });

  it('server and model describe themselves', async () => {
    const get = async (path: string) => (await fetch(`${url}${path}`)).json();
    expect(await get('/v2')).toMatchObject({ name: 'harrier', extensions: ['binary_tensor_data'] });
    expect(await get('/v2/health/live')).toEqual({ live: true });
    expect(await get('/v2/health/ready')).toEqual({ ready: true });
    expect(await get('/v2/models/harrier/ready')).toEqual({ name: 'harrier', ready: true });
    expect(await get('/v2/models/harrier')).toMatchObject({
      inputs: [{ name: 'image', datatype: 'UINT8', shape: [-1, 8, 8, 3] }],
      outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 3] }],
    });
  });
});

describe('beside the protocols', () => {
  it('alive, ready, a page, an OpenAPI document of routes that are there', async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'alive' });
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ready', workers: 1 });
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await page.text()).toContain('cat, dog, ship');
    const { paths } = await (await fetch(`${url}/openapi.json`)).json();
    for (const [path, methods] of Object.entries(paths as Record<string, object>)) {
      const method = Object.keys(methods)[0].toUpperCase();
      const { status } = await fetch(`${url}${path}`, { method });
      // What wants a body says so; nothing is unknown.
      expect([path, [200, 400, 415].includes(status)]).toEqual([path, true]);
    }
  });

  it('metrics count what happened', async () => {
    const read = (name: string) => metric(url, name);
    const requests = 'harrier_requests_total{route="POST /invocations",status="200"}';
    const latency = 'harrier_request_duration_seconds_count{route="POST /invocations"}';
    const before = [await read(requests), await read(latency), await read('harrier_batch_images_sum')];
    await post(`${url}/invocations`, await encode(noise(1)));
    expect([await read(requests), await read(latency), await read('harrier_batch_images_sum')]).toEqual(
      before.map((value) => value + 1),
    );
    expect([await read('harrier_queue_images'), await read('harrier_workers')]).toEqual([0, 1]);
  });

  it('logs a line for each request, under the id that the client chose', async () => {
    const bytes = await encode(noise(1));
    const response = await post(`${url}/invocations`, bytes, {
      'content-type': 'image/png',
      'x-request-id': 'from-me',
    });
    expect(response.headers.get('x-request-id')).toBe('from-me');
    const [line] = place.logged.filter(({ fields }) => fields.requestId === 'from-me');
    expect(line).toMatchObject({
      event: 'request',
      fields: { method: 'POST', path: '/invocations', status: 200, images: 1, bytes: bytes.length },
    });
  });
});
