import type { GroupConfig } from './groups.ts';
import { highestRate, withHighestRate } from './highest-rate.ts';
import type { OptimizerName } from './names.ts';
import type { OptimizerConfig } from './optimizer.ts';
import { optimizerFrom } from './optimizers.ts';

/**
 * How the learning rate follows the batch when a run keeps its number of steps: rate ∝ batch ^ power.
 *
 * The gradient of a batch of B images has a standard error ∝ 1 / √B. A step of SGD is that gradient times the rate, so
 * rate ∝ √B keeps the noise of a step as it was (Krizhevsky, "One weird trick for parallelizing convolutional neural
 * networks", 2014, section 5; Hoffer, Hubara, Soudry, "Train longer, generalize better", 2017, section 4.1, who keep the number
 * of steps too). Muon orthogonalises the gradient, Adam and RMSprop divide it by its own size: their steps are as long
 * whatever the batch, and their rates stay.
 */
const POWER: Readonly<Record<OptimizerName, number>> = {
  SGD: 0.5,
  RMSprop: 0,
  Adam: 0,
  AdamW: 0,
  Muon: 0,
};

/**
 * The same optimizer for batches of another size in as many steps: its rate and those of its groups, each as its
 * optimizer requires. Schedules keep their shape.
 *
 * @param ratio images in a batch over those that the rates are made for
 * @param options.own false: the rate of the optimizer itself stays, and only its groups follow. Default true
 */
export function withRatesForBatch(
  config: OptimizerConfig,
  ratio: number,
  { own = true }: { readonly own?: boolean } = {},
): OptimizerConfig {
  if (ratio === 1) return config;
  const { groups } = config;
  return {
    ...(own ? scaled(config, ratio) : config),
    ...(Array.isArray(groups) && {
      groups: groups.map(({ parameters, optimizer }: GroupConfig) => ({
        parameters,
        optimizer: scaled(optimizer, ratio),
      })),
    }),
  };
}

function scaled(optimizer: GroupConfig['optimizer'], ratio: number): OptimizerConfig {
  const { config } = optimizerFrom(optimizer);
  const factor = ratio ** POWER[config.name as OptimizerName];
  if (factor === 1) return config;
  const { learningRate } = config;
  return { ...config, learningRate: withHighestRate(learningRate, highestRate(learningRate) * factor) };
}
