import { fromBase64, toBase64 } from '../base64.ts';
import { DAMAGED_OR_NEWER, HarrierError } from '../errors.ts';
import { decodeModel, encodeModel, formatShape, type Graph, modelOf } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';
import {
  type Activations,
  imageShape,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
} from './layer.ts';
import { type GraphParameter, graphMultiplyAdds, graphParameters } from './onnx-graph-parameters.ts';

/** Options of `OnnxGraph`. */
export interface OnnxGraphOptions extends LayerOptions {
  /**
   * The graph's structure, as base64 of an ONNX model: its first input is the image, float32 (N, channels, height,
   * width); each further input is an array of weights, float32, by its name; its one output is a row for each image.
   * `structureOf` makes it of a graph.
   */
  graph: string;
  /** How many layers with weights (convolutions and products) training changes, counted from the output. Default: all. */
  trainableLayers?: number;
}

/** A graph that was imported from an ONNX file: (height, width, channels) to (features). Its weights are parameters. */
export class OnnxGraph extends Layer<OnnxGraphOptions> {
  readonly type = 'OnnxGraph';
  readonly #graph: Graph;
  readonly #parameters: readonly GraphParameter[];
  #multiplyAdds?: number;

  /** @throws HarrierError `bad-option` for a structure that cannot be read */
  constructor(options: OnnxGraphOptions) {
    super(knownOptions('OnnxGraph', options, ['graph', 'trainableLayers']));
    this.#graph = graphOf(options.graph);
    const { trainableLayers } = options;
    if (trainableLayers !== undefined && !(Number.isInteger(trainableLayers) && trainableLayers >= 0)) {
      throw new HarrierError('bad-option', 'trainableLayers', {
        where: 'OnnxGraph',
        expected: 'a whole number from 0',
        received: `${trainableLayers}`,
      });
    }
    this.#parameters = graphParameters(this.#graph);
  }

  /** Layers with weights that the graph has: convolutions and products with a matrix of weights. */
  get weightedLayers(): number {
    return Math.max(0, ...this.#parameters.map(({ layer }) => layer));
  }

  /** Names of the ops that the graph computes with. */
  get opTypes(): ReadonlySet<string> {
    return new Set(this.#graph.nodes.map(({ opType }) => opType));
  }

  /** The weights' names within the layer, first to last, each with the number of the layer with weights it belongs to. */
  get parameters(): readonly GraphParameter[] {
    return this.#parameters;
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const [image] = this.#graph.inputs;
    const [height, width, channels] = imageShape(this.type, input);
    if (`${[channels, height, width]}` !== `${image.shape.slice(1)}`) {
      const [own, rows, columns] = image.shape.slice(1);
      throw new HarrierError('bad-shape', 'an imported graph takes images of one size', {
        expected: formatShape([rows, columns, own]),
        received: formatShape([height, width, channels]),
      });
    }
    const first = this.weightedLayers - (this.options.trainableLayers ?? Number.POSITIVE_INFINITY);
    const weights = this.#parameters.map(({ name, shape, isStatistic, decay, layer }) => [
      name,
      parameter({
        name,
        shape,
        initializer: 'zeros',
        trainable: !isStatistic && layer > first,
        decay,
      }),
    ]);
    const values = importGraph(graph, this.#graph, {
      ...Object.fromEntries(weights),
      [image.name]: input.value,
    });
    const value = values.get(this.#graph.outputs[0].name)!;
    return { value, shape: [Number(value.shape[1])] };
  }

  override multiplyAdds(): number {
    this.#multiplyAdds ??= graphMultiplyAdds(this.#graph);
    return this.#multiplyAdds;
  }
}

/**
 * A graph as the option `graph` of `OnnxGraph` has it.
 * @param graph its first input is the image, the others are weights; its one output is (N, features)
 */
export function structureOf(graph: Graph): string {
  // A node is called after its first output, which need not be written twice.
  const nodes = graph.nodes.map((node) => ({ ...node, name: '' }));
  return toBase64(encodeModel(modelOf({ ...graph, nodes })));
}

function graphOf(structure: string): Graph {
  const bytes = typeof structure === 'string' ? fromBase64(structure) : undefined;
  const problem = (received: string, cause?: unknown) =>
    new HarrierError('bad-option', 'graph', {
      where: 'OnnxGraph',
      expected: 'the base64 of an ONNX model with an image, weights, and one output (N, features)',
      received,
      next: DAMAGED_OR_NEWER,
      cause,
    });
  if (!bytes) throw problem('no base64');
  let graph: Graph;
  try {
    ({ graph } = decodeModel(bytes, 'OnnxGraph'));
    const { inputs, outputs } = graph;
    if (inputs[0]?.shape.length === 4 && outputs.length === 1) {
      const values = importGraph(createGraph(graph.name), graph);
      if (isRow(values.get(outputs[0].name)?.shape)) return graph;
    }
  } catch (cause) {
    throw problem('one that cannot be read', cause);
  }
  throw problem(
    `${[...graph.inputs.slice(0, 1), ...graph.outputs].map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(' to ')}`,
  );
}

function isRow(shape: Graph['inputs'][number]['shape'] | undefined): boolean {
  return shape?.length === 2 && typeof shape[1] === 'number';
}
