/** One value that reaches the loss on several ways, and whole fragments made of many ops. */
import { describe, expect, it } from 'vitest';
import { asymmetricLoss, binaryCrossentropy, categoricalCrossentropy } from '../../src/losses/index.ts';
import { add, mul, reduceMean, scale, shift, slice, square, sub } from '../../src/ops/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { type OracleTensor, oracle } from '../oracle/index.ts';
import { map, sizeOf } from '../oracle/tensor.ts';
import { checkGradients, normal } from './check.ts';
import type { Argument, Problem } from './problem.ts';
import { batchNormalizationTraining } from './references.ts';

const runtime = nodeRuntime({ threads: 1 });

const argument = (purpose: string, ...dims: number[]): Argument => ({
  dims,
  data: normal(sizeOf(dims), purpose).map(Math.fround),
});
const x = argument('x', 2, 3);
const rowOf = (scores: OracleTensor, i: number) =>
  scores.data.slice(i * scores.dims[1], (i + 1) * scores.dims[1]);

/** Mean over the batch of −Σ smoothed target · ln softmax, each row of targets smoothed by its own sum. */
const crossentropy = (logits: OracleTensor, targets: OracleTensor, smoothing: number): OracleTensor => {
  const [batch, classes] = logits.dims;
  let loss = 0;
  for (let i = 0; i < batch; i++) {
    const [scores, wanted] = [rowOf(logits, i), rowOf(targets, i)];
    const whole = wanted.reduce((sum, value) => sum + value, 0);
    const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
    scores.forEach((score, c) => {
      loss -= (((1 - smoothing) * wanted[c] + (smoothing * whole) / classes) * (score - total)) / batch;
    });
  }
  return { dims: [], data: Float64Array.of(loss) };
};

const probabilities = (purpose: string, ...dims: number[]): Argument => {
  const [softmax] = oracle.Softmax([argument(purpose, ...dims)], {});
  return { dims, data: softmax.data.map(Math.fround) };
};

const losses = [0, 0.1].flatMap((labelSmoothing): Problem[] => [
  {
    name: `cross-entropy of logits, smoothing ${labelSmoothing}`,
    inputs: [argument('logits', 4, 5), probabilities('targets', 4, 5)],
    wrt: [0, 1],
    build: (g, [logits, targets]) => categoricalCrossentropy(g, logits!, targets!, { labelSmoothing }),
    reference: ([logits, targets]) => crossentropy(logits!, targets!, labelSmoothing),
  },
  {
    name: `cross-entropy of Softmax, smoothing ${labelSmoothing}`,
    inputs: [argument('logits', 4, 5), probabilities('targets', 4, 5)],
    wrt: [0],
    build: (g, [logits, targets]) =>
      categoricalCrossentropy(g, g.op('Softmax', [logits]), targets!, { labelSmoothing }),
    reference: ([logits, targets]) => crossentropy(logits!, targets!, labelSmoothing),
  },
]);

/** Mean over the batch of the sum over the labels of a loss of each. */
const overLabels =
  (loss: (score: number, target: number) => number) =>
  ([scores, targets, weights]: readonly (OracleTensor | undefined)[]): OracleTensor => {
    const [batch, labels] = scores!.dims;
    let sum = 0;
    scores!.data.forEach((score, i) => {
      sum += loss(score, targets!.data[i]) * (weights?.data[Math.floor(i / labels)] ?? 1);
    });
    return { dims: [], data: Float64Array.of(sum / batch) };
  };
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const crossEntropyOf = (z: number, t: number) =>
  -t * Math.log(sigmoid(z)) - (1 - t) * Math.log(1 - sigmoid(z));
const asymmetric = (z: number, t: number) => {
  const lowered = Math.max(0, sigmoid(z) - 0.05);
  return -t * Math.log(sigmoid(z)) - (1 - t) * lowered ** 4 * Math.log(1 - lowered);
};
const labelLosses: Problem[] = [
  {
    name: 'binary cross-entropy, images that do not count among them',
    inputs: [
      argument('logits', 4, 5),
      probabilities('targets', 4, 5),
      { dims: [4, 1], data: Float64Array.of(1, 0, 2, 1) },
    ],
    wrt: [0, 1],
    build: (g, [logits, targets, weights]) => binaryCrossentropy(g, logits!, targets!, { weights }),
    reference: overLabels(crossEntropyOf),
  },
  {
    name: 'binary cross-entropy of Sigmoid, smoothed',
    inputs: [argument('logits', 4, 5), probabilities('targets', 4, 5)],
    wrt: [0],
    build: (g, [logits, targets]) =>
      binaryCrossentropy(g, g.op('Sigmoid', [logits]), targets!, { labelSmoothing: 0.2 }),
    reference: overLabels((z, t) => crossEntropyOf(z, 0.8 * t + 0.1)),
  },
  {
    name: 'asymmetric loss',
    inputs: [argument('logits', 4, 5), probabilities('targets', 4, 5)],
    wrt: [0, 1],
    build: (g, [logits, targets]) => asymmetricLoss(g, logits!, targets!),
    reference: overLabels(asymmetric),
  },
];

const problems: Problem[] = [
  {
    name: 'x·x + x',
    inputs: [x],
    wrt: [0],
    build: (g, [x]) => add(g, mul(g, x!, x!), x!),
    reference: ([x]) => map(x!, (v) => v * v + v),
  },
  {
    name: 'x itself',
    inputs: [x],
    wrt: [0],
    build: (_, [x]) => x!,
    reference: ([x]) => x!,
  },
  {
    name: 'one value in every place of an op',
    inputs: [x],
    wrt: [0],
    build: (g, [x]) => g.op('Concat', [x, g.op('Sum', [x, x, x]), x], { axis: 1 }),
    reference: ([x]) => oracle.Concat([x, map(x!, (v) => 3 * v), x], { axis: 1 })[0],
  },
  {
    name: 'a diamond',
    inputs: [x],
    wrt: [0],
    build: (g, [x]) => {
      const top = g.op('Tanh', [x]);
      return mul(g, g.op('Exp', [top]), g.op('Sigmoid', [add(g, top, x!)]));
    },
    reference: ([x]) => map(x!, (v) => Math.exp(Math.tanh(v)) / (1 + Math.exp(-(Math.tanh(v) + v)))),
  },
  {
    name: 'a value against its own mean (broadcast on one way only)',
    inputs: [x],
    wrt: [0],
    build: (g, [x]) => square(g, sub(g, x!, reduceMean(g, x!, [1]))),
    reference: ([x]) => {
      const [mean] = oracle.ReduceMean([x, { dims: [1], data: Float64Array.of(1) }], {});
      return map(oracle.Sub([x, mean], {})[0], (v) => v * v);
    },
  },
  {
    name: 'overlapping parts of one value',
    inputs: [argument('parts', 2, 6)],
    wrt: [0],
    build: (g, [x]) => {
      const part = (start: number, end: number, step = 1) => slice(g, x!, [1], [start], [end], [step]);
      return mul(g, mul(g, part(0, 3), part(2, 5)), part(5, -100, -2));
    },
    reference: ([x]) => {
      const column = (r: number, c: number): number => x!.data[r * 6 + c];
      const at = (r: number, i: number): number => column(r, i) * column(r, 2 + i) * column(r, 5 - 2 * i);
      return { dims: [2, 3], data: Float64Array.from({ length: 6 }, (_, k) => at(Math.floor(k / 3), k % 3)) };
    },
  },
  {
    name: 'SiLU, x · σ(x)',
    inputs: [x],
    wrt: [0],
    build: (g, [x]) => mul(g, x!, g.op('Sigmoid', [x])),
    reference: ([x]) => map(x!, (v) => v / (1 + Math.exp(-v))),
  },
  {
    name: 'a residual block: convolution, normalization and the way around them',
    inputs: [
      argument('image', 2, 2, 4, 4),
      argument('kernel', 2, 2, 3, 3),
      argument('gamma', 2),
      argument('beta', 2),
    ],
    wrt: [0, 1, 2, 3],
    build: (g, [x, w, gamma, beta]) => {
      const y = g.op('Conv', [x, w], { pads: [1, 1, 1, 1] });
      const options = { domain: 'harrier', outputs: 3 };
      const [normal] = g.ops('BatchNormalizationTraining', [y, gamma, beta], {}, options);
      return add(g, g.op('Gelu', [normal]), x!);
    },
    reference: ([x, w, gamma, beta]) => {
      const [y] = oracle.Conv([x, w], { pads: [1, 1, 1, 1] });
      const [normal] = batchNormalizationTraining([y, gamma, beta], {});
      return oracle.Add([oracle.Gelu([normal], {})[0], x], {})[0];
    },
  },
  {
    name: 'constants beside variables',
    inputs: [x, { ...argument('constant', 3), constant: true }],
    wrt: [0],
    build: (g, [x, c]) => shift(g, scale(g, mul(g, x!, c!), 2.5), -1),
    reference: ([x, c]) => map(oracle.Mul([x, c], {})[0], (v) => 2.5 * v - 1),
  },
  ...losses,
  ...labelLosses,
];

describe.each(['cpu', 'webgpu'] as const)('gradients of whole expressions, lowered for %s', (target) => {
  for (const problem of problems) {
    it(problem.name, async () => {
      expect(await checkGradients(problem, runtime, target)).toEqual([]);
    });
  }
});
