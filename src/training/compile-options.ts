import { HarrierError, unknownName } from '../errors.ts';
import { knownOptions } from '../layers/index.ts';
import type { LossOptions } from '../losses/index.ts';
import type { Network } from '../models/index.ts';
import {
  type Optimizer,
  type OptimizerConfig,
  type OptimizerName,
  optimizerFrom,
} from '../optimizers/index.ts';
import { badOption } from '../options/values.ts';
import type { Runtime } from '../runtime/index.ts';

/** Keras's names of the losses: labels are class numbers here, so that the first two mean the same. */
const LOSSES = [
  'categorical_crossentropy',
  'sparse_categorical_crossentropy',
  'binary_crossentropy',
] as const;
/** Ends of a network for images of one class each, and for images with any number of labels. */
const ENDS = { one: ['softmax', 'linear'], several: ['sigmoid', 'softmax', 'linear'] };
const METRICS = ['accuracy'] as const;

/** How a model is trained: the arguments of `compile`. */
export interface CompileOptions {
  /** An optimizer, its configuration, or the name of one with Keras's defaults: `sgd`. */
  readonly optimizer: Optimizer | OptimizerConfig | OptimizerName | Lowercase<OptimizerName>;
  /** What runs the graphs: `nodeRuntime()` of `harrier/node`, or that of another platform. */
  readonly runtime: Runtime;
  /**
   * The loss: `binary_crossentropy` for images with any number of labels (a data set with `tags`), else one, under both of
   * Keras's names. Default `categorical_crossentropy`.
   */
  readonly loss?: (typeof LOSSES)[number];
  /** What is measured beside the loss. There is one, and it always is: `accuracy`. */
  readonly metrics?: readonly (typeof METRICS)[number][];
  /** Fraction of each target that is spread evenly over all classes, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Seeds the first weights, the order of images, and dropout. Default 0. */
  readonly seed?: number;
}

/** What `compile` settled. */
export type Compiled = CompileOptions & { readonly optimizer: Optimizer };

/**
 * Checks the arguments of `compile`, and that the network ends in probabilities or logits.
 * @throws HarrierError `bad-option`
 */
export function compiledFrom(network: Network, options: CompileOptions): Compiled {
  knownOptions('compile', options, ['optimizer', 'runtime', 'loss', 'metrics', 'labelSmoothing', 'seed'], []);
  const { runtime, loss = LOSSES[0], metrics = METRICS } = options;
  if (typeof runtime?.compile !== 'function') {
    throw new HarrierError('bad-option', 'the runtime is missing, which runs the graphs', {
      where: 'compile',
      next: "Import { nodeRuntime } from 'harrier/node' and give runtime: nodeRuntime().",
    });
  }
  if (!LOSSES.some((known) => known === loss)) throw unknownName('loss', `${loss}`, LOSSES);
  if (!Array.isArray(metrics)) throw badOption('compile', 'metrics', 'a list such as ["accuracy"]', metrics);
  const stranger = metrics.find((metric) => !METRICS.some((known) => known === metric));
  if (stranger !== undefined) throw unknownName('metric', `${stranger}`, METRICS);
  const last = network.calls.at(-1)!.layer;
  const { activation = 'linear' } = last.layer.options as { activation?: string };
  const isSeveral = loss === 'binary_crossentropy';
  if (!ENDS[isSeveral ? 'several' : 'one'].includes(activation)) {
    throw new HarrierError('bad-option', 'the last layer must give probabilities or logits', {
      where: `${network.name}, layer "${last.name}"`,
      expected: isSeveral
        ? 'activation sigmoid, or none (sigmoid is then added to the model)'
        : 'activation softmax, or none (softmax is then added to the model)',
      received: activation,
      next: isSeveral
        ? undefined
        : 'The loss is categorical cross-entropy: one class for each image. For several labels: binary_crossentropy.',
    });
  }
  return { ...options, optimizer: optimizerFrom(options.optimizer) };
}

/** The loss of a compiled model, as `fit` takes it. */
export function lossOptions({
  loss,
  labelSmoothing,
}: Pick<Compiled, 'loss' | 'labelSmoothing'>): LossOptions {
  return { ...(loss === 'binary_crossentropy' && { name: 'binaryCrossentropy' }), labelSmoothing };
}
