import { HarrierError } from '../errors.ts';
import {
  type AnyLayer,
  Input,
  Layer,
  type LayerConfig,
  layerFrom,
  type SymbolicTensor,
} from '../layers/index.ts';

/** A layer of a network, by the name that its weights have. */
export interface NamedLayer {
  readonly name: string;
  readonly layer: AnyLayer;
}

/** One use of a layer. */
export interface Call {
  readonly layer: NamedLayer;
  /** What it takes: 0 is the image, i what call i − 1 gives. */
  readonly inputs: readonly number[];
}

/** One use of a layer as it is stored: the layer's name, and what it takes by the names of `callNames`. */
export interface CallConfig {
  readonly layer: string;
  readonly inputs: readonly string[];
}

/** What the image is called among the names of layers. */
export const IMAGE = 'image';

/** Calls of layers one after another. */
export function callsOfStack(network: string, layers: readonly Layer[]): Call[] {
  if (layers.length === 0)
    throw new HarrierError('bad-option', 'a network needs at least one layer', { where: network });
  const stranger = layers.find((layer) => !(layer instanceof Layer));
  if (stranger !== undefined) {
    throw new HarrierError('bad-option', 'layers holds something that is no layer', {
      where: network,
      expected: 'layers such as new Dense({ units: 10 })',
      received: JSON.stringify(stranger),
    });
  }
  const named = nameLayers(network, layers);
  for (const [i, layer] of layers.entries()) {
    const first = layers.indexOf(layer);
    const { name } = named[first];
    if (layer.merges || first !== i) {
      const problem = layer.merges
        ? `layer "${name}" (${layer.type}) joins several inputs, and in a stack there is one`
        : `layer "${name}" (${layer.type}) stands in the stack twice`;
      throw new HarrierError('bad-option', problem, {
        where: network,
        next: layer.merges
          ? 'Write the network with Input and Model: see docs/functional.md.'
          : 'Make a second layer, or, to share its weights, write the network with Input and Model.',
      });
    }
  }
  return named.map((layer, i) => ({ layer, inputs: [i] }));
}

/** The calls that an output of the functional form is made by, in the order in which they were written. */
export function callsOfOutput(network: string, image: Input, output: SymbolicTensor): Call[] {
  const reached = new Set<SymbolicTensor>();
  const open = [output];
  for (let tensor = open.pop(); tensor; tensor = open.pop()) {
    if (reached.has(tensor)) continue;
    reached.add(tensor);
    open.push(...(tensor.call?.inputs ?? []));
  }
  if (!reached.has(image)) {
    throw new HarrierError('bad-option', 'outputs does not come from inputs', {
      where: network,
      expected: 'an output of layers that were applied, in the end, to this Input',
      received: output instanceof Input ? 'another Input' : `what ${output.call?.layer.type} made of another`,
    });
  }
  reached.delete(image);
  if (reached.size === 0)
    throw new HarrierError('bad-option', 'a network needs at least one layer', { where: network });
  // Everything was applied after what it was applied to, so this is an order to compute in.
  const tensors = [...reached].sort((a, b) => a.order - b.order);
  const layers = [...new Set(tensors.map(({ call }) => call!.layer))];
  const places = new Map<SymbolicTensor, number>([[image, 0], ...tensors.map((t, i) => [t, i + 1] as const)]);
  const named = new Map(nameLayers(network, layers).map((each) => [each.layer, each]));
  const calls = tensors.map(({ call }) => ({
    layer: named.get(call!.layer)!,
    inputs: call!.inputs.map((tensor) => places.get(tensor)!),
  }));
  if (!isStack(calls) && [...named.values()].some(({ name }) => name === IMAGE)) {
    throw new HarrierError('bad-option', `a layer cannot be called "${IMAGE}": what it would take is`, {
      where: network,
      next: 'Give it another name.',
    });
  }
  return calls;
}

/** Whether every layer is called once, on what the one before gives. */
export function isStack(calls: readonly Call[]): boolean {
  return (
    calls.every(({ inputs }, i) => inputs.length === 1 && inputs[0] === i) &&
    new Set(calls.map(({ layer }) => layer)).size === calls.length
  );
}

/** Names of the image and of what every call gives: the layer's; from its second call on with a number, `dense/2`. */
export function callNames(calls: readonly Call[]): string[] {
  const times = new Map<string, number>();
  return [IMAGE, ...calls.map(({ layer: { name } }) => callName(times, name))];
}

function callName(times: Map<string, number>, layer: string): string {
  const time = (times.get(layer) ?? 0) + 1;
  times.set(layer, time);
  return time === 1 ? layer : `${layer}/${time}`;
}

/** Calls as they are stored. */
export function callConfigs(calls: readonly Call[]): CallConfig[] {
  const names = callNames(calls);
  return calls.map(({ layer, inputs }) => ({ layer: layer.name, inputs: inputs.map((i) => names[i]) }));
}

/**
 * Stored layers applied by stored calls: the functional form of a network.
 * @throws HarrierError `bad-option` for calls that do not fit together
 */
export function applyCalls(
  network: string,
  inputShape: readonly [number, number, number],
  layers: readonly LayerConfig[],
  calls: readonly CallConfig[],
): { inputs: Input; outputs: SymbolicTensor } {
  const refuse = (problem: string): never => {
    throw new HarrierError('bad-option', problem, { where: network });
  };
  if (!Array.isArray(calls) || calls.length === 0) refuse('calls must list the calls of layers');
  const known = new Map<unknown, AnyLayer>(layers.map(layerFrom).map((layer) => [layer.options.name, layer]));
  if (known.size !== layers.length) refuse('two layers have one name, or one has none');
  const inputs = new Input({ shape: inputShape });
  const values = new Map<string, SymbolicTensor>([[IMAGE, inputs]]);
  const times = new Map<string, number>();
  const unused = new Set([IMAGE, ...[...known.keys()].map((name) => `${name}`)]);
  let outputs: SymbolicTensor = inputs;
  for (const { layer: name, inputs: from } of calls) {
    const layer = known.get(name) ?? refuse(`calls name a layer "${name}", and there is none`);
    if (!Array.isArray(from)) refuse(`layer "${name}" is called without inputs`);
    const given = from.map((input): SymbolicTensor => {
      unused.delete(input);
      return (
        values.get(input) ??
        refuse(`layer "${name}" takes "${input}", which nothing before it gives (a network has no cycles)`)
      );
    });
    if (!layer.merges && given.length !== 1) refuse(`layer "${name}" (${layer.type}) takes one input`);
    outputs = layer.apply(layer.merges ? given : given[0]);
    const made = callName(times, name);
    values.set(made, outputs);
    if (made !== name) unused.add(made);
  }
  unused.delete([...values.keys()].at(-1)!);
  for (const name of unused) refuse(`the output does not depend on "${name}"`);
  return { inputs, outputs };
}

/** Keras's names: the class in snake case, numbered from the second on. */
function nameLayers(network: string, layers: readonly AnyLayer[]): NamedLayer[] {
  const given = layers.flatMap(({ options: { name } }) => (name === undefined ? [] : [name]));
  for (const [i, name] of given.entries()) {
    if (typeof name !== 'string' || name === '' || name.includes('/')) {
      throw new HarrierError('bad-option', 'a layer cannot be called so', {
        where: network,
        expected: 'a name without "/"',
        received: JSON.stringify(name),
      });
    }
    if (given.indexOf(name) !== i) {
      throw new HarrierError('bad-option', `two layers are called "${name}"`, {
        where: network,
        next: 'Give one of them another name.',
      });
    }
  }
  const taken = new Set(given);
  const free = (base: string): string => {
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name;
  };
  return layers.map((layer) => ({ name: layer.options.name ?? free(snakeCase(layer.type)), layer }));
}

/** Keras's: Conv2D is conv2d, MaxPooling2D is max_pooling2d. */
function snakeCase(type: string): string {
  return type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}
