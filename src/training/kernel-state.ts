import {
  defineKernel,
  emitWasm,
  emitWasmSumOfSquares,
  type Kernel,
  kernelArguments,
} from '../kernels/index.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { elementCount, float32, type Tensor } from '../onnx/index.ts';
import { exponentialMovingAverage, gradientScale, type ParameterGroup } from '../optimizers/index.ts';
import type { Executable, KernelMemory, KernelRuntime, Runtime, Tensors } from '../runtime/index.ts';
import { isFiniteLoss, type Pass, type StateOptions, type StepScalars, type TrainingState } from './state.ts';
import {
  AVERAGE,
  buildUpdateGraph,
  decays,
  gradientName,
  nextName,
  scalarName,
  slotName,
} from './updates.ts';

/** Start of every array, in floats: one cache line. */
const ALIGNMENT = 16;

/** Adds a part's gradient, weighted by its fraction of the batch. */
const accumulation = defineKernel('accumulation', {
  arrays: ['gradient', 'part'],
  scalars: ['fraction'],
  updates: ({ gradient, part }, { fraction }) => ({ gradient: gradient.plus(part.times(fraction)) }),
});

interface Range {
  readonly start: number;
  readonly count: number;
}

/** A group's arrays: one region of memory for each kind, in which its parameters have the same places. */
interface Section {
  readonly group: ParameterGroup<ParameterSpec>;
  readonly index: number;
  /** In floats. */
  readonly start: number;
  readonly size: number;
  /** `parameter`, `gradient`, the slots, `average`, `part`: which region is which. */
  readonly kinds: readonly string[];
  /** Ranges of parameters with equal settings: those that decay, then those that don't. */
  readonly ranges: readonly (Range & { readonly decay: boolean; readonly parameters: readonly Range[] })[];
  readonly run: ((...args: number[]) => number) | undefined;
}

/**
 * State in one block of WebAssembly memory. ONNX Runtime reads parameters from it and writes gradients into it, and
 * fused loops update all of them at once; rules that are no loops (Muon's) run as a small graph of their own.
 */
export class KernelState implements TrainingState {
  readonly updatesInGraph = false;
  readonly #runtime: Runtime;
  readonly #groups: readonly ParameterGroup<ParameterSpec>[];
  readonly #options: StateOptions;
  readonly #sections: Section[] = [];
  readonly #arrays = new Map<string, Float32Array>();
  readonly #feeds: Record<string, Tensor> = {};
  readonly #gradients: Record<string, Tensor> = {};
  /** Where a pass writes its gradients when there are several. */
  readonly #parts: Record<string, Tensor> = {};
  readonly #frozen: readonly ParameterSpec[];
  readonly #sumOfSquares: (...args: number[]) => number;
  readonly #accumulate: (...args: number[]) => number;
  readonly #average: (...args: number[]) => number;
  #updates: Executable | undefined;

  constructor(
    parameters: readonly ParameterSpec[],
    groups: readonly ParameterGroup<ParameterSpec>[],
    runtime: Runtime & { readonly kernels: KernelRuntime },
    options: StateOptions,
  ) {
    this.#runtime = runtime;
    this.#groups = groups;
    this.#options = options;
    this.#frozen = parameters.filter((spec) => !spec.trainable);

    let end = 0;
    const place = ({ graphShape }: ParameterSpec): Range => {
      const start = end;
      const count = elementCount(graphShape);
      end += Math.ceil(count / ALIGNMENT) * ALIGNMENT;
      return { start, count };
    };
    const plans = groups.map((group, index) => {
      const start = end;
      const places = new Map<ParameterSpec, Range>();
      const ranges = [true, false].flatMap((decay) => {
        const own = group.parameters.filter((spec) => decays(group, spec) === decay);
        if (own.length === 0) return [];
        const first = end;
        const placed = own.map(place);
        own.forEach((spec, i) => {
          places.set(spec, placed[i]);
        });
        return [{ decay, start: first, count: end - first, parameters: placed }];
      });
      const size = end - start;
      const kinds = [
        'parameter',
        'gradient',
        ...group.optimizer.slots,
        ...(options.average ? [AVERAGE] : []),
        ...(options.accumulate ? ['part'] : []),
      ];
      end = start + size * kinds.length;
      return { group, index, start, size, kinds, ranges, places };
    });
    const frozen = this.#frozen.map((spec) => ({ spec, place: place(spec) }));

    const memory = runtime.kernels.allocate(end * 4);
    const view = ({ start, count }: Range, offset = 0): Float32Array =>
      new Float32Array(memory.buffer, (start + offset) * 4, count);
    for (const { places, kinds, size, ...plan } of plans) {
      const { kernel } = plan.group.optimizer;
      this.#sections.push({ ...plan, kinds, size, run: kernel && compiled(memory, kernel) });
      for (const [{ name, graphShape }, at] of places) {
        kinds.forEach((kind, i) => {
          const values = view(at, i * size);
          const tensor = float32(graphShape, values);
          if (kind === 'gradient') this.#gradients[gradientName(name)] = tensor;
          else if (kind === 'part') this.#parts[gradientName(name)] = tensor;
          else if (kind === 'parameter') {
            this.#arrays.set(name, values);
            this.#feeds[name] = tensor;
          } else this.#arrays.set(slotName(name, kind), values);
        });
      }
    }
    for (const { spec, place } of frozen) {
      this.#arrays.set(spec.name, view(place));
      this.#feeds[spec.name] = float32(spec.graphShape, view(place));
    }
    this.#sumOfSquares = memory.instantiate(emitWasmSumOfSquares()).run;
    this.#accumulate = compiled(memory, accumulation);
    this.#average = compiled(memory, exponentialMovingAverage);
  }

  async step(passes: readonly Pass[], scalars: StepScalars): Promise<Tensors[]> {
    const single = passes.length === 1;
    const before = single ? undefined : this.#frozen.map(({ name }) => this.#arrays.get(name)!.slice());
    if (!single) for (const { data } of Object.values(this.#gradients)) (data as Float32Array).fill(0);
    const results: Tensors[] = [];
    for (const { feeds, fraction, executable } of passes) {
      const into = single ? this.#gradients : this.#parts;
      const outputs = await (await executable()).step({ ...this.#feeds, ...feeds }, into);
      results.push(outputs);
      if (!isFiniteLoss(outputs)) {
        this.#frozen.forEach(({ name }, i) => {
          if (before) this.#arrays.get(name)!.set(before[i]);
        });
        return results;
      }
      for (const { name } of this.#frozen) {
        const next = outputs[nextName(name)];
        if (next) this.#arrays.get(name)!.set(next.data as Float32Array);
      }
      if (!single) this.#addPart(fraction);
    }
    await this.#update(scalars);
    return results;
  }

  #addPart(fraction: number): void {
    for (const section of this.#sections) {
      const [gradient, part] = ['gradient', 'part'].map((kind) => pointer(section, kind));
      this.#accumulate(...kernelArguments(accumulation, section.size, { gradient, part }, { fraction }));
    }
  }

  async #update({ groups, averageFraction }: StepScalars): Promise<void> {
    const inGraph = this.#sections.filter(({ run, size }) => !run && size > 0);
    if (inGraph.length > 0) await this.#updateInGraph(groups);
    for (const section of this.#sections) {
      if (section.run) this.#updateByLoop(section, section.run, groups[section.index]);
      if (!this.#options.average || section.size === 0) continue;
      const [average, parameter] = [AVERAGE, 'parameter'].map((kind) => pointer(section, kind));
      const values = { fraction: averageFraction };
      this.#average(
        ...kernelArguments(exponentialMovingAverage, section.size, { average, parameter }, values),
      );
    }
  }

  #updateByLoop(
    section: Section,
    run: NonNullable<Section['run']>,
    scalars: Readonly<Record<string, number>>,
  ): void {
    const { kernel, clipping } = section.group.optimizer;
    const scale = ({ start, count }: Range): number =>
      gradientScale(this.#sumOfSquares(count, pointer(section, 'gradient', start)), clipping!.limit);
    const apply = ({ start, count }: Range, own: Readonly<Record<string, number>>): void => {
      const pointers = Object.fromEntries(
        kernel!.arrays.map((array) => [array, pointer(section, array, start)]),
      );
      run(...kernelArguments(kernel!, count, pointers, own));
    };
    const whole = { start: section.start, count: section.size };
    const global: Record<string, number> =
      clipping?.by === 'globalNorm' && section.size > 0 ? { gradientScale: scale(whole) } : {};
    for (const range of section.ranges) {
      const own = range.decay || !('weightDecay' in scalars) ? scalars : { ...scalars, weightDecay: 0 };
      if (clipping?.by !== 'norm') apply(range, { ...own, ...global });
      else for (const each of range.parameters) apply(each, { ...own, gradientScale: scale(each) });
    }
  }

  async #updateInGraph(scalars: StepScalars['groups']): Promise<void> {
    const groups = this.#groups.map((group) =>
      group.optimizer.kernel ? { ...group, parameters: [] } : group,
    );
    this.#updates ??= await this.#runtime.compile(buildUpdateGraph(groups, this.#runtime.target));
    const feeds: Record<string, Tensor> = {};
    groups.forEach((group, index) => {
      const { optimizer, parameters } = group;
      for (const spec of parameters) {
        const { name, graphShape } = spec;
        feeds[name] = this.#feeds[name];
        feeds[gradientName(name)] = this.#gradients[gradientName(name)];
        for (const slot of optimizer.slots) {
          feeds[slotName(name, slot)] = float32(graphShape, this.#arrays.get(slotName(name, slot))!);
        }
        for (const scalar of optimizer.scalarNames) {
          const decay = scalar !== 'weightDecay' || decays(group, spec);
          feeds[scalarName(index, scalar, decay)] = float32([], [decay ? scalars[index][scalar] : 0]);
        }
      }
    });
    for (const [output, { data }] of Object.entries(await this.#updates.step(feeds))) {
      this.#arrays.get(output.slice(nextName('').length))!.set(data as Float32Array);
    }
  }

  settle(parameters: ReadonlySet<string>): void {
    for (const name of parameters) {
      for (const gradients of [this.#gradients, this.#parts]) {
        (gradients[gradientName(name)]?.data as Float32Array | undefined)?.fill(0);
        delete gradients[gradientName(name)];
      }
    }
  }

  async read(): Promise<ReadonlyMap<string, Float32Array>> {
    return this.#arrays;
  }

  write(arrays: ReadonlyMap<string, Float32Array>): void {
    for (const [name, values] of arrays) this.#arrays.get(name)?.set(values);
  }

  async dispose(): Promise<void> {
    await this.#updates?.dispose();
    this.#updates = undefined;
  }
}

function compiled(memory: KernelMemory, kernel: Kernel): (...args: number[]) => number {
  return memory.instantiate(emitWasm(kernel)).run;
}

/** Where one kind of a section's arrays begins, in bytes: at the place of a parameter, or at the first. */
function pointer({ start, size, kinds }: Section, kind: string, at = start): number {
  return (at + kinds.indexOf(kind) * size) * 4;
}
