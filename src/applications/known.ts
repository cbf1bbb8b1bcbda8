import type { Preprocessing } from '../data/preprocessing.ts';
import { HarrierError } from '../errors.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { type Network, type TrainedNetwork, toKerasLayout, type Weights } from '../models/index.ts';
import { elementCount, formatShape } from '../onnx/index.ts';
import {
  EFFICIENTNET_LITE_PREPROCESSING,
  EFFICIENTNET_LITE_VARIANTS,
  EfficientNetLite,
} from './efficientnet-lite.ts';
import { efficientNetLiteTorchNames } from './efficientnet-lite-weights.ts';
import { readStateDict, type StateDict, type TorchNames } from './torch/state-dict.ts';

/** A network that Harrier has in its own layers, and how its published weights are read. */
interface Application {
  /** For people: `EfficientNetLite lite0`. */
  readonly name: string;
  /** The network for this number of classes. */
  readonly network: (classes: number) => Network;
  readonly torchNames: (network: Network) => TorchNames;
  /** The tensor of which the first size is the number of classes. */
  readonly scores: string;
  readonly preprocessing: Preprocessing;
  /** What is assumed of a file with these tensors, where it may be another; undefined where its name says so. */
  readonly assumed?: (where: string) => string | undefined;
}

const APPLICATIONS: readonly Application[] = EFFICIENTNET_LITE_VARIANTS.flatMap((variant) => {
  const lite = {
    name: `EfficientNetLite ${variant}`,
    network: (classes: number) => EfficientNetLite({ variant, classes }),
    preprocessing: EFFICIENTNET_LITE_PREPROCESSING,
  };
  return [
    {
      ...lite,
      scores: '_fc.weight',
      torchNames: (network: Network) => efficientNetLiteTorchNames(network, 'efficientnet-lite-pytorch'),
    },
    {
      ...lite,
      scores: 'classifier.weight',
      torchNames: (network: Network) => efficientNetLiteTorchNames(network, 'timm'),
      assumed: (where: string) =>
        where.includes(`tf_efficientnet_${variant}`)
          ? undefined
          : `${where} is taken for the weights that TensorFlow published (timm's tf_efficientnet_${variant}). ` +
            `If it is timm's own efficientnet_${variant}, which has the same tensors, export it to ONNX.`,
    },
  ];
});

/** Published weights in a network of Harrier's own layers. */
export interface KnownNetwork extends TrainedNetwork {
  readonly preprocessing: Preprocessing;
  /** What was assumed of the file: a sentence each. */
  readonly assumed?: readonly string[];
}

/**
 * The network that a PyTorch state dictionary belongs to, with its weights. It is known by the names and shapes of its
 * tensors.
 *
 * @param where what to call the file in errors
 * @throws HarrierError `bad-checkpoint` as `readStateDict` does, `not-supported` when it is of no network that Harrier
 *   knows
 */
export function networkOfStateDict(bytes: Uint8Array, where: string): KnownNetwork {
  const state = readStateDict(bytes, where);
  for (const { network: make, torchNames, scores, preprocessing, assumed } of APPLICATIONS) {
    const classes = state.get(scores)?.shape[0];
    if (!classes) continue;
    const network = make(classes);
    const names = torchNames(network);
    if (network.parameters.every((spec) => fits(spec, state.get(names.get(spec.name)!)?.shape))) {
      const sentence = assumed?.(where);
      return {
        network,
        weights: weightsOf(network, names, state),
        preprocessing,
        ...(sentence && { assumed: [sentence] }),
      };
    }
  }
  const [first] = state;
  throw new HarrierError('not-supported', 'these are the weights of no network that Harrier knows', {
    where,
    expected: [...new Set(APPLICATIONS.map(({ name }) => name))].join(', '),
    received: `${state.size} tensors, the first "${first[0]}" ${formatShape(first[1].shape)}`,
    next: 'Export the model from PyTorch to ONNX, and give that file.',
  });
}

/** PyTorch's layouts are those of ONNX, except that a Dense kernel is (outputs, inputs). */
function fits(spec: ParameterSpec, shape: readonly number[] | undefined): boolean {
  return (
    shape !== undefined && `${shape}` === `${isDense(spec) ? [...spec.shape].reverse() : spec.graphShape}`
  );
}

function weightsOf(network: Network, names: TorchNames, state: StateDict): Weights {
  return new Map(
    network.parameters.map((spec) => {
      const values = state.get(names.get(spec.name)!)!.read();
      const weights = new Float32Array(elementCount(spec.shape));
      if (isDense(spec)) transpose(values, spec.shape, weights);
      else toKerasLayout(spec, values, weights);
      return [spec.name, weights] as const;
    }),
  );
}

function isDense({ shape }: ParameterSpec): boolean {
  return shape.length === 2;
}

/** (outputs, inputs) to (inputs, outputs). */
function transpose(from: Float32Array, [inputs, outputs]: readonly number[], to: Float32Array): void {
  for (let i = 0; i < inputs; i++)
    for (let j = 0; j < outputs; j++) to[i * outputs + j] = from[j * inputs + i];
}
