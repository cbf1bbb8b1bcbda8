import { HarrierError } from '../errors.ts';
import {
  type Attributes,
  BLOCKED_DOMAIN,
  type ElementType,
  elementCount,
  type Graph,
  HARRIER_DOMAIN,
  MICROSOFT_DOMAIN,
  type Model,
  type NamedType,
  type Node,
  OPSET,
  type Shape,
  type Tensor,
  type ValueType,
} from './types.ts';

/** A value in a graph under construction: name, element type and shape, and its contents if they are known. */
export interface Value extends NamedType {
  /** The contents, where the value is a constant or an initializer. */
  readonly constant?: Tensor;
}

/** A node under construction: as {@link Node}, with values in place of names. */
export interface BuiltNode {
  /** Unique in the graph. */
  readonly name: string;
  /** Name of the op, such as `Conv`. */
  readonly opType: string;
  /** The empty string for ONNX's own ops. */
  readonly domain: string;
  /** Undefined for an optional input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** The values that the node computes. */
  readonly outputs: readonly Value[];
  /** Attributes by name. */
  readonly attributes: Attributes;
}

/** Returns the types of a node's outputs from its inputs. The op table provides it. */
export type InferTypes = (node: Omit<BuiltNode, 'outputs'>, outputCount: number) => ValueType[];

/** How one node is added to a graph. */
export interface OpOptions {
  /** Domain of the op. Default: ONNX's own. */
  domain?: string;
  /** Name of the node and of its first output; made unique. Default: the op's name in the present scope. */
  name?: string;
  /** Number of outputs. Default 1. */
  outputs?: number;
}

/** Constants up to this many elements are shared between equal uses. */
const SHARED_CONSTANT_LIMIT = 64;

/**
 * Builds an ONNX graph node by node. Type and shape of every value are inferred at once, so an error names the call
 * that made it.
 */
export class GraphBuilder {
  /** Name of the graph. */
  readonly name: string;
  /** The nodes added so far, in order. */
  readonly nodes: BuiltNode[] = [];
  readonly #infer: InferTypes;
  readonly #inputs: Value[] = [];
  readonly #outputs: { name: string; value: Value }[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #sharedConstants = new Map<string, Value>();
  readonly #names = new Names();
  #scope = '';

  constructor(name: string, infer: InferTypes) {
    this.name = name;
    this.#infer = infer;
  }

  /** The inputs declared so far. */
  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  /** What was marked as an output so far. */
  get outputs(): readonly Value[] {
    return this.#outputs.map(({ value }) => value);
  }

  /** An input of the graph. */
  input(name: string, type: ElementType, shape: Shape): Value {
    const value: Value = { name: this.#claim(name), type, shape };
    this.#inputs.push(value);
    return value;
  }

  /** A tensor that belongs to the graph under its own name, such as a weight. */
  initializer(name: string, tensor: Tensor): Value {
    const unique = this.uniqueName(name);
    this.#initializers.set(unique, tensor);
    return { name: unique, type: tensor.type, shape: tensor.dims, constant: tensor };
  }

  /** A constant. Small ones that are equal become one. */
  constant(tensor: Tensor): Value {
    if (elementCount(tensor.dims) > SHARED_CONSTANT_LIMIT) return this.initializer('constant', tensor);
    const elements = Array.from(tensor.data as ArrayLike<number | bigint>, (x) =>
      Object.is(x, -0) ? '-0' : `${x}`,
    );
    const text = `${tensor.type}[${tensor.dims}]${elements.join(',')}`;
    let value = this.#sharedConstants.get(text);
    if (!value) {
      const scope = this.#scope;
      this.#scope = '';
      value = this.initializer('constant', tensor);
      this.#scope = scope;
      this.#sharedConstants.set(text, value);
    }
    return value;
  }

  /** Adds a node and returns its first output. */
  op(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    options: OpOptions = {},
  ): Value {
    return this.ops(opType, inputs, attributes, options)[0];
  }

  /** Adds a node and returns all its outputs. */
  ops(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    { domain = '', name = opType, outputs = 1 }: OpOptions = {},
  ): Value[] {
    const unique = this.uniqueName(name);
    // Optional inputs at the end are left out: by an empty name, ONNX Runtime's WebGPU kernels take them for given.
    const given = inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
    const draft = { name: unique, opType, domain, inputs: given, attributes };
    const types = this.#infer(draft, outputs);
    const values = types.slice(0, outputs).map(
      (type, i): Value => ({
        name: i === 0 ? unique : this.#names.unique(`${unique}:${i}`),
        ...type,
      }),
    );
    this.nodes.push({ ...draft, outputs: values });
    return values;
  }

  /** Marks a value as an output of the graph, under its own name or another. */
  output(value: Value, name = value.name): void {
    if (this.#outputs.some((output) => output.name === name)) {
      throw new HarrierError('bad-graph', `two outputs are named "${name}"`, { where: this.name });
    }
    this.#outputs.push({ name, value });
  }

  /** Runs `build` with every new name under `scope/`. */
  in<T>(scope: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${scope}/`;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  /** A name in the present scope that nothing else has. */
  uniqueName(name: string): string {
    return this.#names.unique(this.#scope + name);
  }

  /** The finished graph: only what its outputs need. */
  build(): Graph {
    const needed = new Set(this.#outputs.map(({ value }) => value.name));
    const nodes: BuiltNode[] = [];
    for (const node of this.nodes.toReversed()) {
      if (!node.outputs.some(({ name }) => needed.has(name))) continue;
      nodes.push(node);
      for (const input of node.inputs) if (input) needed.add(input.name);
    }
    nodes.reverse();

    // What a node makes is called as the output that it is; a second name for it is given by Identity, and so is a
    // name for an input or an initializer. Any other value that has an output's name makes way.
    const renamed = new Map<string, string>();
    const aliases: { name: string; value: Value }[] = [];
    const made = new Set(nodes.flatMap((node) => node.outputs.map(({ name }) => name)));
    const inputNames = new Set(this.#inputs.map(({ name }) => name));
    const ownNames = new Set(this.#outputs.flatMap(({ name, value }) => (name === value.name ? [name] : [])));
    for (const { name, value } of this.#outputs) {
      if (name === value.name) continue;
      if (inputNames.has(name)) {
        throw new HarrierError(
          'bad-graph',
          `an output cannot be named "${name}", because an input has that name`,
          {
            where: this.name,
          },
        );
      }
      if (made.has(value.name) && !renamed.has(value.name) && !ownNames.has(value.name))
        renamed.set(value.name, name);
      else aliases.push({ name, value });
    }
    const names = this.#names.copy(this.#outputs.map(({ name }) => name));
    for (const { name } of this.#outputs) {
      const inTheWay =
        !ownNames.has(name) && !renamed.has(name) && (made.has(name) || this.#initializers.has(name));
      if (inTheWay && needed.has(name)) renamed.set(name, names.unique(name));
    }
    const plainName = (name: string): string => renamed.get(name) ?? name;
    const nameOf = (value: Value | undefined): string => (value ? plainName(value.name) : '');
    const identities = aliases.map(({ name, value }) => plainNode('Identity', name, [nameOf(value)], [name]));
    return {
      name: this.name,
      inputs: this.#inputs.map(({ name, type, shape }) => ({ name, type, shape })),
      outputs: this.#outputs.map(({ name, value: { type, shape } }) => ({ name, type, shape })),
      initializers: new Map(
        [...this.#initializers].flatMap(([name, tensor]) =>
          needed.has(name) ? [[plainName(name), tensor]] : [],
        ),
      ),
      nodes: [
        ...nodes.map((node) => ({
          ...node,
          inputs: node.inputs.map(nameOf),
          outputs: node.outputs.map(nameOf),
        })),
        ...identities,
      ],
    };
  }

  #claim(name: string): string {
    if (!this.#names.has(name)) return this.#names.unique(name);
    throw new HarrierError('bad-graph', `two values are named "${name}"`, { where: this.name });
  }
}

/** The names that are taken, and how far each one is numbered: thousands of equal names cost no search. */
class Names {
  readonly #taken: Set<string>;
  readonly #last: Map<string, number>;

  constructor(taken: Iterable<string> = [], last: Iterable<readonly [string, number]> = []) {
    this.#taken = new Set(taken);
    this.#last = new Map(last);
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  /** Takes the name itself, or else the first free one that is numbered from 2. */
  unique(name: string): string {
    let unique = name;
    if (this.#taken.has(name)) {
      let number = this.#last.get(name) ?? 1;
      do unique = `${name}_${++number}`;
      while (this.#taken.has(unique));
      this.#last.set(name, number);
    }
    this.#taken.add(unique);
    return unique;
  }

  /** The same with more names taken, to number on apart. */
  copy(more: readonly string[]): Names {
    return new Names([...this.#taken, ...more], this.#last);
  }
}

function plainNode(opType: string, name: string, inputs: string[], outputs: string[]): Node {
  return { name, opType, domain: '', inputs, outputs, attributes: {} };
}

const OTHER_DOMAINS: readonly string[] = [MICROSOFT_DOMAIN, BLOCKED_DOMAIN, HARRIER_DOMAIN];

/** A graph as a model: with the operator sets that its nodes use. */
export function modelOf(graph: Graph, metadata: Record<string, string> = {}): Model {
  const { opset = OPSET } = graph;
  const opsets: Record<string, number> = opset === 0 ? {} : { '': opset };
  for (const { domain } of graph.nodes) {
    if (OTHER_DOMAINS.includes(domain)) opsets[domain] = 1;
  }
  return { graph, opsets, metadata };
}
