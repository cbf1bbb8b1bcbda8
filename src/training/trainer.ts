import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import type { ParameterSpec } from '../layers/index.ts';
import type { LossOptions } from '../losses/index.ts';
import { checkWeights, type Network, toGraphLayout, toKerasLayout, type Weights } from '../models/index.ts';
import { elementCount, float32, type Tensor } from '../onnx/index.ts';
import {
  exponentialMovingAverageScalars,
  highestRate,
  type Optimizer,
  type ParameterGroup,
} from '../optimizers/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import type { MaskInput } from './forward-graph.ts';
import { GraphState } from './graph-state.ts';
import { KernelState } from './kernel-state.ts';
import type { Pass, TrainingState } from './state.ts';
import { buildStepGraph, CORRECT, LOSS, type StepGraph } from './step-graph.ts';
import { AVERAGE, slotName, slotsOf, trainableGroups } from './updates.ts';

/** Network, optimizer and options of a `Trainer`. */
export interface TrainerOptions {
  /** The network to train. */
  readonly network: Network;
  /** The rule that turns gradients into steps. */
  readonly optimizer: Optimizer;
  /** Options of the cross-entropy, such as label smoothing. */
  readonly loss?: LossOptions;
  /** The engine that runs the step graph. */
  readonly runtime: Runtime;
  /**
   * Images that go through the network at once, at most. A larger batch goes in parts, whose gradients are added up:
   * this takes less memory, and batch normalisation sees a part only. Default: the whole batch.
   */
  readonly microBatch?: number;
  /**
   * Keeps an average of all trainable parameters over the steps: how much of it stays at each step, such as 0.999
   * (Keras's `ema_momentum`). It is then what `weightsToUse` gives.
   */
  readonly averageMomentum?: number;
  /** Seeds dropout; the data's order has a seed of its own purpose. */
  readonly seed: number;
  /** The graph of a whole step without the optimizer, where it was built already. */
  readonly stepGraph?: StepGraph;
  /** First weights, in Keras's layout. */
  readonly weights: Weights;
}

/** The result of one step. */
export interface StepResult {
  /** Mean over the batch. */
  readonly loss: number;
  /** Images of the batch that were classified rightly, before the update. */
  readonly correct: number;
}

type ImageSize = readonly [height: number, width: number];

/** A step graph for so many images of one size. */
interface Compiled {
  readonly batch: number;
  readonly size: ImageSize;
  readonly executable: Executable;
  readonly masks: readonly MaskInput[];
}

/** Runs training steps and holds the weights and the optimizer state. */
export class Trainer {
  /** The network that is trained. */
  readonly network: Network;
  readonly #options: TrainerOptions;
  readonly #groups: readonly ParameterGroup<ParameterSpec>[];
  readonly #state: TrainingState;
  /** No more than the passes of a step need: several live ones slow each other down. */
  #compiled: readonly Compiled[] = [];
  /** Until it is compiled. */
  #stepGraph: StepGraph | undefined;
  /** Names of the parameters whose gradients are computed no more. */
  #settled: ReadonlySet<string> = new Set();

  constructor(options: TrainerOptions) {
    const { network, optimizer, runtime, weights, averageMomentum, microBatch } = options;
    if (!network.parameters.some(({ trainable }) => trainable)) {
      throw new HarrierError('bad-option', 'there is nothing to train', {
        where: network.name,
        expected: 'weights in a layer that is not frozen by trainable: false',
      });
    }
    this.network = network;
    this.#options = options;
    this.#stepGraph = options.stepGraph;
    this.#groups = trainableGroups(network.parameters, optimizer);
    const { kernels } = runtime;
    const own = { average: averageMomentum !== undefined, accumulate: microBatch !== undefined };
    this.#state = kernels
      ? new KernelState(network.parameters, this.#groups, { ...runtime, kernels }, own)
      : new GraphState(network.parameters, this.#groups, own);
    this.write({ weights });
  }

  /**
   * One step on one batch.
   *
   * @param pixels uint8 `[batch, height, width, 3]`
   * @param targets float32 `[batch, classes]`, each row a distribution
   * @param step steps taken before this one: it seeds dropout and is the optimizer's time
   * @param rates the learning rates of the optimizer and of its groups, in their order; a single one is the
   *   optimizer's, and the groups' are then their highest ones in the same proportion
   * @param imageSize height and width of the images, where they are not the network's
   * @throws HarrierError `diverged` when the loss is not finite; parameters are then as they were before the step
   */
  async step(
    pixels: Uint8Array,
    targets: Float32Array,
    step: number,
    rates: number | readonly number[],
    imageSize: ImageSize = [this.network.inputShape[0], this.network.inputShape[1]],
  ): Promise<StepResult> {
    const { network, averageMomentum } = this.#options;
    const batch = targets.length / network.outputSize;
    const size = imageSize[0] * imageSize[1] * 3;
    if (!(Number.isInteger(batch) && batch > 0 && pixels.length === batch * size)) {
      throw new HarrierError('bad-shape', 'images and targets do not fit together', {
        where: network.name,
        expected: `${size} pixels and ${network.outputSize} targets per image`,
        received: `${pixels.length} and ${targets.length}`,
      });
    }
    const passes = this.#passes(pixels, targets, batch, step, imageSize);
    const learningRates = typeof rates === 'number' ? this.#inProportion(rates) : rates;
    const results = await this.#state.step(passes, {
      groups: this.#groups.map(({ optimizer }, i) => optimizer.scalars(step + 1, learningRates[i])),
      // The first average is the parameter itself.
      averageFraction: step === 0 ? 1 : exponentialMovingAverageScalars(averageMomentum ?? 0).fraction,
    });
    const total = (output: string, weights: (pass: Pass) => number): number =>
      results.reduce((sum, outputs, i) => sum + (outputs[output].data[0] as number) * weights(passes[i]), 0);
    const loss = total(LOSS, ({ fraction }) => fraction);
    if (!Number.isFinite(loss)) {
      throw new HarrierError('diverged', `the loss became ${loss} at step ${step + 1}`, {
        next: 'Lower the learning rate or clip gradients.',
        options: ['learningRate'],
      });
    }
    return { loss, correct: total(CORRECT, () => 1) };
  }

  /**
   * Spares the gradients of parameters that no step changes any more, because the rate of their group is 0 from here
   * on: it would be multiplied away. What momentum is left in their slots goes on. Without effect where the optimizer
   * is in the graph, and for rules such as Muon's that change parameters at any rate.
   *
   * @param groups places in the optimizer's list of rates
   * @returns whether gradients are spared that were not before
   */
  async settle(groups: readonly number[]): Promise<boolean> {
    if (!this.#state.settle) return false;
    const settled = groups.flatMap((group) => {
      const { optimizer, parameters } = this.#groups[group];
      return optimizer.kernel ? parameters.map(({ name }) => name) : [];
    });
    const trainable = this.#groups.reduce((count, { parameters }) => count + parameters.length, 0);
    if (settled.length === trainable || settled.every((name) => this.#settled.has(name))) return false;
    this.#settled = new Set([...this.#settled, ...settled]);
    this.#state.settle(this.#settled);
    await this.#release(() => false);
    return true;
  }

  /** The batch in parts of `microBatch` images; the last may be smaller. */
  #passes(
    pixels: Uint8Array,
    targets: Float32Array,
    batch: number,
    step: number,
    imageSize: ImageSize,
  ): Pass[] {
    const { network, microBatch = batch, seed } = this.#options;
    const size = imageSize[0] * imageSize[1] * 3;
    const passes: Pass[] = [];
    const counts = new Set<number>();
    for (let start = 0; start < batch; start += microBatch) {
      const count = Math.min(microBatch, batch - start);
      counts.add(count);
      const feeds: Record<string, Tensor> = {
        image: {
          type: 'uint8',
          dims: [count, ...imageSize, 3],
          data: pixels.subarray(start * size, (start + count) * size),
        },
        targets: float32(
          [count, network.outputSize],
          targets.subarray(start * network.outputSize, (start + count) * network.outputSize),
        ),
      };
      passes.push({
        feeds,
        fraction: count / batch,
        executable: async () => {
          const { executable, masks } = await this.#compile(count, imageSize, counts);
          for (const mask of masks) feeds[mask.name] = drawMask(mask, seed, step, start);
          return executable;
        },
      });
    }
    return passes;
  }

  #inProportion(rate: number): number[] {
    const highest = this.#groups.map(({ optimizer }) => highestRate(optimizer.learningRate));
    return highest.map((own, i) => (i === 0 ? rate : highest[0] > 0 ? (own * rate) / highest[0] : own));
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
    const { network } = this.#options;
    const weights = new Map(network.parameters.map((spec) => [spec.name, keras(spec, spec.name)]));
    const slots = new Map<string, Float32Array>();
    for (const { name, spec } of this.#slots()) slots.set(name, keras(spec, name));
    return { weights, slots };
  }

  /** Every slot by its name, in the order of the network's parameters. */
  #slots(): { readonly name: string; readonly spec: ParameterSpec }[] {
    const averaged = this.#options.averageMomentum !== undefined;
    const slots = new Map(
      this.#groups.flatMap((group) => group.parameters.map((spec) => [spec, slotsOf(group, averaged)])),
    );
    return this.network.parameters.flatMap((spec) =>
      (slots.get(spec) ?? []).map((slot) => ({ name: slotName(spec.name, slot), spec })),
    );
  }

  /**
   * Replaces the weights and, where given, the slots.
   * @throws HarrierError `bad-checkpoint` when they belong to another model or optimizer
   */
  write({ weights, slots }: { weights: Weights; slots?: Weights }): void {
    const { network, optimizer } = this.#options;
    checkWeights(network.parameters, weights, network.name);
    const known = this.#slots();
    if (slots) checkSlots(network.name, optimizer, known, slots);
    const arrays = new Map<string, Float32Array>();
    const take = (spec: ParameterSpec, name: string, values: Float32Array | undefined): void => {
      if (!values) return;
      const graph = new Float32Array(values.length);
      toGraphLayout(spec, values, graph);
      arrays.set(name, graph);
    };
    for (const spec of network.parameters) take(spec, spec.name, weights.get(spec.name));
    for (const { name, spec } of known) take(spec, name, slots?.get(name));
    this.#state.write(arrays);
  }

  /** Gives the executables' memory back. The state stays. */
  async dispose(): Promise<void> {
    await this.#release(() => false);
    await this.#state.dispose();
  }

  async #release(stays: (compiled: Compiled) => boolean): Promise<void> {
    const [kept, gone] = [this.#compiled.filter(stays), this.#compiled.filter((each) => !stays(each))];
    if (gone.length === 0) return;
    this.#compiled = kept;
    // What an executable holds of the state goes back first.
    await this.#state.read();
    for (const { executable } of gone) await executable.dispose();
  }

  /** @param counts how many images the passes of the step have: executables for other numbers are not kept */
  async #compile(batch: number, size: ImageSize, counts: ReadonlySet<number>): Promise<Compiled> {
    const fits = (compiled: Compiled) => compiled.size[0] === size[0] && compiled.size[1] === size[1];
    await this.#release((compiled) => fits(compiled) && counts.has(compiled.batch));
    const has = this.#compiled.find((compiled) => compiled.batch === batch);
    if (has) return has;
    const { runtime } = this.#options;
    const { updatesInGraph } = this.#state;
    const { model, masks, carry, state } = this.#built(batch, size) ?? (await this.#build(batch, size));
    const executable = await runtime.compile(model, updatesInGraph ? { carry, state } : {});
    const compiled = { batch, size, executable, masks };
    this.#compiled = [...this.#compiled, compiled];
    return compiled;
  }

  /** The step graph that was given, where it is for so many images of that size. */
  #built(batch: number, [height, width]: ImageSize): StepGraph | undefined {
    const { inputShape } = this.network;
    const given = this.#stepGraph;
    const fits = given?.batch === batch && inputShape[0] === height && inputShape[1] === width;
    if (!fits || this.#state.updatesInGraph || this.#settled.size > 0) return undefined;
    this.#stepGraph = undefined;
    return given;
  }

  async #build(batch: number, imageSize: ImageSize): Promise<StepGraph> {
    const { network, loss, runtime, averageMomentum, microBatch } = this.#options;
    return buildStepGraph(network, {
      batch,
      imageSize,
      target: runtime.target,
      convolutionBlock: await runtime.convolutionBlock?.(),
      loss,
      settled: this.#settled,
      updates: this.#state.updatesInGraph ? this.#groups : undefined,
      average: averageMomentum !== undefined,
      accumulate: microBatch !== undefined,
    });
  }
}

/**
 * The weights that a finished or half-finished training gives: the averages, where they are kept.
 */
export function weightsToUse({ weights, slots }: { weights: Weights; slots: Weights }): Weights {
  return new Map([...weights].map(([name, values]) => [name, slots.get(slotName(name, AVERAGE)) ?? values]));
}

/** Exactly the slots that are kept for a network, or an error. */
function checkSlots(
  where: string,
  optimizer: Optimizer,
  known: readonly { readonly name: string; readonly spec: ParameterSpec }[],
  slots: Weights,
): void {
  const sizes = new Map(known.map(({ name, spec }) => [name, elementCount(spec.shape)]));
  if (slots.size === sizes.size && [...sizes].every(([slot, size]) => slots.get(slot)?.length === size))
    return;
  const kinds = (names: Iterable<string>): string =>
    [...new Set([...names].map((each) => each.slice(each.lastIndexOf('/') + 1)))].join(', ') || 'nothing';
  throw new HarrierError('bad-checkpoint', 'this state belongs to another optimizer', {
    where,
    expected: `${kinds(sizes.keys())} (${optimizer.name})`,
    received: kinds(slots.keys()),
    next: 'Use the optimizer that it was trained with.',
  });
}

/** @param start where its images begin in the batch */
function drawMask({ name, shape, rate }: MaskInput, seed: number, step: number, start: number): Tensor {
  const stream = random(seed, start === 0 ? name : `${name}/${start}`, step);
  const values = new Float32Array(elementCount(shape));
  const kept = 1 / (1 - rate);
  for (let i = 0; i < values.length; i++) values[i] = stream.uniform() < rate ? 0 : kept;
  return float32(shape, values);
}
