import { differentiate } from '../autodiff/index.ts';
import { Dense } from '../layers/index.ts';
import { binaryCrossentropy, categoricalCrossentropy } from '../losses/index.ts';
import { elementCount, float32, type GraphBuilder, modelOf, type Value } from '../onnx/index.ts';
import { add, createGraph, mul, reduceSum, reshape, square } from '../ops/index.ts';
import { lower } from '../passes/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import type { Slope } from './minimize.ts';

export interface LinearGraphOptions {
  /** Rows of features. */
  readonly rows: number;
  /** Features of a row. */
  readonly size: number;
  readonly classes: number;
  /** Heads that are fitted beside each other, so that the features are read once for all. */
  readonly heads: number;
  readonly labelSmoothing?: number;
  /** Rows have any number of labels: a logistic regression for each. */
  readonly multiLabel?: boolean;
}

/**
 * The objective of logistic regression, multinomial or one for each label, for one or several heads, and its gradient: a graph of a Dense layer
 * and a cross-entropy that autodiff has differentiated.
 *
 * A point is all kernels `[size, heads · classes]`, then all biases.
 */
export class LinearObjective {
  readonly options: LinearGraphOptions;
  /** Numbers of a point. */
  readonly length: number;
  readonly #executable: Executable;
  readonly #features: Float32Array;
  readonly #targets: Float32Array;
  readonly #weights: Float32Array | undefined;

  private constructor(
    options: LinearGraphOptions,
    executable: Executable,
    features: Float32Array,
    targets: Float32Array,
    weights: Float32Array | undefined,
  ) {
    this.options = options;
    this.length = (options.size + 1) * options.heads * options.classes;
    this.#executable = executable;
    this.#features = features;
    this.#targets = targets;
    this.#weights = weights;
  }

  /**
   * @param features float32 `[rows, size]`
   * @param targets float32 `[rows, heads, classes]`: rows of 0 for images that a head is not fitted on
   * @param weights with `multiLabel`, float32 `[rows, heads]`: 0 for such images, else 1
   */
  static async open(
    runtime: Runtime,
    options: LinearGraphOptions,
    features: Float32Array,
    targets: Float32Array,
    weights?: Float32Array,
  ): Promise<LinearObjective> {
    const model = modelOf(lower(objectiveGraph(options), runtime.target));
    return new LinearObjective(options, await runtime.compile(model), features, targets, weights);
  }

  /**
   * @param strength what the sum of all squared kernel elements is multiplied by
   * @returns besides the slope, scores `[rows, heads · classes]`
   */
  async at(point: Float32Array, strength: number): Promise<Slope & { readonly scores: Float32Array }> {
    const { rows, size, classes, heads } = this.options;
    const columns = heads * classes;
    const { objective, scores, ...gradients } = await this.#executable.step({
      features: float32([rows, size], this.#features),
      targets: float32([rows * heads, classes], this.#targets),
      kernel: float32([size, columns], point.subarray(0, size * columns)),
      bias: float32([columns], point.subarray(size * columns)),
      strength: float32([], [strength]),
      ...(this.#weights && { weights: float32([rows * heads, 1], this.#weights) }),
    });
    const gradient = new Float32Array(this.length);
    gradient.set(gradients['gradient/kernel'].data as Float32Array);
    gradient.set(gradients['gradient/bias'].data as Float32Array, size * columns);
    return { value: Number(objective.data[0]), gradient, scores: scores.data as Float32Array };
  }

  dispose(): Promise<void> {
    return this.#executable.dispose();
  }
}

function objectiveGraph({ rows, size, classes, heads, labelSmoothing, multiLabel }: LinearGraphOptions) {
  const graph = createGraph('linear-head');
  const features = graph.input('features', 'float32', [rows, size]);
  const targets = graph.input('targets', 'float32', [rows * heads, classes]);
  const strength = graph.input('strength', 'float32', []);
  const parameters: Value[] = [];
  const scores = dense(graph, features, size, heads * classes, parameters);
  const [kernel] = parameters;
  const ofHeads = reshape(graph, scores, [rows * heads, classes]);
  const loss = multiLabel
    ? binaryCrossentropy(graph, ofHeads, targets, {
        labelSmoothing,
        weights: graph.input('weights', 'float32', [rows * heads, 1]),
      })
    : categoricalCrossentropy(graph, ofHeads, targets, { labelSmoothing });
  const penalty = mul(graph, strength, reduceSum(graph, square(graph, kernel), [0, 1], false));
  const objective = add(graph, loss, penalty);
  const gradients = differentiate(graph, objective, parameters);
  graph.output(objective, 'objective');
  graph.output(scores, 'scores');
  parameters.forEach(({ name }, i) => {
    graph.output(gradients[i], `gradient/${name}`);
  });
  return graph.build();
}

/** A Dense layer whose weights are inputs of the graph. */
function dense(
  graph: GraphBuilder,
  features: Value,
  size: number,
  units: number,
  parameters: Value[],
): Value {
  const unexpected = () => {
    throw new Error('Dense has neither dropout nor running statistics');
  };
  const { value } = new Dense({ units }).call(
    {
      graph,
      training: true,
      parameter: ({ name, shape, graphShape = shape }) => {
        if (elementCount(graphShape) === 0) throw new Error(`${name} is empty`);
        const parameter = graph.input(name, 'float32', graphShape);
        parameters.push(parameter);
        return parameter;
      },
      dropoutMask: unexpected,
      update: unexpected,
    },
    { value: features, shape: [size] },
  );
  return value;
}
