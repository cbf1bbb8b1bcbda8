import { unknownName } from '../errors.ts';
import { badOption } from '../options/values.ts';
import { Adam, AdamW } from './adam.ts';
import { groupsFrom, withGroups } from './groups.ts';
import { Muon } from './muon.ts';
import { type OptimizerName, optimizerNames } from './names.ts';
import type { Optimizer, OptimizerConfig } from './optimizer.ts';
import { RMSprop } from './rmsprop.ts';
import { SGD } from './sgd.ts';

const OPTIMIZERS = { SGD, RMSprop, Adam, AdamW, Muon } as const satisfies Record<OptimizerName, unknown>;

/**
 * An optimizer from its name or its configuration, `{ name, …options }`; capitals do not matter, as in Keras.
 * An optimizer is itself. `groups: [{ parameters: ['name', 'pattern*'], optimizer: { name, …options } }]` updates some
 * parameters by other optimizers.
 *
 * @throws HarrierError `bad-option` for an unknown name, an unknown option or a value that makes no sense
 */
export function optimizerFrom(config: string | Optimizer | OptimizerConfig): Optimizer {
  if (typeof config === 'string') return optimizerFrom({ name: config });
  if (typeof config !== 'object' || config === null) {
    throw badOption('optimizer', 'configuration', 'a name, an optimizer or { name, …options }', config);
  }
  if ('emit' in config) return config as Optimizer;
  const { name, groups, ...options } = config as OptimizerConfig;
  const known = optimizerNames.find((each) => each.toLowerCase() === String(name).toLowerCase());
  if (known === undefined) throw unknownName('optimizer', String(name), optimizerNames);
  const optimizer = new OPTIMIZERS[known](options);
  return groups === undefined ? optimizer : withGroups(optimizer, groupsFrom(groups, optimizerFrom));
}
