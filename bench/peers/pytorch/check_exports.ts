/**
 * Holds Harrier's import of networks that `export_models.py` exported against PyTorch: the scores, and the gradient to the
 * image. See bench/peers/README.md.
 *
 *     npx tsx bench/peers/pytorch/check_exports.ts FOLDER
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { differentiate } from '../../../src/autodiff/index.ts';
import { decodeNpy } from '../../../src/data/npy.ts';
import { OnnxGraph } from '../../../src/layers/index.ts';
import { type ForeignModel, readForeignModel } from '../../../src/models/index.ts';
import { decodeModel, float32, modelOf, type Value } from '../../../src/onnx/index.ts';
import { add, createGraph, mul, reduceSum } from '../../../src/ops/index.ts';
import { lower } from '../../../src/passes/index.ts';
import { nodeRuntime } from '../../../src/platform/node/engine/runtime.ts';
import { externalReader } from '../../../src/platform/node/files/model-file.ts';

const runtime = nodeRuntime({ threads: 1 });

interface Outcome {
  readonly network: string;
  readonly exporter: string;
  readonly layers?: number;
  readonly nodes?: number;
  readonly head?: string;
  readonly scores?: string;
  readonly gradient?: string;
  readonly seconds?: string;
  readonly problem?: string;
}

async function main(folder: string, only: readonly string[]): Promise<void> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
  const outcomes: Outcome[] = [];
  for (const file of files) {
    const [network, exporter] = file.split('.');
    if (only.length > 0 && !only.includes(network)) continue;
    const own = { network, exporter };
    let outcome: Outcome;
    try {
      outcome = { ...own, ...(await check(folder, file, network)) };
    } catch (error) {
      outcome = { ...own, problem: error instanceof Error ? error.message : `${error}` };
    }
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    outcomes.push(outcome);
  }
  process.stdout.write(`\n${table(outcomes)}\n`);
}

async function check(folder: string, file: string, network: string): Promise<Partial<Outcome>> {
  const start = performance.now();
  const path = join(folder, file);
  const array = (what: string) => decodeNpy(readFileSync(join(folder, `${network}.${what}.npy`)), what);
  const image = array('image');
  const model = readForeignModel(decodeModel(readFileSync(path), path, externalReader(path)), {
    imageSize: image.shape[2],
  });
  const graph = createGraph('check');
  const input = graph.input('image', 'float32', image.shape);
  const scores = scoresOf(model, (name) => model.weights.get(name)!, input);
  const [layer] = model.network.layers;
  const weights = array('weights');
  graph.output(scores, 'scores');
  const product = mul(graph, scores, graph.constant(float32(weights.shape, floats(weights))));
  const loss = reduceSum(graph, product, [0, 1], false);
  graph.output(differentiate(graph, loss, [input])[0], 'gradient');
  const built = graph.build();
  const seconds = (performance.now() - start) / 1000;
  const executable = await runtime.compile(modelOf(lower(built, 'cpu')));
  try {
    const results = await executable.step({ image: float32(image.shape, floats(image)) });
    return {
      layers: (layer.layer as OnnxGraph).weightedLayers,
      nodes: built.nodes.length,
      head: model.head ?? 'none',
      scores: apart(results.scores.data as Float32Array, floats(array('scores'))),
      gradient: apart(results.gradient.data as Float32Array, floats(array('gradient'))),
      seconds: seconds.toFixed(1),
    };
  } finally {
    await executable.dispose();
  }

  function scoresOf(read: ForeignModel, weight: (name: string) => Float32Array, x: Value): Value {
    const [{ layer: own, name }] = read.network.layers;
    const { value: features } = own.call(
      {
        graph,
        training: false,
        parameter: (spec) => graph.initializer(spec.name, float32(spec.shape, weight(`${name}/${spec.name}`))),
        dropoutMask: () => x,
        update: () => undefined,
      },
      { value: x, shape: [image.shape[2], image.shape[3], 3] },
    );
    if (!read.head) return features;
    const [, classes] = read.network.parameters.find((spec) => spec.name === 'head/kernel')!.shape;
    const kernel = graph.initializer('kernel', float32([Number(features.shape[1]), classes], weight('head/kernel')));
    const y = graph.op('MatMul', [features, kernel]);
    return read.weights.has('head/bias')
      ? add(graph, y, graph.initializer('bias', float32([classes], weight('head/bias'))))
      : y;
  }
}

function floats({ data }: { readonly data: ArrayLike<number | bigint> }): Float32Array {
  return Float32Array.from(data as ArrayLike<number>);
}

/** The largest difference, relative to the largest number. */
function apart(own: Float32Array, theirs: Float32Array): string {
  let [largest, difference] = [0, 0];
  theirs.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(value - own[i]));
  });
  return own.length === theirs.length ? (difference / largest).toExponential(0) : `${own.length} numbers`;
}

function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ network, exporter, layers, nodes, head, scores, gradient, seconds, problem }) =>
    problem ? [network, exporter, problem, '', '', '', '', ''] : [network, exporter, layers, nodes, head, scores, gradient, seconds],
  );
  const head = ['network', 'exporter', 'layers with weights', 'nodes with gradient', 'head', 'scores', 'gradient', 'seconds'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const [folder, ...only] = process.argv.slice(2);
await main(folder, only);
