import { HarrierError, unknownName } from '../errors.ts';
import { arrayElement, type Expression, type Operation, scalar } from './expression.ts';

/** One step of a kernel: something read, or an operation on the results of earlier steps (by index). */
export type Step =
  | { readonly kind: 'array'; readonly name: string }
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'operation'; readonly operation: Operation; readonly operands: readonly number[] };

/** An array that a kernel writes, and the step whose result becomes its new contents. */
export interface Update {
  readonly array: string;
  readonly step: number;
}

/**
 * An elementwise computation over float32 arrays of one length: new contents for some of them, from the old contents
 * of all. Every old element is read before its new value is written. Written once, it is emitted as ONNX ops by
 * `emitOnnx` and as a WebAssembly SIMD loop by `emitWasm`, with the same arithmetic in the same order.
 */
export interface Kernel {
  /** Name in error messages. */
  readonly name: string;
  /** In the order of the WebAssembly function's pointers. */
  readonly arrays: readonly string[];
  /** In the order of the WebAssembly function's scalars. */
  readonly scalars: readonly string[];
  /** Each different sub-expression once, operands before what uses them. */
  readonly steps: readonly Step[];
  /** New contents of the arrays that change, by name. */
  readonly updates: readonly Update[];
}

/** An elementwise rule: its arrays, its scalars and the new contents of some of the arrays. */
export interface KernelDefinition<A extends string, S extends string> {
  /** Names of the arrays, all of one length. */
  readonly arrays: readonly A[];
  /** Names of the numbers that are the same for all elements. */
  readonly scalars?: readonly S[];
  /** New contents by array, from the old. */
  readonly updates: (
    arrays: Readonly<Record<A, Expression>>,
    scalars: Readonly<Record<S, Expression>>,
  ) => Partial<Record<A, Expression>>;
}

/**
 * Defines a kernel by its expressions; equal sub-expressions, wherever they are written, are computed once.
 *
 * @example
 * const step = defineKernel('SGD', {
 *   arrays: ['parameter', 'gradient'],
 *   scalars: ['learningRate'],
 *   updates: ({ parameter, gradient }, { learningRate }) => ({
 *     parameter: parameter.minus(gradient.times(learningRate)),
 *   }),
 * });
 *
 * @throws HarrierError `bad-option` when a name is used twice, an update or expression names what the kernel does not
 *   have, or nothing is updated
 */
export function defineKernel<A extends string, S extends string = never>(
  name: string,
  { arrays, scalars = [], updates }: KernelDefinition<A, S>,
): Kernel {
  const names = [...arrays, ...scalars];
  const twice = names.find((each, i) => names.indexOf(each) !== i);
  if (twice !== undefined) {
    throw new HarrierError('bad-option', `two arrays or scalars are called "${twice}"`, {
      where: `kernel ${name}`,
    });
  }
  const expressions = updates(
    Object.fromEntries(arrays.map((each) => [each, arrayElement(each)])) as Record<A, Expression>,
    Object.fromEntries(scalars.map((each) => [each, scalar(each)])) as Record<S, Expression>,
  );

  const steps: Step[] = [];
  const indexes = new Map<string, number>();
  const stepOf = ({ content }: Expression): number => {
    let step: Step;
    if (content.kind === 'operation') {
      step = { kind: 'operation', operation: content.operation, operands: content.operands.map(stepOf) };
    } else {
      step = content;
      if (content.kind !== 'constant') {
        const known: readonly string[] = content.kind === 'array' ? arrays : scalars;
        if (!known.includes(content.name)) {
          throw unknownName(`${content.kind} in kernel ${name}`, content.name, known);
        }
      }
    }
    // JSON writes -0 as 0 and has no infinities.
    const key =
      step.kind === 'constant' ? `${Object.is(step.value, -0) ? '-0' : step.value}` : JSON.stringify(step);
    let index = indexes.get(key);
    if (index === undefined) {
      index = steps.push(step) - 1;
      indexes.set(key, index);
    }
    return index;
  };
  const written = Object.entries(expressions).map(([array, expression]): Update => {
    if (!(arrays as readonly string[]).includes(array)) {
      throw unknownName(`array in kernel ${name}`, array, arrays);
    }
    return { array, step: stepOf(expression as Expression) };
  });
  if (written.length === 0) {
    throw new HarrierError('bad-option', 'no array is updated', { where: `kernel ${name}` });
  }
  return { name, arrays, scalars, steps, updates: written };
}

/**
 * The arguments of a kernel's WebAssembly function, in its order.
 *
 * @param count number of elements
 * @param pointers where each array begins in memory, in bytes
 * @param scalars each scalar's value
 * @throws HarrierError `bad-option` when an array or scalar is missing
 */
export function kernelArguments(
  kernel: Kernel,
  count: number,
  pointers: Readonly<Record<string, number>>,
  scalars: Readonly<Record<string, number>> = {},
): number[] {
  return [
    count,
    ...kernel.arrays.map((name) => given(kernel, 'array', name, pointers)),
    ...kernel.scalars.map((name) => given(kernel, 'scalar', name, scalars)),
  ];
}

/** The value that a caller gave for one of a kernel's names. */
export function given<T>(
  kernel: Kernel,
  kind: 'array' | 'scalar',
  name: string,
  values: Readonly<Record<string, T>>,
): T {
  if (!Object.hasOwn(values, name)) {
    throw new HarrierError('bad-option', `the ${kind} "${name}" is missing`, {
      where: `kernel ${kernel.name}`,
      next: `It needs ${[...kernel.arrays, ...kernel.scalars].join(', ')}.`,
    });
  }
  return values[name];
}
