import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import type { CrossentropyOptions } from '../losses/index.ts';
import { checkWeights, type Network, toGraphLayout, toKerasLayout, type Weights } from '../models/index.ts';
import { elementCount, float32, type Tensor } from '../onnx/index.ts';
import type { Optimizer } from '../optimizers/index.ts';
import type { Executable, Runtime, Tensors } from '../runtime/index.ts';
import { GraphState, KernelState, type TrainingState } from './state.ts';
import { buildStepGraph, CORRECT, LOSS, type MaskInput, slotName } from './step-graph.ts';

export interface TrainerOptions {
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly loss?: CrossentropyOptions;
  readonly runtime: Runtime;
  /** Seeds dropout; the data's order has a seed of its own purpose. */
  readonly seed: number;
  /** First weights, in Keras's layout. */
  readonly weights: Weights;
}

/** What one step reports. */
export interface StepResult {
  /** Mean over the batch. */
  readonly loss: number;
  /** Images of the batch that were classified rightly, before the update. */
  readonly correct: number;
}

interface Compiled {
  readonly executable: Executable;
  readonly masks: readonly MaskInput[];
}

/** Runs training steps, and holds what they change. */
export class Trainer {
  readonly network: Network;
  readonly #options: TrainerOptions;
  readonly #state: TrainingState;
  /** One executable: several live ones slow each other down. */
  #compiled: { readonly batch: number; readonly value: Compiled } | undefined;

  constructor(options: TrainerOptions) {
    const { network, optimizer, runtime, weights } = options;
    if (!network.parameters.some(({ trainable }) => trainable)) {
      throw new HarrierError('bad-option', 'there is nothing to train', {
        where: network.name,
        expected: 'weights in a layer that is not frozen by trainable: false',
      });
    }
    this.network = network;
    this.#options = options;
    this.#state = runtime.kernels
      ? new KernelState(network.parameters, optimizer, runtime.kernels)
      : new GraphState(network.parameters, optimizer);
    this.write({ weights });
  }

  /**
   * One step on one batch.
   *
   * @param pixels uint8 `[batch, height, width, 3]`
   * @param targets float32 `[batch, classes]`, each row a distribution
   * @param step steps taken before this one: it seeds dropout and is the optimizer's time
   * @throws HarrierError `diverged` when the loss is not finite; parameters are then as they were before the step
   */
  async step(
    pixels: Uint8Array,
    targets: Float32Array,
    step: number,
    learningRate: number,
  ): Promise<StepResult> {
    const { network, optimizer, seed } = this.#options;
    const batch = targets.length / network.outputSize;
    const size = elementCount(network.inputShape);
    if (!(Number.isInteger(batch) && batch > 0 && pixels.length === batch * size)) {
      throw new HarrierError('bad-shape', 'images and targets do not fit together', {
        where: network.name,
        expected: `${size} pixels and ${network.outputSize} targets per image`,
        received: `${pixels.length} and ${targets.length}`,
      });
    }
    const { executable, masks } = await this.#compile(batch);
    const feeds: Record<string, Tensor> = {
      image: { type: 'uint8', dims: [batch, ...network.inputShape], data: pixels },
      targets: float32([batch, network.outputSize], targets),
    };
    for (const mask of masks) feeds[mask.name] = drawMask(mask, seed, step);
    const outputs: Tensors = await this.#state.step(
      executable,
      feeds,
      optimizer.scalars(step + 1, learningRate),
    );
    const loss = outputs[LOSS].data[0] as number;
    if (!Number.isFinite(loss)) {
      throw new HarrierError('diverged', `the loss became ${loss} at step ${step + 1}`, {
        next: 'Lower the learning rate or clip gradients.',
        options: ['learningRate'],
      });
    }
    return { loss, correct: outputs[CORRECT].data[0] as number };
  }

  /**
   * Copies of the weights and the optimizer's slots, in Keras's layout.
   * @throws HarrierError `diverged` when one of them is not finite
   */
  async read(): Promise<{ weights: Weights; slots: Weights }> {
    const arrays = await this.#state.read();
    const keras = (spec: Network['parameters'][number], name: string): Float32Array => {
      const values = new Float32Array(elementCount(spec.shape));
      toKerasLayout(spec, arrays.get(name)!, values);
      if (!values.every(Number.isFinite)) {
        throw new HarrierError('diverged', `${name} holds numbers that are not finite`, {
          next: 'Lower the learning rate or clip gradients.',
          options: ['learningRate'],
        });
      }
      return values;
    };
    const { network, optimizer } = this.#options;
    const weights = new Map(network.parameters.map((spec) => [spec.name, keras(spec, spec.name)]));
    const slots = new Map<string, Float32Array>();
    for (const spec of network.parameters.filter(({ trainable }) => trainable)) {
      for (const slot of optimizer.slots) {
        const name = slotName(spec.name, slot);
        slots.set(name, keras(spec, name));
      }
    }
    return { weights, slots };
  }

  /**
   * Replaces the weights and, where given, the slots.
   * @throws HarrierError `bad-checkpoint` when they belong to another model or optimizer
   */
  write({ weights, slots }: { weights: Weights; slots?: Weights }): void {
    const { network, optimizer } = this.#options;
    checkWeights(network.parameters, weights, network.name);
    if (slots) checkSlots(network, optimizer, slots);
    const arrays = new Map<string, Float32Array>();
    for (const spec of network.parameters) {
      const take = (name: string, values: Float32Array | undefined): void => {
        if (!values) return;
        const graph = new Float32Array(values.length);
        toGraphLayout(spec, values, graph);
        arrays.set(name, graph);
      };
      take(spec.name, weights.get(spec.name));
      for (const slot of optimizer.slots)
        take(slotName(spec.name, slot), slots?.get(slotName(spec.name, slot)));
    }
    this.#state.write(arrays);
  }

  /** Gives the executable's memory back. The state stays. */
  async dispose(): Promise<void> {
    const compiled = this.#compiled;
    this.#compiled = undefined;
    if (!compiled) return;
    await this.#state.read();
    await compiled.value.executable.dispose();
  }

  async #compile(batch: number): Promise<Compiled> {
    if (this.#compiled?.batch === batch) return this.#compiled.value;
    await this.dispose();
    const { network, optimizer, loss, runtime } = this.#options;
    const { model, masks, carry } = buildStepGraph(network, {
      batch,
      target: runtime.target,
      convolutionBlock: await runtime.convolutionBlock?.(),
      loss,
      optimizer: this.#state.optimizerInGraph ? optimizer : undefined,
    });
    const executable = await runtime.compile(model, this.#state.optimizerInGraph ? { carry } : {});
    const value = { executable, masks };
    this.#compiled = { batch, value };
    return value;
  }
}

/** Exactly the slots that an optimizer keeps for a network, or an error. */
function checkSlots({ name, parameters }: Network, optimizer: Optimizer, slots: Weights): void {
  const sizes = new Map<string, number>();
  for (const spec of parameters) {
    if (!spec.trainable) continue;
    for (const slot of optimizer.slots) sizes.set(slotName(spec.name, slot), elementCount(spec.shape));
  }
  if (slots.size === sizes.size && [...sizes].every(([slot, size]) => slots.get(slot)?.length === size))
    return;
  const kinds = (names: Iterable<string>): string =>
    [...new Set([...names].map((each) => each.slice(each.lastIndexOf('/') + 1)))].join(', ') || 'nothing';
  throw new HarrierError('bad-checkpoint', 'this state belongs to another optimizer', {
    where: name,
    expected: `${kinds(sizes.keys())} (${optimizer.name})`,
    received: kinds(slots.keys()),
    next: 'Use the optimizer that it was trained with.',
  });
}

function drawMask({ name, shape, rate }: MaskInput, seed: number, step: number): Tensor {
  const stream = random(seed, name, step);
  const values = new Float32Array(elementCount(shape));
  const kept = 1 / (1 - rate);
  for (let i = 0; i < values.length; i++) values[i] = stream.uniform() < rate ? 0 : kept;
  return float32(shape, values);
}
