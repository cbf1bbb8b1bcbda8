import { unknownName } from '../errors.ts';
import { float, type GraphBuilder, type Value } from '../onnx/index.ts';
import { mul, scalar } from '../ops/index.ts';
import { type Activations, knownOptions, Layer, type LayerContext, type LayerOptions } from './layer.ts';

/** Keras's names, and for each what it does to a value. */
const ACTIVATIONS = {
  linear: (_: GraphBuilder, x: Value) => x,
  relu: (graph: GraphBuilder, x: Value) => graph.op('Relu', [x]),
  relu6: (graph: GraphBuilder, x: Value) => graph.op('Clip', [x, scalar(graph, 0), scalar(graph, 6)]),
  leaky_relu: (graph: GraphBuilder, x: Value) => graph.op('LeakyRelu', [x], { alpha: float(0.2) }),
  elu: (graph: GraphBuilder, x: Value) => graph.op('Elu', [x]),
  selu: (graph: GraphBuilder, x: Value) => graph.op('Selu', [x]),
  sigmoid: (graph: GraphBuilder, x: Value) => graph.op('Sigmoid', [x]),
  tanh: (graph: GraphBuilder, x: Value) => graph.op('Tanh', [x]),
  softplus: (graph: GraphBuilder, x: Value) => graph.op('Softplus', [x]),
  gelu: (graph: GraphBuilder, x: Value) => graph.op('Gelu', [x]),
  silu: (graph: GraphBuilder, x: Value) => mul(graph, x, graph.op('Sigmoid', [x])),
  hard_swish: (graph: GraphBuilder, x: Value) => graph.op('HardSwish', [x]),
  // Over the channels, which users see last and the graph has second.
  softmax: (graph: GraphBuilder, x: Value) => graph.op('Softmax', [x], { axis: 1 }),
} as const;

/** The name of an activation function, as in Keras: `relu`. */
export type ActivationName = keyof typeof ACTIVATIONS;

/** The names of all activation functions: Keras's. */
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as ActivationName[];

/** @throws HarrierError `bad-option` for a name that there is not */
export function checkActivation(name: string): ActivationName {
  if (Object.hasOwn(ACTIVATIONS, name)) return name as ActivationName;
  throw unknownName('activation', `${name}`, ACTIVATION_NAMES);
}

/** Applies an activation function by its Keras name. */
export function activate(graph: GraphBuilder, name: ActivationName, x: Value): Value {
  return ACTIVATIONS[name](graph, x);
}

/** Options of `Activation`. */
export interface ActivationOptions extends LayerOptions {
  activation: ActivationName;
}

/** An activation function as a layer of its own. */
export class Activation extends Layer<ActivationOptions> {
  readonly type = 'Activation';

  constructor(options: ActivationOptions | ActivationName) {
    const given = typeof options === 'string' ? { activation: options } : options;
    super(knownOptions('Activation', given, ['activation']));
    checkActivation(given.activation);
  }

  call({ graph }: LayerContext, input: Activations): Activations {
    return { ...input, value: activate(graph, this.options.activation, input.value) };
  }
}
