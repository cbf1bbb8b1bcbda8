import { STRETCHED } from '../data/preprocessing.ts';
import { highestRate } from '../optimizers/index.ts';
import { fieldOf, optionNamed } from '../options/table.ts';
import { ADAPTIVE_VIEWS } from '../options/words.ts';
import type { RunOptions } from './run-record.ts';

/** What `--from` means where it names no model. */
export const SHIPPED_MODEL = 'the model that comes with Harrier';

/**
 * The value that an option of the table, or one of the optimizer, has in a run, in the words of `harrier train`;
 * undefined where the run has none.
 */
export function optionOf(name: string, options: RunOptions): unknown {
  const { from, optimizer } = options;
  switch (name) {
    case 'from':
      return from && (from.path ? from.name : SHIPPED_MODEL);
    case 'mean':
    case 'std':
    case 'channelOrder':
    case 'features':
      return from?.reading?.[name];
    case 'learningRate':
      return highestRate(optimizer.learningRate);
    case 'optimizer':
      return optimizer.name;
    case 'resize':
      return options.preprocessing?.resize ?? STRETCHED.resize;
    case 'augment':
      return options.augmentation ?? [];
    case 'sampling':
      return options.sampling ?? 'natural';
    case 'loss':
      // A run keeps the name of the function.
      return options.loss.name === 'asymmetric' ? 'asymmetric' : 'crossentropy';
    case 'tta':
      return options.adaptiveViews ? ADAPTIVE_VIEWS : (options.testTimeAugmentation ?? 'none');
    case 'calibrate':
    case 'keepBest':
      return options[name] ?? true;
    default:
      return keptValue(name, options);
  }
}

/** By its field in `run.json`, else one of the optimizer. */
function keptValue(name: string, options: RunOptions): unknown {
  // A dot in a field leads into an object.
  const kept = fieldOf(name)
    .split('.')
    .reduce<unknown>((at, key) => Object(at)[key], options);
  return (
    kept ?? optionNamed(name)?.setting?.value ?? ({ ...options.optimizer } as Record<string, unknown>)[name]
  );
}
