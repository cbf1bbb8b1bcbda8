import { unknownName } from '../errors.ts';
import type { BuiltNode, Model, Shape, Value } from '../onnx/index.ts';
import { type Anatomy, dissect, sizeOf, weightsOf } from './anatomy.ts';
import { channelsFirst } from './image-layouts.ts';

/** A layer of a finished model: the ops that carry one name, as far as the file still tells. */
export interface ModelLayer {
  /** `conv2d`, as in the summary; what `layer` options take. */
  readonly name: string;
  /** ONNX's names, in their order: `Conv`, `Relu`. */
  readonly ops: readonly string[];
  /** In the graph's own order of axes: the batch, channels, height, width. */
  readonly outputShape: Shape;
  /** Number of weights. */
  readonly parameters: number;
  /** Names of the layers whose outputs it takes; `image` for the image itself. */
  readonly inputs: readonly string[];
}

/** What a layer that takes the image itself names as its input. */
export const IMAGE = 'image';
/** Ops that only bring the image into shape, before the first weights. */
const PREPROCESSING = 'preprocessing';

const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'FusedConv']);

/** A layer within a graph, with the value that it gives. */
export interface PlacedLayer extends ModelLayer {
  readonly output: Value;
  /** Whether its output is an image of channels, `[batch, channels, height, width]`. */
  readonly isImage: boolean;
}

/**
 * The layers of a model, in the order in which they run, without the views that it averages and the conversion of
 * stored weights.
 *
 * @throws HarrierError `not-supported` when it is not an image classifier
 */
export function layersOf(model: Model, where?: string): ModelLayer[] {
  return placedLayers(dissect(model, 'N', where)).map(({ name, ops, outputShape, parameters, inputs }) => ({
    name,
    ops,
    outputShape,
    parameters,
    inputs,
  }));
}

export function placedLayers(anatomy: Anatomy): PlacedLayer[] {
  const groups = grouped(anatomy.nodes);
  const images = channelsFirst(anatomy.nodes);
  const makers = new Map<string, string>([[anatomy.image.name, IMAGE]]);
  const counted = new Set<string>();
  return groups.map(({ name, nodes }) => {
    const inputs = nodes.flatMap((node) =>
      node.inputs.flatMap((input) => (input && makers.get(input.name)) ?? []),
    );
    let parameters = 0;
    for (const weight of nodes.flatMap((node) => weightsOf(anatomy, node))) {
      if (counted.has(weight.name) || name === PREPROCESSING) continue;
      counted.add(weight.name);
      parameters += sizeOf(weight);
    }
    for (const node of nodes) for (const output of node.outputs) makers.set(output.name, name);
    const output = nodes.at(-1)!.outputs[0];
    return {
      name,
      ops: nodes.map(({ opType }) => opType),
      outputShape: output.shape,
      parameters,
      inputs: [...new Set(inputs)].filter((each) => each !== name),
      output,
      isImage: images.has(output.name),
    };
  });
}

/** @throws HarrierError `bad-option` with the nearest name, when there is none such */
export function layerNamed(layers: readonly PlacedLayer[], name: string): PlacedLayer {
  const found = layers.find((layer) => layer.name === name);
  if (found) return found;
  throw unknownName(
    'layer',
    name,
    layers.map((layer) => layer.name),
  );
}

interface Group {
  readonly name: string;
  readonly nodes: BuiltNode[];
}

/** Neighbours of one scope together; a node without a scope by itself, but those before the first weights as one. */
function grouped(nodes: readonly BuiltNode[]): Group[] {
  const groups: Group[] = [];
  const calls = new Map<string, number>();
  const firstWeights = nodes.findIndex(({ opType }) => WEIGHTED.has(opType));
  let last: string | undefined;
  nodes.forEach((node, place) => {
    const [scope, own] = partsOf(node);
    const key = scope || (place < firstWeights ? PREPROCESSING : own);
    if (key === last && (scope || key === PREPROCESSING)) {
      groups.at(-1)!.nodes.push(node);
      return;
    }
    // A layer that is used again is called `dense/2` the second time, as in summaries.
    const call = (calls.get(key) ?? 0) + 1;
    calls.set(key, call);
    groups.push({ name: call === 1 ? key : `${key}/${call}`, nodes: [node] });
    last = key;
  });
  return groups;
}

/** `conv2d` and `Conv` of `conv2d/Conv`; PyTorch writes the same as `/conv2d/Conv_output_0`. */
function partsOf({ outputs: [{ name }] }: BuiltNode): [scope: string, own: string] {
  const plain = name.replace(/^\/+/, '').replace(/_output_\d+$/, '');
  const end = plain.lastIndexOf('/');
  return end < 0 ? ['', plain] : [plain.slice(0, end), plain.slice(end + 1)];
}
