import { HarrierError, unknownName } from '../errors.ts';
import { formatShape, type GraphBuilder, type Value } from '../onnx/index.ts';

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

const INITIALIZERS = ['glorotUniform', 'heNormal', 'heUniform', 'lecunNormal', 'zeros', 'ones'] as const;

/** How first weights are drawn. */
export type Initializer = (typeof INITIALIZERS)[number];

/** An array of weights, or of running statistics, that belongs to a layer. */
export interface ParameterSpec {
  /** `conv2d/kernel`. */
  readonly name: string;
  /** Keras's shape, in which it is initialised, counted, saved and loaded. */
  readonly shape: readonly number[];
  /** How the graph's layout comes from Keras's: seen as `dims`, its axes in the order `perm`, then as `graphShape`. */
  readonly layout: { readonly dims: readonly number[]; readonly perm: readonly number[] };
  readonly graphShape: readonly number[];
  readonly initializer: Initializer;
  /** Whether gradients change it; running statistics are changed by `update` instead. */
  readonly trainable: boolean;
  /** Whether weight decay applies: to kernels, not to biases and normalisation. */
  readonly decay: boolean;
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

export interface ParameterOptions {
  /** Within the layer: `kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  readonly layout?: ParameterSpec['layout'];
  readonly graphShape?: readonly number[];
  readonly trainable?: boolean;
  readonly decay?: boolean;
}

/** A layer's class name and options, as they are stored. */
export interface LayerConfig {
  readonly layer: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface LayerOptions {
  /** Unique within the model. Default: the class name in snake case, numbered, as in Keras. */
  readonly name?: string;
  /** Whether training changes the layer's weights. Frozen ones get no gradient and no optimizer slot. Default true. */
  readonly trainable?: boolean;
}

/** Options that every layer has. */
const COMMON_OPTIONS: readonly string[] = ['name', 'trainable'] satisfies (keyof LayerOptions)[];

/** A building block with weights of its own. Names, options and defaults are Keras's. */
export abstract class Layer<Options extends LayerOptions = LayerOptions> {
  /** The options as they were given. */
  readonly options: Options;
  /** Class name, such as `Conv2D`. */
  abstract readonly type: string;

  constructor(options: Options) {
    this.options = options;
  }

  /** Adds the layer to a graph. */
  abstract call(context: LayerContext, input: Activations): Activations;

  /** Multiplications and additions (counted as one) for one image, for the summary. */
  multiplyAdds(_input: Activations, _output: Activations): number {
    return 0;
  }

  config(): LayerConfig {
    return { layer: this.type, options: { ...(this.options as Record<string, unknown>) } };
  }
}

/** (height, width, channels), or an error that names the layer. */
export function pictureShape(layer: string, { shape }: Activations): [number, number, number] {
  if (shape.length === 3) return [shape[0], shape[1], shape[2]];
  throw new HarrierError('bad-shape', `${layer} needs pictures`, {
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

/** @throws HarrierError `bad-option` for an initializer that there is not */
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
