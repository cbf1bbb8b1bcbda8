import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER_COUNTS_KEY, countAnswers, PredictionSets } from '../../src/evaluation/index.ts';
import { Classifier, type Rejection } from '../../src/models/index.ts';
import { nodeRuntime } from '../../src/platform/node/index.ts';
import { CLASSES, encode, modelBytes, noise, post, type Serving, serving } from './serving.ts';

// What a model says besides probabilities, in every wire format, against the classifier itself.

/** Features of 16 units; a threshold that parts the images of this test. */
const rejection: Rejection = {
  layer: 'dense_1',
  means: Float32Array.from({ length: 16 * 3 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 0.45 : 0)),
  distance: { median: 0.3, high: 0.5 },
  doubt: { median: 0.2, high: 0.6 },
  threshold: 0.1,
  keep: 0.9,
  images: 20,
};
const sets = new PredictionSets(
  [0.2, 0.5, 0.9].map((most) => Array.from({ length: 10 }, (_, i) => (most * i) / 10)),
);
const JSON_LENGTH = 'inference-header-content-length';

let place: Serving;
let plain: Serving;
let known: { probabilities: number[]; unknown: number; set: string[] }[];

/** The threshold in the middle of the scores, so that some images are unknown and others are not. */
async function bytesOf(): Promise<Uint8Array> {
  const classifier = await Classifier.load(nodeRuntime({ threads: 1 }), modelBytes({ rejection }));
  const scores: number[] = [];
  for (let i = 1; i <= 4; i++) scores.push((await classifier.answer(noise(i))).unknown![0]);
  await classifier.dispose();
  scores.sort();
  const middle = (scores[1] + scores[2]) / 2;
  const threshold = rejection.threshold + Math.log(middle / (1 - middle));
  return modelBytes({ rejection: { ...rejection, threshold }, metadata: sets.metadata });
}

beforeAll(async () => {
  const bytes = await bytesOf();
  [place, plain] = await Promise.all([serving({}, bytes), serving()]);
  const classifier = await Classifier.load(nodeRuntime({ threads: 1 }), bytes);
  known = [];
  for (let i = 1; i <= 4; i++) {
    const { probabilities, unknown } = await classifier.answer(noise(i));
    const set = sets.setOf(probabilities, { coverage: 0.8 }).map((label) => CLASSES[label]);
    known.push({ probabilities: [...probabilities], unknown: unknown![0], set });
  }
  await classifier.dispose();
  // What is compared must differ from image to image.
  expect(new Set(known.map(({ unknown }) => unknown > 0.5)).size).toBe(2);
  expect(new Set(known.map(({ set }) => set.length)).size).toBeGreaterThan(1);
});
afterAll(() => Promise.all([place.end(), plain.end()]));

const invoke = async (server: Serving, image: number, accept: string) =>
  post(`${server.server.url}/invocations`, await encode(noise(image)), {
    'content-type': 'image/png',
    accept,
  });
const send = (path: string, body: object, server = place) =>
  post(`${server.server.url}${path}`, JSON.stringify(body), { 'content-type': 'application/json' });
const b64 = async (image: number) => (await encode(noise(image))).toString('base64');

describe('what a model says besides probabilities', () => {
  it('SageMaker: in a header, in lines and in the verbose form', async () => {
    for (const [i, { unknown, set }] of known.entries()) {
      const array = await invoke(place, i + 1, 'application/json');
      expect(array.headers.get('x-harrier-unknown')).toBe(`${unknown > 0.5}`);
      expect(await array.json()).toHaveLength(3);
      const lines = await invoke(place, i + 1, 'application/jsonlines');
      expect(JSON.parse(await lines.text())).toMatchObject({ unknown: unknown > 0.5 });
      const verbose = await (await invoke(place, i + 1, 'application/json;verbose;sets=0.8')).json();
      expect([verbose.unknown, verbose.set]).toEqual([unknown > 0.5, set]);
    }
    const before = await invoke(plain, 1, 'application/json;verbose');
    expect(before.headers.get('x-harrier-unknown')).toBeNull();
    expect(Object.keys(await before.json())).toEqual(['probabilities', 'labels', 'predicted_label']);
  });

  it('TensorFlow Serving: by another signature; rows stay rows', async () => {
    const path = '/v1/models/harrier:predict';
    const instances = await Promise.all([1, 2, 3, 4].map(async (image) => ({ b64: await b64(image) })));
    const { predictions: rows } = await (await send(path, { instances })).json();
    expect(rows.map((row: number[]) => row.length)).toEqual([3, 3, 3, 3]);
    const asked = { instances, signature_name: 'details', sets: 0.8 };
    const { predictions } = await (await send(path, asked)).json();
    for (const [i, { unknown, set }] of known.entries()) {
      expect(predictions[i].unknown).toBeCloseTo(unknown, 5);
      expect(predictions[i].set).toEqual(set);
      expect(predictions[i].probabilities).toHaveLength(3);
    }
    const other = await (await send(path, { instances, signature_name: 'x' })).json();
    expect(other.error).toBe(
      'signature_name: the model has no such signature: expected serving_default or details, received "x".',
    );
  });

  it('Open Inference Protocol: as further outputs, in JSON and in bytes', async () => {
    const path = '/v2/models/harrier/infer';
    const described = await (await fetch(`${place.server.url}/v2/models/harrier`)).json();
    expect(described.outputs[1]).toEqual({ name: 'unknown', datatype: 'FP32', shape: [-1] });
    const data = await Promise.all([1, 2, 3, 4].map(b64));
    const inputs = [{ name: 'image', datatype: 'BYTES', shape: [4], data }];
    const { outputs } = await (await send(path, { inputs, parameters: { sets: 0.8 } })).json();
    expect(outputs.map(({ name }: { name: string }) => name)).toEqual(['probabilities', 'unknown', 'set']);
    known.forEach(({ unknown, set }, i) => {
      expect(outputs[1].data[i]).toBeCloseTo(unknown, 5);
      const inside = CLASSES.filter((_, label) => outputs[2].data[3 * i + label]);
      expect(inside).toEqual(CLASSES.filter((name) => set.includes(name)));
    });
    const wanted = [{ name: 'set', parameters: { binary_data: true } }, { name: 'unknown' }];
    const mixed = await send(path, { inputs, parameters: { sets: 0.8 }, outputs: wanted });
    const bytes = Buffer.from(await mixed.arrayBuffer());
    const length = Number(mixed.headers.get(JSON_LENGTH));
    const head = JSON.parse(bytes.subarray(0, length).toString());
    expect(head.outputs.map(({ name }: { name: string }) => name)).toEqual(['unknown', 'set']);
    expect([...bytes.subarray(length)]).toEqual(outputs[2].data.map(Number));
    expect((await (await send(path, { inputs, outputs: [{ name: 'set' }] })).json()).error).toBe(
      'outputs: the model does not give these outputs: expected [{"name": "probabilities"}, {"name": "unknown"}], received "set".',
    );
  });

  it('refuses sets that it cannot make, with a sentence', async () => {
    const path = '/v1/models/harrier:predict';
    const instances = [{ b64: await b64(1) }];
    for (const [coverage, received] of [
      [1.5, '1.5'],
      ['0.9', '"0.9"'],
    ]) {
      const answer = await send(path, { instances, signature_name: 'details', sets: coverage });
      expect([answer.status, (await answer.json()).error]).toEqual([
        400,
        `sets: this is not the coverage of sets: expected a number between 0 and 1, such as 0.95, received ${received}.`,
      ]);
    }
    expect((await invoke(place, 1, 'application/json;verbose;sets=many')).status).toBe(400);
    const uncalibrated = await invoke(plain, 1, 'application/json;verbose;sets=0.9');
    expect(uncalibrated.status).toBe(400);
    expect((await uncalibrated.json()).message).toMatch(
      /this model can promise no sets: .* --validation-split 0\.1/,
    );
  });
});

describe('what the metrics say of the answers', () => {
  const label = 'a "b"\\c';
  const classes = [label, 'dog', 'ship'];
  const scrape = async ({ server: { url } }: Serving) => (await fetch(`${url}/metrics`)).text();
  const metricIn = (text: string, name: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    );
  const images = [...Array(12).keys()];
  const instances = () =>
    Promise.all(images.map(async (i) => ({ b64: (await encode(noise(i))).toString('base64') })));

  it('counts them by class and by how sure they are, and tells when they drift', async () => {
    const classifier = await Classifier.load(nodeRuntime({ threads: 1 }), modelBytes({ classes }));
    const answers: number[] = [];
    for (const i of images) answers.push(...(await classifier.answer(noise(i))).probabilities);
    await classifier.dispose();
    const expected = countAnswers(Float32Array.from(answers), 3);
    // Images of the same kind, and a model that was tested on others.
    const most = expected.classes.indexOf(Math.max(...expected.classes));
    const others = classes.map((_, i) => (i === (most + 1) % 3 ? 12 : 0));
    const lots = [expected, { ...expected, classes: others }];
    const pValues: number[] = [];
    for (const lot of lots) {
      const metadata = {
        [ANSWER_COUNTS_KEY]: JSON.stringify({ ...lot, classes: lot.classes.map((n) => 10 * n) }),
      };
      const own = await serving({}, modelBytes({ classes, metadata }));
      const predict = `${own.server.url}/v1/models/harrier:predict`;
      const body = JSON.stringify({ instances: await instances() });
      const send = () => post(predict, body, { 'content-type': 'application/json' });
      await send();
      expect(metricIn(await scrape(own), 'harrier_drift_classes_p_value')).toBeNaN();
      for (let times = 0; times < 3; times++) expect((await send()).status).toBe(200);
      const text = await scrape(own);
      pValues.push(metricIn(text, 'harrier_drift_classes_p_value'));
      const named = ['a \\"b\\"\\\\c', 'dog', 'ship'];
      expect(named.map((name) => metricIn(text, `harrier_answers_total{class="${name}"}`) || 0)).toEqual(
        expected.classes.map((count) => 4 * count),
      );
      expect(metricIn(text, 'harrier_answer_probability_count')).toBe(48);
      expect(metricIn(text, 'harrier_drift_confidence_p_value')).toBeGreaterThan(0.5);
      await own.end();
    }
    expect(pValues[0]).toBeGreaterThan(0.9);
    expect(pValues[1]).toBeLessThan(1e-6);
  });

  it('counts images that show none of the classes', async () => {
    const before = metricIn(await scrape(place), 'harrier_unknown_images_total') || 0;
    for (let i = 1; i <= 4; i++) await invoke(place, i, 'application/json');
    const unknown = known.filter((each) => each.unknown > 0.5).length;
    expect(metricIn(await scrape(place), 'harrier_unknown_images_total')).toBe(before + unknown);
    expect(await scrape(plain)).not.toMatch(/^harrier_unknown_images_total \d/m);
    expect(metricIn(await scrape(plain), 'harrier_drift_classes_p_value')).toBeNaN();
  });
});

describe('a model that gives images any number of labels', () => {
  let labels: Serving;
  /** Of each image. */
  let expected: { probabilities: number[]; given: string[] }[];
  const thresholds = [0.45, 0.5, 0.55];

  beforeAll(async () => {
    const bytes = modelBytes({ thresholds });
    labels = await serving({}, bytes);
    const classifier = await Classifier.load(nodeRuntime({ threads: 1 }), bytes);
    expected = [];
    for (let i = 1; i <= 4; i++) {
      const row = await classifier.predict(noise(i));
      const given = CLASSES.map((name, label) => ({ name, label }))
        .filter(({ label }) => row[label] >= thresholds[label])
        .sort((a, b) => row[b.label] - row[a.label])
        .map(({ name }) => name);
      expected.push({ probabilities: [...row], given });
    }
    await classifier.dispose();
    expect(new Set(expected.map(({ given }) => given.length)).size).toBeGreaterThan(1);
  });
  afterAll(() => labels.end());

  it('names them in every format, and no single class', async () => {
    for (const [i, { given }] of expected.entries()) {
      expect(await (await invoke(labels, i + 1, 'application/json')).json()).toHaveLength(3);
      const lines = await invoke(labels, i + 1, 'application/jsonlines');
      expect(JSON.parse(await lines.text()).predicted_labels).toEqual(given);
      const verbose = await (await invoke(labels, i + 1, 'application/json;verbose')).json();
      expect(Object.keys(verbose)).toEqual(['probabilities', 'labels', 'predicted_labels']);
      expect(verbose.predicted_labels).toEqual(given);
    }
    const instances = await Promise.all([1, 2, 3, 4].map(async (image) => ({ b64: await b64(image) })));
    const detailed = { instances, signature_name: 'details' };
    const { predictions } = await (await send('/v1/models/harrier:predict', detailed, labels)).json();
    expect(predictions.map((each: { labels: string[] }) => each.labels)).toEqual(
      expected.map(({ given }) => given),
    );
    const described = await (await fetch(`${labels.server.url}/v2/models/harrier`)).json();
    expect(described.outputs[1]).toEqual({ name: 'labels', datatype: 'BOOL', shape: [-1, 3] });
    const data = await Promise.all([1, 2, 3, 4].map(b64));
    const inputs = [{ name: 'image', datatype: 'BYTES', shape: [4], data }];
    const { outputs } = await (await send('/v2/models/harrier/infer', { inputs }, labels)).json();
    expected.forEach(({ given, probabilities }, i) => {
      const row = outputs[1].data.slice(3 * i, 3 * i + 3);
      expect(CLASSES.filter((_, label) => row[label])).toEqual(
        CLASSES.filter((name) => given.includes(name)),
      );
      probabilities.forEach((value, label) => {
        expect(outputs[0].data[3 * i + label]).toBeCloseTo(value, 5);
      });
    });
  });

  it('refuses sets, and says so in its description', async () => {
    const refused = await invoke(labels, 1, 'application/json;verbose;sets=0.9');
    expect([refused.status, (await refused.json()).message]).toEqual([
      400,
      expect.stringContaining('this model gives images any number of labels, each by its threshold'),
    ]);
    const api = JSON.stringify(await (await fetch(`${labels.server.url}/openapi.json`)).json());
    expect([api.includes('"predicted_labels"'), api.includes('"predicted_label"')]).toEqual([true, false]);
    expect(await (await fetch(labels.server.url)).text()).toContain('Labels, any number for an image');
  });
});
