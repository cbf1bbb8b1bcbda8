import { emitOnnxSumOfSquares } from '../kernels/index.ts';
import { float32, type GraphBuilder, int64, type Value } from '../onnx/index.ts';
import { checkBoolean, checkKeys, checkNumber } from '../options/values.ts';
import { AdamW } from './adam.ts';
import type { Optimizer, OptimizerConfig, OptimizerGroup } from './optimizer.ts';
import type { Schedule, ScheduleConfig } from './schedule.ts';
import { scheduleFrom } from './schedules.ts';

/** Options of `Muon`. */
export interface MuonOptions {
  /** A number, a schedule, or a schedule's configuration. Default 0.02. */
  learningRate?: number | Schedule | ScheduleConfig;
  /** In [0, 1). Default 0.95. */
  momentum?: number;
  /** Looks one step of momentum ahead. Default true. */
  nesterov?: boolean;
  /** Newton-Schulz iterations. Default 5. */
  steps?: number;
  /** Decoupled: before the update, each weight loses this part of itself times the learning rate. Default 0. */
  weightDecay?: number;
  /**
   * Before each step, brings every kernel to the norm √outputs: for kernels whose size makes no difference because
   * normalisation follows. Default false.
   */
  normalizeKernels?: boolean;
  /** Of AdamW, which updates what is no matrix: biases, and normalisation's scales and offsets. Default 0.001. */
  vectorLearningRate?: number | Schedule | ScheduleConfig;
}

/** Of the quintic a·x + b·x³ + c·x⁵ whose iteration takes singular values in (0, 1] to about 1. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
/** Added to the norm that is divided by. */
const EPSILON = 1e-7;

/**
 * Muon: momentum, orthogonalised. A kernel is seen as a matrix of one row per output, and the step is the nearest
 * matrix whose singular values are all about 1, found by a few Newton-Schulz iterations (Jordan et al., "Muon: An
 * optimizer for hidden layers in neural networks", 2024).
 *
 *     velocity = momentum · velocity + gradient
 *     parameter −= learningRate · orthogonalised(gradient + momentum · velocity)
 *
 * It takes matrix products, so it is emitted as ONNX ops on every platform.
 *
 * @throws HarrierError `bad-option`
 */
export class Muon implements Optimizer {
  readonly name = 'Muon';
  readonly slots: readonly string[];
  readonly kernel = undefined;
  readonly scalarNames: readonly string[];
  readonly learningRate: Schedule;
  readonly clipping = undefined;
  readonly config: OptimizerConfig;
  readonly groups: readonly OptimizerGroup[];
  readonly #options: { momentum: number; nesterov: boolean; steps: number; normalizeKernels: boolean };
  readonly #weightDecay: number;

  constructor(options: MuonOptions = {}) {
    checkKeys('Muon', options, [
      'learningRate',
      'momentum',
      'nesterov',
      'steps',
      'weightDecay',
      'normalizeKernels',
      'vectorLearningRate',
    ]);
    this.learningRate = scheduleFrom(options.learningRate ?? 0.02);
    const momentum = checkNumber('Muon', 'momentum', options.momentum ?? 0.95, { atLeast: 0, below: 1 });
    const nesterov = checkBoolean('Muon', 'nesterov', options.nesterov ?? true);
    const steps = checkNumber('Muon', 'steps', options.steps ?? 5, { atLeast: 1, atMost: 20, whole: true });
    const normalizeKernels = checkBoolean('Muon', 'normalizeKernels', options.normalizeKernels ?? false);
    this.#weightDecay = checkNumber('Muon', 'weightDecay', options.weightDecay ?? 0, { atLeast: 0 });
    this.#options = { momentum, nesterov, steps, normalizeKernels };
    this.slots = momentum > 0 ? ['velocity'] : [];
    this.scalarNames = ['learningRate', ...(this.#weightDecay > 0 ? ['weightDecay'] : [])];
    const vectors = new AdamW({ learningRate: options.vectorLearningRate ?? 0.001, weightDecay: 0 });
    this.groups = [{ parameters: ['*'], maximumRank: 1, optimizer: vectors }];
    this.config = {
      name: this.name,
      learningRate: plain(this.learningRate),
      ...this.#options,
      weightDecay: this.#weightDecay,
      vectorLearningRate: plain(vectors.learningRate),
    };
  }

  scalars(step: number, learningRate: number): Record<string, number> {
    checkNumber('Muon', 'step', step, { atLeast: 1, whole: true });
    const scalars: Record<string, number> = { learningRate: Math.fround(learningRate) };
    if (this.#weightDecay > 0) scalars.weightDecay = Math.fround(this.#weightDecay * learningRate);
    return scalars;
  }

  emit(graph: GraphBuilder, values: Readonly<Record<string, Value>>): Record<string, Value> {
    const { momentum, nesterov, steps, normalizeKernels } = this.#options;
    const { gradient, learningRate, weightDecay } = values;
    const constant = (value: number) => graph.constant(float32([], [value]));
    const mul = (a: Value, b: Value) => graph.op('Mul', [a, b]);
    const add = (a: Value, b: Value) => graph.op('Add', [a, b]);

    let { parameter, velocity } = values;
    let towards = gradient;
    if (momentum > 0) {
      velocity = add(mul(velocity, constant(momentum)), gradient);
      towards = nesterov ? add(gradient, mul(velocity, constant(momentum))) : velocity;
    }
    if (weightDecay) parameter = graph.op('Sub', [parameter, mul(parameter, weightDecay)]);
    const [rows, columns] = matrixOf(gradient);
    if (normalizeKernels) {
      const outputs = gradient.shape.length === 2 ? columns : rows;
      const norm = graph.op('Sqrt', [emitOnnxSumOfSquares(graph, [parameter])]);
      parameter = mul(parameter, graph.op('Div', [constant(Math.sqrt(outputs)), norm]));
    }
    const step = mul(orthogonalize(graph, towards, steps), learningRate);
    return { parameter: graph.op('Sub', [parameter, step]), ...(momentum > 0 && { velocity }) };
  }
}

/** Rows and columns of a kernel seen as a matrix: a convolution's outputs are rows, a Dense layer's columns. */
function matrixOf({ shape }: Value): [number, number] {
  const [rows, ...rest] = shape.map(Number);
  return [rows, rest.reduce((product, size) => product * size, 1)];
}

/**
 * A matrix with about the same singular vectors and singular values near 1, by
 * X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X, begun with the matrix over its Frobenius norm. XXᵀ is taken on the shorter side.
 */
function orthogonalize(graph: GraphBuilder, x: Value, steps: number): Value {
  const dims = x.shape.map(Number);
  const [rows, columns] = matrixOf(x);
  const turned = rows > columns;
  const constant = (value: number) => graph.constant(float32([], [value]));
  const reshape = (value: Value, to: readonly number[]) =>
    value.shape.length === to.length ? value : graph.op('Reshape', [value, graph.constant(int64([...to]))]);
  const transpose = (value: Value) => graph.op('Transpose', [value], { perm: [1, 0] });
  const product = (a: Value, b: Value) => graph.op('MatMul', [a, b]);
  const sum = (a: Value, b: Value) => graph.op('Add', [a, b]);
  const times = (a: Value, value: number) => graph.op('Mul', [a, constant(value)]);

  const matrix = reshape(x, [rows, columns]);
  const norm = graph.op('Add', [
    graph.op('Sqrt', [emitOnnxSumOfSquares(graph, [matrix])]),
    constant(EPSILON),
  ]);
  let current = graph.op('Div', [turned ? transpose(matrix) : matrix, norm]);
  for (let i = 0; i < steps; i++) {
    const gram = product(current, transpose(current));
    const mixed = sum(times(gram, B), times(product(gram, gram), C));
    current = sum(times(current, A), product(mixed, current));
  }
  return reshape(turned ? transpose(current) : current, dims);
}

/** A constant rate as a number, a schedule as its configuration. */
function plain({ config }: Schedule): unknown {
  return config.name === 'constant' ? config.learningRate : config;
}
