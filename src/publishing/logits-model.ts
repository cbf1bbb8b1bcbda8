import { HarrierError } from '../errors.ts';
import { ENSEMBLE_KEY, NETWORK_KEY, STORAGE_KEY, THRESHOLDS_KEY, withoutRejection } from '../models/index.ts';
import { type Graph, type GraphBuilder, type Model, modelOf, type Value } from '../onnx/index.ts';
import { createGraph, importGraph, mul, scalar, transpose } from '../ops/index.ts';
import { simplify } from '../passes/index.ts';

/** What a float image is called, and the scores, in models of Hugging Face's Transformers. */
const IMAGE = 'pixel_values';
const SCORES = 'logits';
/** Of probabilities that are zero, the logarithm is that of this one. */
const SMALLEST = 1e-30;

/**
 * A model by Harrier's contract as Transformers has its models: `pixel_values`, float32 `[N, 3, height, width]` from 0 to
 * 1, to `logits`, float32 `[N, classes]`, whose softmax are the same probabilities; of images with any number of labels,
 * their logistic function.
 *
 * @throws HarrierError `not-supported` when its probabilities are neither
 */
export function logitsModel(model: Model, where: string): Model {
  const { graph, metadata } = withoutRejection(model);
  const softmax = graph.nodes.find(({ outputs }) => outputs.includes('probabilities'));
  const isAverage = ENSEMBLE_KEY in metadata;
  if (!isAverage && softmax?.opType !== (THRESHOLDS_KEY in metadata ? 'Sigmoid' : 'Softmax')) {
    throw new HarrierError(
      'not-supported',
      'this model has no logits, which its probabilities are the softmax of',
      {
        where,
        received: `${softmax?.opType ?? 'no op'} as its last op`,
        next: 'Use --format npm, or --format onnx.',
      },
    );
  }
  const [{ name, shape }] = graph.inputs;
  const [batch, height, width, channels] = shape;
  const builder = createGraph(graph.name);
  const pixels = builder.input(IMAGE, 'float32', [batch, channels, height, width]);
  // Every op between the image and its conversion to float32 (views of it) takes floats as well.
  const image = transpose(builder, mul(builder, pixels, scalar(builder, 255)), [0, 2, 3, 1]);
  const others: Graph = { ...graph, nodes: graph.nodes.filter((node) => isAverage || node !== softmax) };
  const values = importGraph(builder, others, { [name]: image });
  const scores = isAverage
    ? scoresOf(builder, values.get('probabilities')!, THRESHOLDS_KEY in metadata)
    : values.get(softmax!.inputs[0])!;
  builder.output(scores, SCORES);
  const built = builder.build();
  // Of weights in integers, simplifying would make floats.
  const isQuantized = graph.nodes.some(({ opType }) => opType === 'QuantizeLinear');
  return modelOf(isQuantized ? built : simplify(built), metadataOf(metadata));
}

/** Scores whose softmax, or logistic function, are probabilities that an average of several models gives. */
function scoresOf(builder: GraphBuilder, probabilities: Value, isMultiLabel: boolean): Value {
  const log = (value: Value) => builder.op('Log', [builder.op('Max', [value, scalar(builder, SMALLEST)])]);
  const scores = log(probabilities);
  return isMultiLabel
    ? builder.op('Sub', [scores, log(builder.op('Sub', [scalar(builder, 1), probabilities]))])
    : scores;
}

/** What stays true of the model: names and origin, but neither its layers nor how its weights were stored. */
function metadataOf(metadata: Model['metadata']): Model['metadata'] {
  const others = Object.entries(metadata).filter(([key]) => key !== NETWORK_KEY && key !== STORAGE_KEY);
  return Object.fromEntries(others);
}
