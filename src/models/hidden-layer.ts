import { Network } from './network.ts';
import type { NewHead } from './new-head.ts';
import { initialWeights } from './weights.ts';

/** A layer before the head. */
export interface HiddenLayerOptions {
  readonly units: number;
  /** Fraction of its units that a training step leaves out. */
  readonly dropout: number;
  /** Its weights are drawn by it. */
  readonly seed: number;
}

/** A network with a new head, and a Dense layer with ReLU before that. */
export interface HiddenHead extends NewHead {
  /** The hidden layer's name. */
  readonly hidden: string;
}

/** Puts a Dense layer with ReLU, and Dropout, before the head of a network. Its other weights stay. */
export function withHiddenLayer(
  { head, network, weights }: NewHead,
  { units, dropout, seed }: HiddenLayerOptions,
): HiddenHead {
  const config = network.config();
  const taken = new Set(network.layers.map(({ name }) => name));
  const hidden = freeName(`${head}_hidden`, taken);
  const dropped = freeName(`${head}_dropout`, taken);
  const layers = [
    {
      layer: 'Dense',
      options: { name: hidden, units, activation: 'relu', kernelInitializer: 'heNormal' },
    },
    { layer: 'Dropout', options: { name: dropped, rate: dropout } },
  ];
  const changed = Network.from({
    ...config,
    layers: config.layers.flatMap((each) => (each.options.name === head ? [...layers, each] : [each])),
    ...(config.calls && {
      calls: config.calls.flatMap((call) =>
        call.layer === head
          ? [
              { layer: hidden, inputs: call.inputs },
              { layer: dropped, inputs: [hidden] },
              { ...call, inputs: [dropped] },
            ]
          : [call],
      ),
    }),
  });
  // The head takes other numbers than before, and as many as there are units.
  const isNew = (name: string) => name.startsWith(`${head}/`) || name.startsWith(`${hidden}/`);
  const first = initialWeights(
    changed.parameters.filter(({ name }) => isNew(name)),
    seed,
  );
  return {
    head,
    hidden,
    network: changed,
    weights: new Map(changed.parameters.map(({ name }) => [name, (first.get(name) ?? weights.get(name))!])),
  };
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
  return free;
}
