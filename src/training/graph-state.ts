import type { ParameterSpec } from '../layers/index.ts';
import { elementCount, float32, type Tensor } from '../onnx/index.ts';
import type { ParameterGroup } from '../optimizers/index.ts';
import type { Executable, Tensors } from '../runtime/index.ts';
import { isFiniteLoss, type Pass, type StateOptions, type StepScalars, type TrainingState } from './state.ts';
import { AVERAGE_FRACTION, decays, PASS, scalarName, slotName, slotsOf } from './updates.ts';

/**
 * State that the runtime carries from one step to the next; the optimizer is in the graph, and so is the guard that
 * keeps everything as it was when the loss is not finite.
 */
export class GraphState implements TrainingState {
  readonly updatesInGraph = true;
  readonly #average: boolean;
  readonly #accumulate: boolean;
  readonly #state = new Map<string, Tensor>();
  /** Inputs of the step graph that the optimizers' scalars become. */
  readonly #scalars: {
    readonly input: string;
    readonly group: number;
    readonly scalar: string;
    readonly decay: boolean;
  }[] = [];
  /** The executable that holds the state at present, where one does. */
  #holder: Executable | undefined;
  /** What was written since; it goes in with the next step. */
  readonly #written = new Map<string, Tensor>();

  constructor(
    parameters: readonly ParameterSpec[],
    groups: readonly ParameterGroup<ParameterSpec>[],
    { average, accumulate }: StateOptions,
  ) {
    this.#average = average;
    this.#accumulate = accumulate;
    const zeros = ({ graphShape }: ParameterSpec) =>
      float32(graphShape, new Float32Array(elementCount(graphShape)));
    for (const spec of parameters) this.#state.set(spec.name, zeros(spec));
    groups.forEach((group, index) => {
      const { optimizer, parameters: own } = group;
      for (const spec of own) {
        for (const slot of slotsOf(group, average)) this.#state.set(slotName(spec.name, slot), zeros(spec));
      }
      for (const scalar of optimizer.scalarNames) {
        if (scalar === 'gradientScale') continue;
        const kinds = own.map((spec) => scalar !== 'weightDecay' || decays(group, spec));
        for (const decay of new Set(kinds)) {
          this.#scalars.push({ input: scalarName(index, scalar, decay), group: index, scalar, decay });
        }
      }
    });
  }

  async step(passes: readonly Pass[], scalars: StepScalars): Promise<Tensors[]> {
    const updates: Record<string, Tensor> = {};
    for (const { input, group, scalar, decay } of this.#scalars) {
      updates[input] = float32([], [decay ? scalars.groups[group][scalar] : 0]);
    }
    if (this.#average) updates[AVERAGE_FRACTION] = float32([], [scalars.averageFraction]);
    const results: Tensors[] = [];
    for (const [i, pass] of passes.entries()) {
      const executable = await this.#holding(pass);
      const place: Record<string, Tensor> = this.#accumulate
        ? {
            [PASS.first]: bool(i === 0),
            [PASS.last]: bool(i === passes.length - 1),
            [PASS.fraction]: float32([], [pass.fraction]),
          }
        : {};
      const outputs = await executable.step({ ...pass.feeds, ...updates, ...place });
      results.push(outputs);
      if (!isFiniteLoss(outputs)) break;
    }
    return results;
  }

  /** What runs a pass, with the state in it. */
  async #holding(pass: Pass): Promise<Executable> {
    const executable = await pass.executable();
    if (executable !== this.#holder || this.#written.size > 0) {
      await this.#collect();
      executable.writeState(Object.fromEntries(this.#state));
      this.#holder = executable;
    }
    return executable;
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

  async dispose(): Promise<void> {
    await this.#collect();
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

function bool(value: boolean): Tensor {
  return { type: 'bool', dims: [], data: Uint8Array.of(Number(value)) };
}
