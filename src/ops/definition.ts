import { HarrierError } from '../errors.ts';
import {
  type Attributes,
  type BuiltNode,
  type Dimension,
  formatShape,
  type GraphBuilder,
  numbersOf,
  qualifiedName,
  type Shape,
  type Value,
  type ValueType,
} from '../onnx/index.ts';

/** The definition of an ONNX op: types of its outputs, and its gradient. */
export interface OpDefinition {
  /** Name of the op, such as `Conv`. */
  readonly opType: string;
  /** The empty string (ONNX's own), `com.microsoft`, or `harrier` for composites that `lower` replaces. */
  readonly domain: string;
  /** Infers types and shapes of the outputs. */
  readonly infer: InferRule;
  /** Its gradient rule, or why it has none. */
  readonly derivative: Derivative;
}

export type InferRule = (node: InferContext) => ValueType[];

/**
 * A gradient rule; `zero` for a step function or a constant, whose gradient is zero wherever it exists; or the reason
 * why there is no gradient.
 */
export type Derivative = GradientRule | 'zero' | { readonly none: string };

/**
 * Returns the gradient of the loss for every input that needs one, from the gradients of the outputs. A rule knows no
 * target, adds up no gradients and sums over no broadcast axes: `differentiate` does both, so a gradient may have the
 * shape that its input was broadcast to.
 */
export type GradientRule = (node: GradientContext) => (Value | undefined)[];

/** A node as its inference rule sees it. */
export class InferContext {
  readonly #node: Omit<BuiltNode, 'outputs'>;
  /** Number of outputs that the node has. */
  readonly outputCount: number;

  constructor(node: Omit<BuiltNode, 'outputs'>, outputCount: number) {
    this.#node = node;
    this.outputCount = outputCount;
  }

  /** Attributes of the node, by name. */
  get attributes(): Attributes {
    return this.#node.attributes;
  }
  /** Number of inputs, left-out ones included. */
  get inputCount(): number {
    return this.#node.inputs.length;
  }
  /** Whether input i is given. */
  has(i: number): boolean {
    return this.#node.inputs[i] !== undefined;
  }
  /** Input i. @throws HarrierError `bad-shape` when it is left out */
  input(i: number): Value {
    const value = this.#node.inputs[i];
    if (!value) return this.fail(`input ${i} is missing`);
    return value;
  }
  /** Shape of input i; sizes are numbers or names of symbolic dimensions. */
  shape(i: number): Shape {
    return this.input(i).shape;
  }
  /** Number of axes of input i. */
  rank(i: number): number {
    return this.input(i).shape.length;
  }
  /** An axis counted from either end, as one from the front. */
  axis(axis: number, rank = this.rank(0)): number {
    const positive = axis < 0 ? axis + rank : axis;
    if (positive < 0 || positive >= rank) this.fail(`axis ${axis} of a value of rank ${rank}`);
    return positive;
  }
  /** The contents of an input that must be known, such as the axes of a reduction. */
  constant(i: number): number[] {
    return knownNumbers(this.input(i)) ?? this.fail(`input ${i} (${this.input(i).name}) must be a constant`);
  }
  /** The contents of an input that must be known, such as the shape of a Reshape; some may be symbolic. */
  dimensions(i: number): readonly Dimension[] {
    const value = this.input(i);
    return knownElements(value) ?? this.fail(`input ${i} (${value.name}) must be a constant`);
  }
  /** Runs a part of a rule that does not know the node: what goes wrong there gets the node's name. */
  named<T>(run: () => T): T {
    try {
      return run();
    } catch (cause) {
      if (!(cause instanceof HarrierError) || cause.details.where !== undefined) throw cause;
      throw new HarrierError(cause.code, cause.summary, { ...cause.details, where: this.#where, cause });
    }
  }
  get #where(): string {
    const { opType, domain, name } = this.#node;
    return `${qualifiedName(opType, domain)} "${name}"`;
  }
  /** Throws an error that names the op, the node and the shapes of its inputs. @throws HarrierError `bad-shape` */
  fail(problem: string): never {
    const { inputs } = this.#node;
    throw new HarrierError('bad-shape', problem, {
      where: this.#where,
      received: inputs.map((value) => (value ? formatShape(value.shape) : 'none')).join(', ') || 'no inputs',
    });
  }
}

/** A node as its gradient rule sees it: by position, never by name. */
export class GradientContext {
  /** The builder that takes the nodes of the gradient. */
  readonly graph: GraphBuilder;
  readonly #node: BuiltNode;
  readonly #gradients: readonly (Value | undefined)[];
  readonly #needs: readonly boolean[];

  constructor(
    graph: GraphBuilder,
    node: BuiltNode,
    gradients: readonly (Value | undefined)[],
    needs: readonly boolean[],
  ) {
    this.graph = graph;
    this.#node = node;
    this.#gradients = gradients;
    this.#needs = needs;
  }

  /** Attributes of the forward node, by name. */
  get attributes(): Attributes {
    return this.#node.attributes;
  }
  /** Number of forward inputs, left-out ones included. */
  get inputCount(): number {
    return this.#node.inputs.length;
  }
  /** Number of forward outputs. */
  get outputCount(): number {
    return this.#node.outputs.length;
  }
  /** Forward input i. */
  x(i = 0): Value {
    return this.#node.inputs[i]!;
  }
  /** Whether input i is given. */
  has(i: number): boolean {
    return this.#node.inputs[i] !== undefined;
  }
  /** The contents of input i, which must be known; undefined where it is left out. */
  constant(i: number): number[] | undefined {
    const value = this.#node.inputs[i];
    if (!value) return undefined;
    return knownNumbers(value) ?? this.unsupported(`input ${i} is not constant`);
  }
  /** Forward output i. */
  y(i = 0): Value {
    return this.#node.outputs[i];
  }
  /** Gradient of the loss for output i. */
  dy(i = 0): Value {
    return this.#gradients[i] ?? this.unsupported(`no gradient reaches output ${i}`);
  }
  /** Whether the loss depends on output i. */
  hasDy(i: number): boolean {
    return this.#gradients[i] !== undefined;
  }
  /** Whether anybody asks for the gradient of input i. */
  needs(i: number): boolean {
    return this.#needs[i] ?? false;
  }
  /** Refuses a use that the rule does not cover. @throws HarrierError `not-supported` */
  unsupported(problem: string): never {
    const { opType, domain, name } = this.#node;
    throw new HarrierError('not-supported', `${problem}, so this cannot be trained through`, {
      where: `${qualifiedName(opType, domain)} "${name}"`,
    });
  }
}

/** The elements of a value as far as they are known: of a constant, or of what follows from shapes. */
export function knownElements({ constant, elements }: Value): readonly Dimension[] | undefined {
  return constant ? numbersOf(constant) : elements;
}

export function knownNumbers(value: Value): number[] | undefined {
  const elements = knownElements(value);
  return elements?.every((each) => typeof each === 'number') ? (elements.slice() as number[]) : undefined;
}

export function define(opType: string, infer: InferRule, derivative: Derivative, domain = ''): OpDefinition {
  return { opType, domain, infer, derivative };
}

/** A shape without free dimensions. */
export function fixedDims(value: Value): number[] {
  return value.shape.map((size) => {
    if (typeof size === 'number') return size;
    throw new HarrierError('bad-shape', 'differentiation needs fixed sizes', {
      where: value.name,
      received: formatShape(value.shape),
      next: 'Build the graph with a number for the batch size.',
    });
  });
}
