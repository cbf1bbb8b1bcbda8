import { HarrierError } from '../errors.ts';
import type { ParameterSpec } from '../layers/index.ts';
import type { LossOptions } from '../losses/index.ts';
import type { Network } from '../models/index.ts';
import { arrayOf, elementCount, type Graph, type Value } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';
import type { Optimizer } from '../optimizers/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { buildStepGraph, type StepGraph } from './step-graph.ts';
import { slotsOf, trainableGroups } from './updates.ts';

/** The training whose memory is estimated. */
export interface MemoryOptions {
  /** The network to train. */
  readonly network: Network;
  /** The optimizer, whose state takes memory too. */
  readonly optimizer: Optimizer;
  /** Options of the cross-entropy. */
  readonly loss?: LossOptions;
  /** The engine; it decides where the state is kept. */
  readonly runtime: Runtime;
  /** Images of one step. */
  readonly batch: number;
  /** Images that go through the network at once, at most, and whether averages are kept: see `TrainerOptions`. */
  readonly microBatch?: number;
  /** As for `fit`: an average of the weights takes as much memory as the weights. */
  readonly averageMomentum?: number;
}

/** Bytes that training needs at least. */
export interface StepMemory {
  /** Weights, gradients and the optimizer's slots, which lie in one block. */
  readonly state: number;
  /** What a checkpoint takes while it is made: the arrays in Keras's layout, and the file of them. */
  readonly checkpoint: number;
  /** The values of a step, in ONNX Runtime's hands; in proportion to the batch. */
  readonly step: number;
}

/** WebAssembly's memory has 65,536 pages of 64 KiB at most. */
const LARGEST_STATE = 2 ** 32;

/**
 * How many times over ONNX Runtime holds the values that a step needs at the same time. From the second step on it
 * keeps the arena of the first, whose regions grow by doubling, and beside it one block with a place for every value;
 * resident memory grew 3.1 to 4.1 times as much as `peakMemory` says, by network and batch. The smallest counts, for a
 * run that would fit must not be refused.
 */
const TIMES_OVER = 3;

/**
 * Estimates the least memory that training needs, in bytes. It does not include the data set, Node itself, and the
 * memory of ONNX Runtime for threads and rearranged kernels.
 */
export async function stepMemory(options: MemoryOptions): Promise<StepMemory> {
  return { ...stateMemory(options), step: memoryOf(await wholeStep(options)) };
}

/** The graph of a step in which as many images go through the network at once as ever do. */
async function wholeStep({ network, loss, runtime, batch, microBatch }: MemoryOptions): Promise<StepGraph> {
  return buildStepGraph(network, {
    batch: Math.min(batch, microBatch ?? batch),
    target: runtime.target,
    convolutionBlock: await runtime.convolutionBlock?.(),
    loss,
  });
}

function memoryOf({ model }: StepGraph): number {
  return TIMES_OVER * peakMemory(model.graph);
}

function stateMemory({
  network,
  optimizer,
  microBatch,
  averageMomentum,
}: MemoryOptions): Omit<StepMemory, 'step'> {
  const floats = (specs: readonly ParameterSpec[]) =>
    specs.reduce((total, { shape }) => total + 4 * elementCount(shape), 0);
  const all = floats(network.parameters);
  const trainable = floats(network.parameters.filter((spec) => spec.trainable));
  const slots = trainableGroups(network.parameters, optimizer).reduce(
    (total, group) => total + floats(group.parameters) * slotsOf(group, averageMomentum !== undefined).length,
    0,
  );
  // Where batches go in parts, a part's gradients have a place of their own.
  const gradients = microBatch === undefined ? trainable : 2 * trainable;
  return {
    state: all + gradients + slots,
    checkpoint: 2 * (all + slots),
  };
}

/**
 * Checks that there is memory for training, as far as the runtime can tell.
 *
 * @returns the step graph that was built for it: `fit` trains with it, so that it is built once. Undefined where the
 *   runtime does not tell how much memory is free
 * @throws HarrierError `not-supported` when training needs more memory than the runtime has, with how much that is and
 *   what to lower
 */
export async function checkMemory(options: MemoryOptions): Promise<StepGraph | undefined> {
  const { network, runtime, microBatch } = options;
  const batch = Math.min(options.batch, microBatch ?? options.batch);
  const { state, checkpoint } = stateMemory(options);
  if (runtime.kernels && state > LARGEST_STATE) {
    throw new HarrierError(
      'not-supported',
      'its weights, gradients and optimizer do not fit into one block of memory',
      {
        where: network.name,
        expected: `at most ${gigabytes(LARGEST_STATE)}`,
        received: gigabytes(state),
        next: 'Lower the image size, or use a network with fewer parameters.',
        options: ['imageSize'],
      },
    );
  }
  if (!runtime.freeMemory) return undefined;
  const graph = await wholeStep(options);
  const step = memoryOf(graph);
  const free = runtime.freeMemory();
  const total = state + checkpoint + step;
  if (total <= free) return graph;
  const images = Math.floor((batch * (free - state - checkpoint)) / step);
  throw new HarrierError(
    'not-supported',
    microBatch === undefined
      ? `training with a batch size of ${batch} needs more memory than is free`
      : `training on ${batch} images at once needs more memory than is free`,
    {
      where: network.name,
      expected: `at least ${gigabytes(total)}`,
      received: gigabytes(free),
      next:
        images >= 1
          ? `Lower the ${microBatch === undefined ? 'batch size' : 'number of images at once'} (to ${images} at most) or the image size.`
          : 'Lower the image size, or use a network with fewer parameters.',
      options: [...(images >= 1 ? [microBatch === undefined ? 'batchSize' : 'microBatch'] : []), 'imageSize'],
    },
  );
}

/** Bytes, for people who think of memory: `3.2 GB`. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Ops whose output is their first input under another shape: ONNX Runtime copies nothing. */
const VIEWS = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/**
 * The bytes that the values of a graph take at the worst moment, when each is freed after its last use. Inputs and
 * initializers are somebody else's.
 */
export function peakMemory(graph: Graph): number {
  const values = importGraph(createGraph(graph.name), graph);
  const bytes = ({ type, shape }: Value) => arrayOf(type).BYTES_PER_ELEMENT * elementCount(shape.map(Number));
  // What a view shows; a value lives as long as its last view.
  const owners = new Map<string, string>();
  const ownerOf = (name: string) => owners.get(name) ?? name;
  for (const { opType, domain, inputs, outputs } of graph.nodes) {
    if (domain === '' && VIEWS.has(opType)) owners.set(outputs[0], ownerOf(inputs[0]));
  }
  const lastUse = new Map<string, number>();
  graph.nodes.forEach(({ inputs }, i) => {
    for (const name of inputs) lastUse.set(ownerOf(name), i);
  });
  for (const { name } of graph.outputs) lastUse.set(ownerOf(name), graph.nodes.length);

  const alive = new Map<string, number>();
  let now = 0;
  let peak = 0;
  graph.nodes.forEach(({ inputs, outputs }, i) => {
    const freed = [...new Set(inputs.map(ownerOf))].filter(
      (name) => alive.has(name) && lastUse.get(name) === i,
    );
    const reusable = freed.map((name) => alive.get(name)!);
    for (const name of outputs) {
      const value = values.get(name);
      if (!value || owners.has(name)) continue;
      const size = bytes(value);
      alive.set(name, size);
      const place = reusable.indexOf(size);
      if (place >= 0) {
        // It takes the place of an input that nobody needs any more.
        reusable.splice(place, 1);
        now += size;
        peak = Math.max(peak, now - size);
      } else {
        now += size;
        peak = Math.max(peak, now);
      }
    }
    for (const name of freed) {
      now -= alive.get(name)!;
      alive.delete(name);
    }
    for (const name of outputs) {
      // Nobody reads it.
      if (lastUse.has(name) || !alive.has(name)) continue;
      now -= alive.get(name)!;
      alive.delete(name);
    }
  });
  return peak;
}
