import { HarrierError } from '../errors.ts';
import {
  type Activations,
  inKerasOrder,
  inOrderOf,
  type LayerContext,
  type ParameterSpec,
  reportedAt,
} from '../layers/index.ts';
import { elementCount, formatShape, type GraphBuilder, type Value } from '../onnx/index.ts';
import { type Call, callNames, type NamedLayer } from './calls.ts';

/** One row of the summary. */
export interface LayerRow {
  readonly name: string;
  readonly type: string;
  /** Without the batch, channels last; of the first call, where there are several. */
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly multiplyAdds: number;
  /**
   * Unless every layer simply follows the one before: what it takes, call by call. `dense` is what the layer of that
   * name gives, `dense/2` what its second call gives, `image` the image.
   */
  readonly connectedTo?: readonly string[];
}

/** How a network asks for what it needs while it is built into a graph. */
export interface BuildOptions {
  readonly training: boolean;
  /** Gives the value that stands for a parameter. */
  readonly parameter: (spec: ParameterSpec) => Value;
  /** Gives the value of a dropout mask (batch included); needed in training. */
  readonly dropoutMask?: (name: string, shape: readonly number[], rate: number) => Value;
  /** Takes the next value of a parameter that gradients do not change; needed in training. */
  readonly update?: (spec: ParameterSpec, next: Value) => void;
  /** Told what a layer takes, at each of its calls, before the layer is added. */
  readonly onCall?: (layer: string, inputs: readonly Activations[]) => void;
}

/** What a layer has made in the graph so far, so that a second call of it shares its weights. */
interface Made {
  readonly inputs: readonly Activations[];
  readonly output: Activations;
  readonly parameters: Map<string, { readonly spec: ParameterSpec; readonly value: Value }>;
  /** The next values of running statistics, by the calls so far. */
  readonly next: Map<ParameterSpec, Value>;
  masks: number;
  multiplyAdds: number;
}

/**
 * Adds calls of layers to a graph, one after another, and gives what the last one does: a row in Keras's order.
 *
 * @param image what the first calls take
 * @throws HarrierError that names the layer which does not fit, and the shapes
 */
export function addCalls(
  network: { readonly name: string; readonly calls: readonly Call[] },
  graph: GraphBuilder,
  image: Activations,
  options: BuildOptions,
): { readonly output: Activations; readonly made: ReadonlyMap<NamedLayer, Made> } {
  const made = new Map<NamedLayer, Made>();
  const values = [image];
  for (const { layer: named, inputs } of network.calls) {
    const { name, layer } = named;
    const before = made.get(named);
    const given = inputs.map((i) => values[i]);
    options.onCall?.(name, given);
    const output = graph.in(name, () => {
      const taken = before ? given.map((input, i) => likeBefore(graph, input, before.inputs[i])) : given;
      const own = before ?? {
        inputs: taken,
        output: image,
        parameters: new Map(),
        next: new Map(),
        masks: 0,
        multiplyAdds: 0,
      };
      const result = reportedAt(`${network.name}, layer "${name}" (${layer.type})`, given, () =>
        layer.call(contextOf(graph, named, options, own, before !== undefined), ...taken),
      );
      made.set(named, {
        ...own,
        output: before?.output ?? result,
        multiplyAdds: own.multiplyAdds + layer.multiplyAdds(taken[0], result),
      });
      return result;
    });
    values.push(output);
  }
  for (const { next } of made.values()) for (const [spec, value] of next) options.update?.(spec, value);
  return { output: finalRow(graph, values.at(-1)!), made };
}

/** The summary's rows of layers that were added to a graph; `connected` where they are no stack. */
export function rowsOf(
  calls: readonly Call[],
  made: ReadonlyMap<NamedLayer, Made>,
  connected: boolean,
): LayerRow[] {
  const names = callNames(calls);
  return [...made].map(([named, { output, parameters, multiplyAdds }]) => ({
    name: named.name,
    type: named.layer.type,
    outputShape: output.shape,
    parameters: [...parameters.values()].reduce((total, { spec }) => total + elementCount(spec.shape), 0),
    multiplyAdds,
    ...(connected && {
      connectedTo: calls
        .filter(({ layer }) => layer === named)
        .flatMap(({ inputs }) => inputs.map((i) => names[i])),
    }),
  }));
}

/** A row for a layer whose weights were made for rows in another order. */
function likeBefore(graph: GraphBuilder, input: Activations, before: Activations | undefined): Activations {
  const rows = input.shape.length === 1 && before?.shape.length === 1 && input.shape[0] === before.shape[0];
  return rows ? inOrderOf(graph, input, before.flattened) : input;
}

function contextOf(
  graph: GraphBuilder,
  { name: layer, layer: { options: own } }: NamedLayer,
  options: BuildOptions,
  made: Made,
  shared: boolean,
): LayerContext {
  const specs = new Map<Value, ParameterSpec>();
  const given = (spec: ParameterSpec, value: Value): Value => {
    specs.set(value, spec);
    return value;
  };
  return {
    graph,
    training: options.training,
    parameter: ({
      name,
      shape,
      initializer,
      layout,
      graphShape,
      trainable = true,
      decay = false,
      regularizer,
    }) => {
      if (name.includes('/')) {
        throw new HarrierError('bad-option', 'a parameter cannot be called so', {
          expected: 'a name without "/"',
          received: JSON.stringify(name),
        });
      }
      const known = shared ? made.parameters.get(name) : undefined;
      if (known) {
        checkShared(known.spec, shape);
        return given(known.spec, made.next.get(known.spec) ?? known.value);
      }
      const spec: ParameterSpec = {
        name: `${layer}/${name}`,
        shape,
        layout: layout ?? { dims: shape, perm: shape.map((_, i) => i) },
        graphShape: graphShape ?? shape,
        initializer,
        trainable: trainable && own.trainable !== false,
        decay,
        ...(regularizer && { regularizer }),
      };
      // Parameters carry their own scope in their names.
      const value = options.parameter(spec);
      made.parameters.set(name, { spec, value });
      return given(spec, value);
    },
    dropoutMask: (shape, rate) => {
      if (!options.dropoutMask) throw new Error('a dropout mask was asked for outside training');
      return options.dropoutMask(`${layer}/mask${made.masks++ || ''}`, shape, rate);
    },
    update: (parameter, next) => void made.next.set(specs.get(parameter)!, next),
  };
}

function checkShared({ name, shape: expected }: ParameterSpec, shape: readonly number[]): void {
  if (`${shape}` === `${expected}`) return;
  throw new HarrierError('bad-shape', 'its calls share their weights, and these do not fit all of them', {
    expected: `${name} of ${formatShape(expected)}`,
    received: formatShape(shape),
    next: 'Give each call a layer of its own.',
  });
}

/**
 * The numbers of a row that no Dense has taken in, in Keras's order. Where Softmax made it, its input is put in order
 * instead, so that the row is still seen to be made by Softmax.
 */
function finalRow(graph: GraphBuilder, output: Activations): Activations {
  const maker = graph.nodes.find(({ outputs }) => outputs[0] === output.value);
  const { value, shape, flattened } = output;
  if (flattened && maker?.opType === 'Softmax') {
    const ordered = inKerasOrder(graph, { value: maker.inputs[0]!, shape, flattened });
    return ordered.value === maker.inputs[0]
      ? { value, shape }
      : { value: graph.op('Softmax', [ordered.value], { axis: 1 }), shape };
  }
  return inKerasOrder(graph, output);
}
