import type { Model, Tensor } from '../onnx/index.ts';
import type { Runtime, Tensors } from '../runtime/index.ts';

/** Milliseconds from any beginning. */
export type Clock = () => number;

export interface Measured {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** How long a piece of work takes, in milliseconds: untimed runs first, then timed ones. */
export async function measure(
  work: () => Promise<unknown>,
  { clock, warmUp = 5, runs }: { clock: Clock; warmUp?: number; runs: number },
): Promise<Measured> {
  const times: number[] = [];
  for (let i = -warmUp; i < runs; i++) {
    const start = clock();
    await work();
    if (i >= 0) times.push(clock() - start);
  }
  return summaryOf(times);
}

/** The least, the median and the largest of times, of which there is at least one. */
export function summaryOf(times: readonly number[]): Measured {
  const sorted = times.toSorted((a, b) => a - b);
  return { min: sorted[0], median: sorted[sorted.length >> 1], max: sorted.at(-1)! };
}

/**
 * How long pieces of work take, in milliseconds, beside each other: in turns, so that what else the machine does falls on
 * all of them. A turn is an untimed run and three timed ones, for the first after another piece waits for memory that the
 * other has used.
 *
 * @returns medians, in the order of the works
 */
export async function measureInTurns(
  works: readonly (() => Promise<unknown>)[],
  { clock, rounds }: { clock: Clock; rounds: number },
): Promise<number[]> {
  const times: number[][] = works.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, work] of works.entries()) {
      await work();
      for (let run = 0; run < 3; run++) {
        const start = clock();
        await work();
        times[i].push(clock() - start);
      }
    }
  }
  return times.map((each) => summaryOf(each).median);
}

/**
 * How long a piece of work takes, in milliseconds, where nobody knows beforehand whether that is one or a thousand: one
 * untimed run, then timed ones until some seconds are over.
 */
export async function measureFor(
  work: () => Promise<unknown>,
  { clock, seconds = 5, atMost = 50 }: { clock: Clock; seconds?: number; atMost?: number },
): Promise<Measured> {
  await work();
  const times: number[] = [];
  const end = clock() + 1000 * seconds;
  while (times.length === 0 || (times.length < atMost && clock() < end)) {
    const start = clock();
    await work();
    times.push(clock() - start);
  }
  return summaryOf(times);
}

/** As {@link measure}, for one run of a model. */
export async function measureModel(
  runtime: Runtime,
  model: Model,
  feeds: Tensors,
  options: { clock: Clock; warmUp?: number; runs: number },
): Promise<Measured> {
  const executable = await runtime.compile(model);
  try {
    return await measure(() => executable.step(feeds), options);
  } finally {
    await executable.dispose();
  }
}

/** A tensor of small numbers that are neither all equal nor denormal. */
export function sampleTensor(dims: readonly number[]): Tensor {
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
  for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 2003) / 2003 - 0.5;
  return { type: 'float32', dims, data };
}
