import { OnnxGraph } from '../layers/index.ts';
import type { Network } from './network.ts';
import { type TunedPart, weightedLayersIn, withNewHead } from './new-head.ts';

/** How deep in a network each of its trained parameters lies. */
export interface TrainedDepths {
  /** Layers with weights before the head: convolutions and products. */
  readonly total: number;
  /** From 1, at the input, to `total`, by the parameter's name: that of its layer, or of the last one before it. */
  readonly depths: ReadonlyMap<string, number>;
}

/**
 * Where the parameters lie that fine-tuning a part of a network trains, without those of the head.
 *
 * @throws HarrierError as `withNewHead`
 */
export function trainedDepths(network: Network, trainable: TunedPart): TrainedDepths {
  const tuned = withNewHead({ network, weights: new Map() }, { classes: 2, trainable, seed: 1 });
  const depths = new Map<string, number>();
  let total = 0;
  for (const { name, layer } of tuned.network.layers) {
    if (name === tuned.head) continue;
    const own = layer instanceof OnnxGraph ? layer : undefined;
    const inGraph = new Map(own?.parameters.map((each) => [`${name}/${each.name}`, total + each.layer]));
    total += weightedLayersIn(tuned.network, { name, layer });
    for (const parameter of tuned.network.parameters) {
      if (!parameter.trainable || !parameter.name.startsWith(`${name}/`)) continue;
      depths.set(parameter.name, inGraph.get(parameter.name) ?? Math.max(1, total));
    }
  }
  return { total, depths };
}
