import { HarrierError } from '../../errors.ts';
import { Dense, OnnxGraph, structureOf, weightNames } from '../../layers/index.ts';
import { type Graph, type GraphBuilder, int64, type Value } from '../../onnx/index.ts';
import { createGraph, importGraph } from '../../ops/index.ts';
import { Network, type Normalization } from '../network.ts';
import type { TrainedNetwork } from '../trained-network.ts';
import { IMAGE } from './prepare-graph.ts';
import type { Split } from './split-scores.ts';

/** The name of the layer that holds the imported graph, and of the layer of scores after it. */
export const [BACKBONE, HEAD] = ['backbone', 'head'];

/**
 * A prepared graph as a network: the graph up to its features as one layer, then the layer of scores as `Dense`, if it
 * has one.
 */
export function toNetwork(
  graph: Graph,
  { features, scores }: Split,
  normalization: Normalization,
  where: string,
): TrainedNetwork {
  const builder = createGraph(graph.name);
  const values = importGraph(builder, graph);
  builder.output(asRow(builder, values.get(features)!, where), 'features');
  const upTo = builder.build();
  const { structure, weights } = withoutWeights(upTo);
  const [, channels, height, width] = graph.inputs.find(({ name }) => name === IMAGE)!.shape.map(Number);
  const network = new Network({
    name: networkName(graph.name),
    inputShape: [height, width, channels],
    normalization,
    layers: [
      new OnnxGraph({ graph: structureOf(structure), name: BACKBONE }),
      ...(scores
        ? [new Dense({ units: scores.kernel.dims[1], useBias: scores.bias !== undefined, name: HEAD })]
        : []),
    ],
  });
  return {
    network,
    weights: new Map([
      ...Array.from(weights, ([name, values]) => [`${BACKBONE}/${name}`, values] as const),
      ...(scores ? [[`${HEAD}/kernel`, scores.kernel.data as Float32Array] as const] : []),
      ...(scores?.bias ? [[`${HEAD}/bias`, scores.bias] as const] : []),
    ]),
  };
}

function networkName(name: string): string {
  return /^[\w. -]{1,60}$/.test(name) ? name : 'imported';
}

/** One row of numbers for each image: maps are averaged; of tokens the first stands for the image. */
function asRow(builder: GraphBuilder, value: Value, where: string): Value {
  const { shape } = value;
  const isKnown = shape.slice(1).every((size) => typeof size === 'number');
  if (isKnown && shape.length === 2) return value;
  // One row, whichever axis it is on.
  if (isKnown && shape.slice(1).filter((size) => size !== 1).length <= 1)
    return builder.op('Flatten', [value]);
  if (isKnown && shape.length === 4) {
    return builder.op('Flatten', [builder.op('GlobalAveragePool', [value])]);
  }
  if (isKnown && shape.length === 3) {
    const first = builder.constant({ ...int64([0]), dims: [] });
    return builder.op('Gather', [value, first], { axis: 1 });
  }
  throw new HarrierError('not-supported', 'its output is no row of numbers for each image', {
    where,
    expected: '(N, classes), (N, channels, height, width) or (N, tokens, channels)',
    received: `${value.name}: (${shape.join(', ')})`,
    next: 'Name the value that holds the features: --features NAME.',
  });
}

/** A graph whose weights have become inputs after the image, and the weights, by the names of those inputs. */
function withoutWeights(graph: Graph): { structure: Graph; weights: Map<string, Float32Array> } {
  const ofWeights = shortNames(graph);
  const names = new Map(ofWeights);
  const weights = new Map<string, Float32Array>();
  for (const [old, name] of scopedNames(graph)) names.set(old, name);
  const rename = (name: string) => names.get(name) ?? name;
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  const inputs = [...graph.inputs];
  for (const [old, name] of ofWeights) {
    const { dims, data } = graph.initializers.get(old)!;
    inputs.push({ name, type: 'float32', shape: dims });
    weights.set(name, data as Float32Array);
  }
  const initializers = new Map([...graph.initializers].filter(([name]) => !ofWeights.has(name)));
  return { structure: { ...graph, inputs, initializers, nodes }, weights };
}

/** Names for values whose exporter gave them no scope: each op is then a layer by itself, for whoever looks inside. */
function scopedNames({ nodes, outputs }: Graph): Map<string, string> {
  const isOutput = new Set(outputs.map(({ name }) => name));
  return new Map(
    nodes.flatMap(({ opType, outputs: [name] }) =>
      name.includes('/') || isOutput.has(name) ? [] : [[name, `${name}/${opType}`] as const],
    ),
  );
}

/** Names that weights have within the layer, by their names in the graph: without slashes, and none twice. */
function shortNames(graph: Graph): Map<string, string> {
  const taken = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const names = new Map<string, string>();
  for (const name of weightNames(graph)) {
    const plain = speakingName(graph, name)
      .replace(/[^\w.-]+/g, '.')
      .replace(/^\.+|\.+$/g, '');
    // Folding has numbered weights in whose place there is another.
    const base = plain.replace(/_\d+$/, '') || 'weight';
    let unique = taken.has(base) && name !== base ? plain || base : base;
    for (let i = 2; unique !== name && taken.has(unique); i++) unique = `${base}_${i}`;
    taken.add(unique);
    names.set(name, unique);
  }
  return names;
}

/** The name of a weight; where its exporter has only numbered it, that of the node which reads it. */
function speakingName({ nodes }: Graph, name: string): string {
  if (!/^(onnx::|val_|constant|_?\d+$|[A-Za-z]+_\d+$)/.test(name)) return name;
  const node = nodes.find(({ inputs }) => inputs.includes(name))!;
  const [, scope] = /^(.*)\/[^/]+$/.exec(node.outputs[0]) ?? [];
  if (scope === undefined) return name;
  return `${scope}.${node.inputs.indexOf(name) === 2 ? 'bias' : 'weight'}`;
}
