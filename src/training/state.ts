import type { Kernel } from '../kernels/index.ts';
import { emitWasm, emitWasmSumOfSquares, kernelArguments } from '../kernels/index.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { elementCount, float32, type Tensor } from '../onnx/index.ts';
import { gradientScale, type Optimizer } from '../optimizers/index.ts';
import type { Executable, KernelRuntime, Tensors } from '../runtime/index.ts';
import { gradientName, nextName, scalarName, slotName } from './step-graph.ts';

/** The numbers that training changes: parameters and the optimizer's slots, in the graph's layout. */
export interface TrainingState {
  /** Whether the step graph must hold the optimizer. */
  readonly optimizerInGraph: boolean;
  /** Runs one step and brings parameters and slots up to date. Nothing changes when the loss is not finite. */
  step(executable: Executable, feeds: Tensors, scalars: Readonly<Record<string, number>>): Promise<Tensors>;
  /** Everything by name: `conv2d/kernel`, `conv2d/kernel/momentum`. */
  read(): Promise<ReadonlyMap<string, Float32Array>>;
  /** Replaces everything that is named. */
  write(arrays: ReadonlyMap<string, Float32Array>): void;
}

/** Start of every array, in floats: one cache line. */
const ALIGNMENT = 16;

/**
 * State in one block of WebAssembly memory. ONNX Runtime reads parameters from it and writes gradients into it, and
 * one fused loop updates all of them at once.
 */
export class KernelState implements TrainingState {
  readonly optimizerInGraph = false;
  readonly #optimizer: Optimizer;
  readonly #arrays = new Map<string, Float32Array>();
  readonly #feeds: Record<string, Tensor> = {};
  readonly #gradients: Record<string, Tensor> = {};
  /** Ranges of parameters with equal settings: those that decay, then those that don't. */
  readonly #ranges: {
    decay: boolean;
    start: number;
    count: number;
    parameters: readonly { start: number; count: number }[];
  }[] = [];
  readonly #frozen: readonly ParameterSpec[];
  /** Distance between the region of one array kind and that of the next, in floats. */
  readonly #region: number;
  readonly #run: (...args: number[]) => number;
  readonly #sumOfSquares: (...args: number[]) => number;

  constructor(parameters: readonly ParameterSpec[], optimizer: Optimizer, runtime: KernelRuntime) {
    this.#optimizer = optimizer;
    const trainable = parameters.filter((spec) => spec.trainable);
    const groups = [trainable.filter((spec) => spec.decay), trainable.filter((spec) => !spec.decay)];
    this.#frozen = parameters.filter((spec) => !spec.trainable);

    let end = 0;
    const starts = new Map<ParameterSpec, number>();
    const place = (spec: ParameterSpec): { start: number; count: number } => {
      const count = elementCount(spec.graphShape);
      const start = end;
      starts.set(spec, start);
      end += Math.ceil(count / ALIGNMENT) * ALIGNMENT;
      return { start, count };
    };
    for (const group of groups) {
      const start = end;
      const placed = group.map(place);
      if (placed.length > 0) {
        this.#ranges.push({ decay: group[0].decay, start, count: end - start, parameters: placed });
      }
    }
    this.#region = end;
    const kinds = optimizer.kernel.arrays.length;
    end = this.#region * kinds;
    for (const spec of this.#frozen) place(spec);

    const memory = runtime.allocate(end * 4);
    const view = (start: number, spec: ParameterSpec): Float32Array =>
      new Float32Array(memory.buffer, start * 4, elementCount(spec.graphShape));
    for (const spec of parameters) {
      const start = starts.get(spec)!;
      const values = view(start, spec);
      this.#arrays.set(spec.name, values);
      this.#feeds[spec.name] = float32(spec.graphShape, values);
      if (!spec.trainable) continue;
      optimizer.kernel.arrays.forEach((array, kind) => {
        if (array === 'parameter') return;
        const other = view(start + kind * this.#region, spec);
        if (array === 'gradient') this.#gradients[gradientName(spec.name)] = float32(spec.graphShape, other);
        else this.#arrays.set(slotName(spec.name, array), other);
      });
    }
    this.#run = memory.instantiate(emitWasm(optimizer.kernel)).run;
    this.#sumOfSquares = memory.instantiate(emitWasmSumOfSquares()).run;
  }

  async step(
    executable: Executable,
    feeds: Tensors,
    scalars: Readonly<Record<string, number>>,
  ): Promise<Tensors> {
    const outputs = await executable.step({ ...this.#feeds, ...feeds }, this.#gradients);
    if (!Number.isFinite(outputs.loss.data[0] as number)) return outputs;
    for (const { name } of this.#frozen) {
      const next = outputs[nextName(name)];
      if (next) this.#arrays.get(name)!.set(next.data as Float32Array);
    }
    this.#update(scalars);
    return outputs;
  }

  #update(scalars: Readonly<Record<string, number>>): void {
    const { kernel, clipping } = this.#optimizer;
    const global = clipping?.by === 'globalNorm' ? this.#scale(clipping.limit, 0, this.#region) : undefined;
    for (const { decay, start, count, parameters } of this.#ranges) {
      const own = decay || !('weightDecay' in scalars) ? { ...scalars } : { ...scalars, weightDecay: 0 };
      if (clipping?.by === 'norm') {
        for (const each of parameters) {
          this.#apply(kernel, each.start, each.count, {
            ...own,
            gradientScale: this.#scale(clipping.limit, each.start, each.count),
          });
        }
      } else
        this.#apply(kernel, start, count, global === undefined ? own : { ...own, gradientScale: global });
    }
  }

  #scale(limit: number, start: number, count: number): number {
    const kind = this.#optimizer.kernel.arrays.indexOf('gradient');
    return gradientScale(this.#sumOfSquares(count, (start + kind * this.#region) * 4), limit);
  }

  #apply(kernel: Kernel, start: number, count: number, scalars: Readonly<Record<string, number>>): void {
    const pointers = Object.fromEntries(
      kernel.arrays.map((array, kind) => [array, (start + kind * this.#region) * 4]),
    );
    this.#run(...kernelArguments(kernel, count, pointers, scalars));
  }

  async read(): Promise<ReadonlyMap<string, Float32Array>> {
    return this.#arrays;
  }

  write(arrays: ReadonlyMap<string, Float32Array>): void {
    for (const [name, values] of arrays) this.#arrays.get(name)?.set(values);
  }
}

/**
 * State that the runtime carries from one step to the next; the optimizer is in the graph, and so is the guard that
 * keeps everything as it was when the loss is not finite.
 */
export class GraphState implements TrainingState {
  readonly optimizerInGraph = true;
  readonly #state = new Map<string, Tensor>();
  /** Inputs of the step graph that the optimizer's scalars become, by scalar. */
  readonly #scalars = new Map<string, { readonly input: string; readonly decay: boolean }[]>();
  /** The executable that holds the state at present, where one does. */
  #holder: Executable | undefined;
  /** What was written since; it goes in with the next step. */
  readonly #written = new Map<string, Tensor>();

  constructor(parameters: readonly ParameterSpec[], optimizer: Optimizer) {
    const decays = new Set<boolean>();
    for (const { name, graphShape, trainable, decay } of parameters) {
      const zeros = () => float32(graphShape, new Float32Array(elementCount(graphShape)));
      this.#state.set(name, zeros());
      if (!trainable) continue;
      for (const slot of optimizer.slots) this.#state.set(slotName(name, slot), zeros());
      decays.add(decay);
    }
    for (const scalar of optimizer.kernel.scalars) {
      if (scalar === 'gradientScale') continue;
      const kinds = scalar === 'weightDecay' ? [...decays] : decays.size > 0 ? [true] : [];
      this.#scalars.set(
        scalar,
        kinds.map((decay) => ({ input: scalarName(scalar, decay), decay })),
      );
    }
  }

  async step(
    executable: Executable,
    feeds: Tensors,
    scalars: Readonly<Record<string, number>>,
  ): Promise<Tensors> {
    if (executable !== this.#holder || this.#written.size > 0) {
      await this.#collect();
      executable.writeState(Object.fromEntries(this.#state));
      this.#holder = executable;
    }
    const given: Record<string, Tensor> = { ...feeds };
    for (const [scalar, inputs] of this.#scalars) {
      for (const { input, decay } of inputs) given[input] = float32([], [decay ? scalars[scalar] : 0]);
    }
    return executable.step(given);
  }

  async read(): Promise<ReadonlyMap<string, Float32Array>> {
    await this.#collect();
    return new Map([...this.#state].map(([name, { data }]) => [name, data as Float32Array]));
  }

  write(arrays: ReadonlyMap<string, Float32Array>): void {
    for (const [name, values] of arrays) {
      const known = this.#state.get(name);
      if (known) this.#written.set(name, float32(known.dims, Float32Array.from(values)));
    }
  }

  /** Takes the state back from the executable that holds it, which may be disposed of afterwards. */
  async #collect(): Promise<void> {
    const held = await this.#holder?.readState();
    this.#holder = undefined;
    for (const [name, tensor] of Object.entries(held ?? {})) this.#state.set(name, tensor);
    for (const [name, tensor] of this.#written) this.#state.set(name, tensor);
    this.#written.clear();
  }
}
