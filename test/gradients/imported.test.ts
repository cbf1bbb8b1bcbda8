/** Imported graphs against the same graphs in float64: their scores, and the gradient of every array of weights. */
import { describe, expect, it } from 'vitest';
import { exportModel, readForeignModel, toGraphLayout } from '../../src/models/index.ts';
import { float32, type Graph, numbersOf, type Tensor } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { buildStepGraph } from '../../src/training/step-graph.ts';
import { gradientName } from '../../src/training/updates.ts';
import { drawPixels } from '../foreign/compare.ts';
import { CLASSES, HEIGHT, imageModel, NETWORKS, WIDTH } from '../foreign/graphs.ts';
import { type OracleTensor, oracle } from '../oracle/index.ts';

const BATCH = 2;
const STEP = 1e-5;
const TOLERANCE = 1e-4;
/** Elements of each array that are looked at, evenly spread. */
const ELEMENTS = 3;

/** A graph in float64, node by node. */
function evaluate(graph: Graph, inputs: Readonly<Record<string, OracleTensor>>): Map<string, OracleTensor> {
  const values = new Map<string, OracleTensor>(
    Array.from(graph.initializers, ([name, t]) => [
      name,
      { dims: [...t.dims], data: Float64Array.from(numbersOf(t)) },
    ]),
  );
  for (const [name, value] of Object.entries(inputs)) values.set(name, value);
  for (const { opType, inputs: given, outputs, attributes } of graph.nodes) {
    const results = oracle[opType](
      given.map((name) => (name === '' ? undefined : values.get(name)!)),
      attributes,
    );
    outputs.forEach((name, i) => {
      values.set(name, results[i]);
    });
  }
  return values;
}

describe.each(Object.entries(NETWORKS))('%s', (_, build) => {
  it('its step graph gives the gradients that differences give', async () => {
    const { network, weights } = readForeignModel(imageModel(build));
    const { graph } = exportModel(network, weights);
    const pixels = drawPixels(BATCH, HEIGHT, WIDTH);
    const image = { dims: [BATCH, HEIGHT, WIDTH, 3], data: Float64Array.from(pixels) };
    const labels = [1, 3];
    const lossOf = (changed: Readonly<Record<string, OracleTensor>>): number => {
      const { data } = evaluate(graph, { ...changed, image }).get('probabilities')!;
      return labels.reduce((sum, label, row) => sum - Math.log(data[row * CLASSES + label]) / BATCH, 0);
    };

    const { model } = buildStepGraph(network, { batch: BATCH, target: 'cpu' });
    const executable = await nodeRuntime({ threads: 1 }).compile(model);
    const feeds: Record<string, Tensor> = {
      image: { type: 'uint8', dims: image.dims, data: pixels },
      targets: float32(
        [BATCH, CLASSES],
        Float32Array.from({ length: BATCH * CLASSES }, (_, i) =>
          Number(labels[Math.floor(i / CLASSES)] === i % CLASSES),
        ),
      ),
    };
    for (const spec of network.parameters) {
      const values = new Float32Array(weights.get(spec.name)!.length);
      toGraphLayout(spec, weights.get(spec.name)!, values);
      feeds[spec.name] = float32(spec.graphShape, values);
    }
    const outputs = await executable.step(feeds);
    await executable.dispose();
    expect(numbersOf(outputs.loss)[0]).toBeCloseTo(lossOf({}), 5);

    for (const { name, trainable, graphShape } of network.parameters) {
      if (!trainable) continue;
      const actual = numbersOf(outputs[gradientName(name)]);
      const size = Math.max(...actual.map(Math.abs));
      const data = Float64Array.from(numbersOf(feeds[name]));
      for (let k = 0; k < Math.min(ELEMENTS, data.length); k++) {
        const at = Math.floor((k * data.length) / ELEMENTS) % data.length;
        const moved = (by: number) =>
          lossOf({ [name]: { dims: [...graphShape], data: data.with(at, data[at] + by) } });
        const expected = (moved(STEP) - moved(-STEP)) / (2 * STEP);
        expect(
          Math.abs(actual[at] - expected),
          `${name}[${at}]: ${actual[at]}, not ${expected}`,
        ).toBeLessThanOrEqual(TOLERANCE * Math.max(size, 1e-3));
      }
    }
  });
});
