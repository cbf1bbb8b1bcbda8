import type { Graph } from '../onnx/index.ts';
import { type Affine, affineOf, type Range } from './integers.ts';
import { readersOf, type Unit, unitsOf } from './units.ts';

/** What is computed in integers, and of which values integers are made. */
export interface IntegerPlan {
  readonly units: ReadonlyMap<string, Unit>;
  /** Names of the values that need a range. */
  readonly ranged: readonly string[];
  /** Values that have the integers of another: what only moves. */
  readonly same: ReadonlyMap<string, string>;
}

/**
 * Decides what is computed in integers: every linear op but the given ones, and between them the ops that take integers
 * and whose integers are read. Others stay in floats, as integers would only be made for them.
 *
 * @param floats names of linear ops that stay in floats
 */
export function planIntegers(graph: Graph, floats: ReadonlySet<string> = new Set()): IntegerPlan {
  const all = unitsOf(graph);
  const readers = readersOf(graph);
  const units = new Map([...all].filter(([name]) => !floats.has(name)));
  const inputNames = () => new Set([...units.values()].flatMap(({ inputs }) => inputs));
  for (let changed = true; changed; ) {
    changed = false;
    const made = new Map([...units.values()].map((unit) => [unit.output, unit]));
    for (const [name, unit] of units) {
      if (unit.kind === 'linear') continue;
      const isFed = unit.inputs.every((input) => made.has(input));
      // What moves small integers is faster; a product of matrices makes floats as well, if nothing wants integers.
      const mustBeRead = unit.kind === 'join' || isProduct(made.get(unit.inputs[0]));
      const isRead = !mustBeRead || isReadByUnits(unit, units, readers);
      if (isFed && isRead) continue;
      units.delete(name);
      changed = true;
    }
  }
  const read = inputNames();
  const same = new Map<string, string>();
  const ranged = new Set<string>();
  for (const unit of units.values()) {
    const { kind, inputs, output } = unit;
    if (kind === 'passing') same.set(output, inputs[0]);
    else {
      for (const input of inputs) ranged.add(input);
      // Products of matrices can leave the integers by themselves; other kernels cannot.
      if (read.has(output) || !isProduct(unit)) ranged.add(output);
    }
  }
  for (const name of same.keys()) ranged.delete(name);
  return { units, ranged: [...ranged], same };
}

function isProduct(unit: Unit | undefined): boolean {
  return unit?.node.opType === 'Gemm' || unit?.node.opType === 'MatMul';
}

function isReadByUnits(
  { output }: Unit,
  units: ReadonlyMap<string, Unit>,
  readers: ReturnType<typeof readersOf>,
): boolean {
  return (readers.get(output) ?? []).every((node) => node !== undefined && units.has(node.outputs[0]));
}

/** The integers of all values of a plan. */
export function affinesOf(
  { ranged, same }: IntegerPlan,
  range: (name: string) => Range,
): Map<string, Affine> {
  const affines = new Map(ranged.map((name) => [name, affineOf(range(name))]));
  const resolve = (name: string): Affine => affines.get(name) ?? resolve(same.get(name)!);
  for (const name of same.keys()) affines.set(name, resolve(name));
  return affines;
}
