import type { Operation } from './expression.ts';
import type { Kernel } from './kernel.ts';
import { FLOAT_OPCODES, FunctionBody, wasmModule } from './wasm-encoder.ts';

/**
 * What a kernel's module exports as `run`: number of elements, where each array begins in memory (bytes, a multiple
 * of 4), each scalar. The order is that of `Kernel.arrays` and `Kernel.scalars`: see `kernelArguments`.
 */
export type RunKernel = (count: number, ...pointersAndScalars: number[]) => void;

const INSTRUCTIONS: Readonly<Record<Operation, keyof typeof FLOAT_OPCODES>> = {
  add: 'f32x4Add',
  subtract: 'f32x4Subtract',
  multiply: 'f32x4Multiply',
  divide: 'f32x4Divide',
  minimum: 'f32x4Minimum',
  maximum: 'f32x4Maximum',
  negate: 'f32x4Negate',
  absolute: 'f32x4Absolute',
  squareRoot: 'f32x4SquareRoot',
};

/** Vectors of four elements to a turn of the loop. */
const UNROLLED = 4;

/**
 * A kernel as a WebAssembly module (SIMD, a few hundred bytes). It imports `env.memory`, of any size, and exports
 * `run`, a {@link RunKernel}: a loop over 16 elements a turn, then over the rest one at a time, with the same vector
 * instructions, so that an element's result does not depend on where in the array it stands. Arrays may lie anywhere
 * in the memory; two may be the same, but must not overlap otherwise. What ends outside the memory traps.
 */
export function emitWasm(kernel: Kernel): Uint8Array<ArrayBuffer> {
  const { arrays, scalars, steps, updates } = kernel;
  const body = new FunctionBody([
    'i32',
    ...arrays.map(() => 'i32' as const),
    ...scalars.map(() => 'f32' as const),
  ]);
  const count = 0;
  const pointerOf = (array: string): number => 1 + arrays.indexOf(array);
  const scalarOf = (name: string): number => 1 + arrays.length + scalars.indexOf(name);

  // What is the same for all elements is computed before the loops.
  const held = new Map<number, number>();
  const varies: boolean[] = [];
  for (const [index, step] of steps.entries()) {
    varies.push(
      step.kind === 'array' ||
        (step.kind === 'operation' && step.operands.some((operand) => varies[operand])),
    );
    if (varies[index]) continue;
    if (step.kind === 'constant') body.float(FLOAT_OPCODES.constant, ...fourTimes(step.value));
    else if (step.kind === 'scalar') {
      body.get(scalarOf(step.name));
      body.float(FLOAT_OPCODES.f32x4Splat);
    } else if (step.kind === 'operation') {
      for (const operand of step.operands) body.get(held.get(operand)!);
      body.float(FLOAT_OPCODES[INSTRUCTIONS[step.operation]]);
    }
    held.set(index, body.local('v128'));
    body.set(held.get(index)!);
  }

  const uses = steps.map(() => 0);
  for (const { step } of updates) uses[step]++;
  for (const step of steps)
    if (step.kind === 'operation') for (const operand of step.operands) uses[operand]++;
  const shared = new Map<number, number>();
  for (const [index] of steps.entries()) {
    if (varies[index] && uses[index] > 1) shared.set(index, body.local('v128'));
  }
  const results = updates.map(({ step }) => held.get(step) ?? shared.get(step) ?? body.local('v128'));

  /** One vector's worth, `offset` bytes on from the pointers. */
  const elements = (offset: number, load: 'load' | 'load32Zero', store: 'store' | 'store32Lane'): void => {
    const done = new Map(held);
    const push = (index: number): void => {
      const local = done.get(index);
      if (local !== undefined) {
        body.get(local);
        return;
      }
      const step = steps[index];
      if (step.kind === 'array') {
        body.get(pointerOf(step.name));
        body.memory(load, offset);
      } else if (step.kind === 'operation') {
        step.operands.forEach(push);
        body.float(FLOAT_OPCODES[INSTRUCTIONS[step.operation]]);
      }
      const keep = shared.get(index);
      if (keep === undefined) return;
      body.tee(keep);
      done.set(index, keep);
    };
    for (const [i, { step }] of updates.entries()) {
      if (done.get(step) === results[i]) continue;
      push(step);
      body.set(results[i]);
    }
    for (const [i, { array }] of updates.entries()) {
      body.get(pointerOf(array));
      body.get(results[i]);
      body.memory(store, offset);
    }
  };
  const advance = (bytes: number): void => {
    for (const array of arrays) body.advance(pointerOf(array), bytes);
  };

  const turns = body.local('i32');
  body.get(count);
  body.i32(Math.log2(UNROLLED * 4));
  body.op('i32ShiftRight');
  body.set(turns);
  body.repeat(turns, () => {
    for (let vector = 0; vector < UNROLLED; vector++) elements(vector * 16, 'load', 'store');
    advance(UNROLLED * 16);
  });
  body.get(count);
  body.i32(UNROLLED * 4 - 1);
  body.op('i32And');
  body.set(turns);
  body.repeat(turns, () => {
    elements(0, 'load32Zero', 'store32Lane');
    advance(4);
  });
  return wasmModule(body);
}

/** The bytes of a vector of four times the same float32. */
function fourTimes(value: number): number[] {
  const bytes = new Uint8Array(Float32Array.of(value, value, value, value).buffer);
  return [...bytes];
}
