/**
 * Prints how fast `harrier predict --list --out` reads and classifies the images of a list, and the most that these cores
 * allow: reading and classifying share them, so an image takes the time of both together. Each way is measured in turn,
 * several times; processor time hardly depends on other programs, images a second do.
 *
 *   npx tsx bench/predict-list.ts runs/bees/model.onnx images.txt [--batch 16]
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ClassifyingThreads } from '../src/cli/predict/classifying-threads.ts';
import { inOrder } from '../src/cli/predict/in-order.ts';
import { ReadingThreads } from '../src/cli/predict/reading-threads.ts';
import { imageBytes } from '../src/data/dataset.ts';
import { Classifier } from '../src/models/classifier.ts';
import { defaultThreads } from '../src/platform/node/engine/default-threads.ts';
import { nodeRuntime } from '../src/platform/node/engine/runtime.ts';

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    images: { type: 'string', default: '384' },
    batch: { type: 'string', default: '16' },
  },
  allowPositionals: true,
});
const [model, list] = positionals;
const files = (await readFile(list, 'utf8')).trim().split('\n').slice(0, Number(values.images));
const bytes = await readFile(model);
const BATCH = Number(values.batch);
const AHEAD = 64;

const together = await Classifier.load(nodeRuntime(), bytes, model);
const shape = together.imageShape;
const size = imageBytes(shape);
const readers = new ReadingThreads({ shape, remote: {} });
const copies = new ClassifyingThreads({ bytes, where: model });
const some = Uint8Array.from({ length: BATCH * size }, (_, i) => (i * 7919) % 251);
const rounds = Math.ceil(files.length / BATCH);

async function* each<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

async function* batchesRead(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let batch = new Uint8Array(BATCH * size);
  let count = 0;
  for await (const pixels of inOrder(each(files), (file) => readers.read(file), AHEAD)) {
    batch.set(pixels, size * count++);
    if (count < BATCH) continue;
    yield batch;
    batch = new Uint8Array(BATCH * size);
    count = 0;
  }
  if (count > 0) yield batch.slice(0, count * size);
}

async function drain(results: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of results);
}

const ways: Readonly<Record<string, () => Promise<void>>> = {
  reading: () => drain(batchesRead()),
  classifying: () =>
    drain(
      inOrder(each(Array(rounds).fill(some)), (pixels) => copies.answer(pixels.slice()), copies.count + 1),
    ),
  'classifying, one session': async () => {
    for (let i = 0; i < rounds; i++) await together.answer(some);
  },
  'both: predict --list': () =>
    drain(inOrder(batchesRead(), (pixels) => copies.answer(pixels), copies.count + 1)),
};

interface Measured {
  /** Images a second. */
  readonly rate: number;
  /** Milliseconds of processor time an image. */
  readonly processor: number;
}

async function measure(work: () => Promise<void>): Promise<Measured> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { rate: (files.length / ms) * 1000, processor: (user + system) / 1000 / files.length };
}

const measured = new Map<string, Measured[]>(Object.keys(ways).map((name) => [name, []]));
// Once for threads to start and caches to fill.
for (const work of Object.values(ways)) await work();
for (let i = 0; i < Number(values.rounds); i++) {
  for (const [name, work] of Object.entries(ways)) measured.get(name)!.push(await measure(work));
}
const median = (name: string, field: keyof Measured) =>
  measured
    .get(name)!
    .map((each) => each[field])
    .sort((a, b) => a - b)[Math.floor(Number(values.rounds) / 2)];
const print = (line: string) => process.stdout.write(`${line}\n`);

print(`${files.length} images of ${list}, ${model}, ${defaultThreads()} cores; medians of ${values.rounds}`);
for (const name of measured.keys()) {
  const [rate, processor] = [median(name, 'rate'), median(name, 'processor')];
  print(
    `${name.padEnd(26)}${rate.toFixed(0).padStart(6)} images/s${processor.toFixed(2).padStart(8)} ms of processor time an image`,
  );
}
const [reading, classifying, both] = ['reading', 'classifying', 'both: predict --list'];
const bound = (field: keyof Measured) =>
  field === 'rate'
    ? 1 / (1 / median(reading, field) + 1 / median(classifying, field)) / median(classifying, field)
    : median(classifying, field) / (median(reading, field) + median(classifying, field));
const reached = (field: keyof Measured) =>
  field === 'rate'
    ? median(both, field) / median(classifying, field)
    : median(classifying, field) / median(both, field);
print('');
print('of the rate of classifying alone:  the most  reached');
print(
  `by time                            ${bound('rate').toFixed(2).padStart(8)}${reached('rate').toFixed(2).padStart(9)}`,
);
print(
  `by processor time                  ${bound('processor').toFixed(2).padStart(8)}${reached('processor').toFixed(2).padStart(9)}`,
);
await readers.close();
await copies.close();
await together.dispose();
