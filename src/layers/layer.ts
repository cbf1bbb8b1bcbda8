import { HarrierError, unknownName } from '../errors.ts';
import { formatShape, type GraphBuilder, type Value } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import type { Regularizer } from './regularizers.ts';

/**
 * What a layer takes and gives: a value of the graph (channels first, batch in front) and its shape as users see it,
 * Keras's: channels last, without the batch.
 */
export interface Activations {
  readonly value: Value;
  readonly shape: readonly number[];
  /** For the output of Flatten: the shape (height, width, channels) that was flattened. */
  readonly flattened?: readonly number[];
}

const INITIALIZERS = [
  'glorotUniform',
  'heNormal',
  'heUniform',
  'lecunNormal',
  'dirac',
  'zeros',
  'ones',
  'patchWhitening',
] as const;

/**
 * How first weights are drawn. With `dirac` the first filters of a convolution copy its input channels, and the others
 * are uniform in ±1/√fanIn, as PyTorch's; `patchWhitening` is found from the training images, by PatchWhitening2D alone.
 */
export type Initializer = (typeof INITIALIZERS)[number];

/** Weights that all begin as one number. */
export interface ConstantInitializer {
  readonly constant: number;
}

/** An array of weights, or of running statistics, that belongs to a layer. */
export interface ParameterSpec {
  /** `conv2d/kernel`. */
  readonly name: string;
  /** Keras's shape, in which it is initialised, counted, saved and loaded. */
  readonly shape: readonly number[];
  /** How the graph's layout comes from Keras's: seen as `dims`, its axes in the order `perm`, then as `graphShape`. */
  readonly layout: { readonly dims: readonly number[]; readonly perm: readonly number[] };
  readonly graphShape: readonly number[];
  readonly initializer: Initializer | ConstantInitializer;
  /** Whether gradients change it; running statistics are changed by `update` instead. */
  readonly trainable: boolean;
  /** Whether weight decay applies: to kernels, not to biases and normalisation. */
  readonly decay: boolean;
  /** What its weights add to what training minimises. */
  readonly regularizer?: Regularizer;
}

/** What a layer may ask for while it adds itself to a graph. */
export interface LayerContext {
  readonly graph: GraphBuilder;
  readonly training: boolean;
  /** Declares an array of weights, and gives the value that stands for it in the graph. */
  parameter(spec: ParameterOptions): Value;
  /**
   * Random numbers fed at every training step: each element is 0 with probability `rate`, else 1 / (1 − rate),
   * so that means stay as they are (inverted dropout; Srivastava et al., 2014).
   */
  dropoutMask(shape: readonly number[], rate: number): Value;
  /** Gives a parameter that is not trainable its value for the next step. */
  update(parameter: Value, next: Value): void;
}

/** An array of weights, as a layer asks for it. */
export interface ParameterOptions {
  /** Within the layer: `kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer | ConstantInitializer;
  readonly layout?: ParameterSpec['layout'];
  readonly graphShape?: readonly number[];
  readonly trainable?: boolean;
  readonly decay?: boolean;
  readonly regularizer?: Regularizer;
}

/** A layer's class name and options, as they are stored. */
export interface LayerConfig {
  readonly layer: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Options that every layer has. */
export interface LayerOptions {
  /** Unique within the model. Default: the class name in snake case, numbered, as in Keras. */
  readonly name?: string;
  /** Whether training changes the layer's weights. Frozen ones get no gradient and no optimizer slot. Default true. */
  readonly trainable?: boolean;
}

/** Options that every layer has. */
const COMMON_OPTIONS: readonly string[] = ['name', 'trainable'] satisfies (keyof LayerOptions)[];

/**
 * A building block with weights of its own. Names, options and defaults are Keras's.
 *
 * @typeParam Inputs what it is applied to: one tensor, or a list of them
 */
export abstract class Layer<
  Options extends LayerOptions = LayerOptions,
  Inputs extends SymbolicTensor | readonly SymbolicTensor[] = SymbolicTensor,
> {
  /** The options as they were given. */
  readonly options: Options;
  /** Class name, such as `Conv2D`. */
  abstract readonly type: string;
  /** Whether it joins a list of inputs. */
  readonly merges: boolean = false;

  constructor(options: Options) {
    this.options = options;
  }

  /** Adds the layer to a graph. */
  abstract call(context: LayerContext, ...inputs: Activations[]): Activations;

  /**
   * Uses the layer on what another gave, in the functional form: `new Dense({ units: 10 }).apply(x)`. Applied twice, it
   * uses the same weights twice.
   *
   * @throws HarrierError `bad-shape` when the input does not fit
   */
  apply(inputs: Inputs): SymbolicTensor {
    return SymbolicTensor.of(this, inputs);
  }

  /** Multiplications and additions (counted as one) for one image, for the summary. */
  multiplyAdds(_input: Activations, _output: Activations): number {
    return 0;
  }

  config(): LayerConfig {
    return { layer: this.type, options: { ...(this.options as Record<string, unknown>) } };
  }
}
/** A layer of any kind. */
export type AnyLayer = Layer<LayerOptions, SymbolicTensor | readonly SymbolicTensor[]>;

/**
 * What a layer gives when it is applied: no numbers yet, but a known shape, and how it comes from an `Input`. A `Model`
 * is made from it.
 */
export class SymbolicTensor {
  /** Without the batch, channels last: `[32, 32, 3]`. */
  readonly shape: readonly number[];
  /** For the output of Flatten: the shape (height, width, channels) that was flattened. */
  readonly flattened?: readonly number[];
  /** The layer that gives it and what that was applied to; undefined for an Input. */
  readonly call?: { readonly layer: AnyLayer; readonly inputs: readonly SymbolicTensor[] };
  /** How many layers were applied before, on the way from the same Input. */
  readonly order: number;
  readonly #origin: { applied: number };

  protected constructor(
    { shape, flattened }: Pick<Activations, 'shape' | 'flattened'>,
    call?: SymbolicTensor['call'],
  ) {
    this.shape = shape;
    this.flattened = flattened;
    this.call = call;
    this.#origin = call ? call.inputs[0].#origin : { applied: 0 };
    this.order = this.#origin.applied++;
  }

  /** Applies layers one after another, each to what the one before gives. */
  through(...layers: readonly Layer[]): SymbolicTensor {
    return layers.reduce<SymbolicTensor>((tensor, layer) => layer.apply(tensor), this);
  }

  /**
   * What a layer gives for these inputs.
   * @throws HarrierError `bad-shape` when they do not fit the layer, `bad-option` when they are no tensors of one Input
   */
  static of(layer: AnyLayer, given: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor {
    const name =
      layer.options.name === undefined ? layer.type : `layer "${layer.options.name}" (${layer.type})`;
    const inputs = Array.isArray(given) ? (given as readonly SymbolicTensor[]) : [given as SymbolicTensor];
    const refuse = (expected: string, received: string, next?: string): never => {
      throw new HarrierError('bad-option', 'this cannot be applied', {
        where: name,
        expected,
        received,
        next,
      });
    };
    if (Array.isArray(given) !== layer.merges)
      refuse(
        layer.merges ? 'a list of inputs: [x, y]' : 'one input',
        Array.isArray(given) ? 'a list' : 'one',
      );
    if (inputs.length === 0) refuse('at least one input', 'none');
    if (!inputs.every((input) => input instanceof SymbolicTensor))
      refuse('an Input, or what a layer gave when it was applied', 'something else');
    if (inputs.some((input) => input.#origin !== inputs[0].#origin))
      refuse('inputs that come from one Input', 'two Inputs', 'A network takes one image.');
    const output = reportedAt(name, inputs, () => inferOutput(layer, inputs));
    return new SymbolicTensor(output, { layer, inputs });
  }
}

/** The image that a network takes, to apply layers to. */
export class Input extends SymbolicTensor {
  /** @param options `shape`: height, width and channels of the images: 3, or 1 to see them in grey */
  constructor(options: { readonly shape: readonly [number, number, number] }) {
    const { shape } = knownOptions('Input', options, ['shape'], []);
    super({ shape: checkImageShape('Input', 'shape', shape) });
  }
}

/** Runs a layer alone, in a graph that is thrown away, for the shape of its output. */
function inferOutput(layer: AnyLayer, inputs: readonly SymbolicTensor[]): Activations {
  const graph = createGraph(layer.type);
  const unexpected = () => {
    throw new Error(`${layer.type} asked for what only training gives`);
  };
  const context: LayerContext = {
    graph,
    training: false,
    parameter: ({ name, shape, graphShape = shape }) => graph.input(name, 'float32', graphShape),
    dropoutMask: unexpected,
    update: unexpected,
  };
  const given = inputs.map(({ shape, flattened }, i) => {
    const [height, width, channels] = shape;
    const sizes = shape.length === 3 ? [channels, height, width] : shape;
    return { value: graph.input(`inputs/${i}`, 'float32', ['N', ...sizes]), shape, flattened };
  });
  return layer.call(context, ...given);
}

/** Runs a layer's work; what goes wrong in it is reported with the place and the shapes that it was given. */
export function reportedAt<T>(
  place: string,
  inputs: readonly { readonly shape: readonly number[] }[],
  run: () => T,
): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof HarrierError)) throw cause;
    const shapes = inputs.map(({ shape }) => formatShape(shape)).join(', ');
    throw new HarrierError(cause.code, cause.message.replace(/\.$/, ''), {
      where: `${place} on ${shapes}`,
      cause,
    });
  }
}

/** Height, width, and 3 channels or 1. */
export function checkImageShape(
  where: string,
  option: string,
  shape: readonly number[],
): readonly [number, number, number] {
  const fits =
    shape?.length === 3 &&
    shape.every((size) => Number.isInteger(size) && size > 0) &&
    (shape[2] === 3 || shape[2] === 1);
  if (fits) return [shape[0], shape[1], shape[2]];
  throw new HarrierError('bad-option', option, {
    where,
    expected: '[height, width, 3], or [height, width, 1] for images in grey',
    received: JSON.stringify(shape),
  });
}

/** (height, width, channels), or an error that names the layer. */
export function imageShape(layer: string, { shape }: Activations): [number, number, number] {
  if (shape.length === 3) return [shape[0], shape[1], shape[2]];
  throw new HarrierError('bad-shape', `${layer} needs images`, {
    expected: '(height, width, channels)',
    received: formatShape(shape),
    next: 'It must stand before Flatten and Dense.',
  });
}

/** A number for both axes, or one for each. */
export function pair(layer: string, option: string, value: number | readonly number[]): [number, number] {
  const both: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  if (both.length === 2 && both.every(isPositive)) return [both[0] as number, both[1] as number];
  throw new HarrierError('bad-option', `${option} must be a positive whole number or two of them`, {
    where: layer,
    received: JSON.stringify(value),
  });
}

/** A positive whole number. */
export function positive(layer: string, option: string, value: number): number {
  if (isPositive(value)) return value;
  throw new HarrierError('bad-option', `${option} must be a positive whole number`, {
    where: layer,
    received: `${value}`,
  });
}

function isPositive(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}

/** True, false, or left out. */
export function flag(layer: string, option: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new HarrierError('bad-option', option, {
    where: layer,
    expected: 'true or false',
    received: JSON.stringify(value),
  });
}

/**
 * Checks the name of an initializer.
 * @throws HarrierError `bad-option` for an initializer that there is not
 */
export function checkInitializer(name: string | undefined): void {
  if (name === undefined || INITIALIZERS.some((known) => known === name)) return;
  throw unknownName('initializer', `${name}`, INITIALIZERS);
}

/**
 * The layout of a parameter whose first axis runs over the numbers of a row. After Flatten, Keras's row runs over
 * (height, width, channels), the graph's over (channels, height, width).
 *
 * @param rest the parameter's other sizes
 */
export function rowLayout(
  { shape, flattened }: Activations,
  rest: readonly number[],
): { dims: readonly number[]; perm: readonly number[] } {
  const rows = flattened?.length === 3 ? flattened : [1, 1, shape.at(-1)!];
  return { dims: [...rows, ...rest], perm: [2, 0, 1, ...rest.map((_, i) => i + 3)] };
}

/**
 * Refuses options that a layer does not have.
 * @param common those that need not be listed: by default what every layer has
 */
export function knownOptions<Options extends object>(
  layer: string,
  options: Options,
  names: readonly (keyof Options & string)[],
  common: readonly string[] = COMMON_OPTIONS,
): Options {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new HarrierError('bad-option', 'options', {
      where: layer,
      expected: `an object with ${names.join(', ') || 'nothing but a name'}`,
      received: `${options}`,
    });
  }
  for (const name of Object.keys(options)) {
    if (!common.includes(name) && !names.includes(name as keyof Options & string)) {
      throw unknownName(`option of ${layer}`, name, names);
    }
  }
  if (common.includes('trainable')) flag(layer, 'trainable', (options as LayerOptions).trainable);
  return options;
}
