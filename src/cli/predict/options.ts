import { HarrierError } from '../../errors.ts';
import { isAddress } from '../../platform/node/remote/remote-images.ts';
import type { ForeignFlags } from '../foreign.ts';
import type { Shard } from '../shard.ts';
import { USUAL_TOP } from './answer-options.ts';
import type { ListOptions } from './arguments.ts';
import { STANDARD_INPUT } from './input.ts';

/** The options of `predict` as they were typed. */
export interface PredictOptions extends ListOptions, ForeignFlags {
  readonly top: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  /** Fraction of images whose class the named set is to hold. */
  readonly sets?: number;
  /** Whether sets keep their promise for each class. */
  readonly perClass?: boolean;
  readonly threads?: number;
  /** The part of the images to classify. */
  readonly shard?: Shard;
  /** A file for answers, one line of JSON each. */
  readonly out?: string;
  readonly force?: boolean;
  /** A folder to sort images into, by their classes. */
  readonly sort?: string;
  /** With `sort`: the least largest probability of an image that goes into the folder of a class. */
  readonly atLeast?: number;
  readonly move?: boolean;
  /** With `out` or `sort`: whether images that cannot be read leave the command a success. */
  readonly skipBad?: boolean;
}

/** @throws HarrierError `bad-option` for options of `predict` that cannot be combined */
export function checkPredictOptions(options: PredictOptions): void {
  const { json, csv, out, sort } = options;
  if (json && csv) {
    throw new HarrierError('bad-option', '--json and --csv cannot be combined', {
      next: 'Give one of them.',
    });
  }
  if (options.perClass && options.sets === undefined) {
    throw new HarrierError('bad-option', 'this option needs --sets', {
      where: '--per-class',
      next: 'Add --sets 0.95.',
    });
  }
  if (options.skipBad && out === undefined && sort === undefined) {
    throw new HarrierError('bad-option', 'this option needs --out or --sort', {
      where: '--skip-bad',
      next: 'Add --out answers.jsonl, or --sort FOLDER.',
    });
  }
  if (out !== undefined && (json || csv)) {
    throw new HarrierError('bad-option', '--out writes lines of JSON, and takes no other format', {
      where: json ? '--json' : '--csv',
      next: 'Leave it out.',
    });
  }
  if (sort === undefined) checkWithoutSort(options);
  else checkWithSort(options);
}

function checkWithoutSort({ atLeast, move }: PredictOptions): void {
  if (atLeast === undefined && !move) return;
  throw new HarrierError('bad-option', 'this option needs --sort', {
    where: move ? '--move' : '--at-least',
    next: 'Add --sort FOLDER.',
  });
}

function checkWithSort({ csv, out, sets, top, force }: PredictOptions): void {
  const other = [
    [out !== undefined, '--out'],
    [csv, '--csv'],
    [sets !== undefined, '--sets'],
    [top !== USUAL_TOP, '--top'],
    [force, '--force'],
  ].find(([isGiven]) => isGiven);
  if (!other) return;
  throw new HarrierError('bad-option', `--sort and ${other[1]} cannot be combined`, {
    next: '--sort writes the class of each image, and its probability, to predictions.csv.',
  });
}

/** @throws HarrierError `bad-option` for an image that lies in no folder */
export function checkSortable(names: readonly string[]): void {
  const other = names.find((name) => name === STANDARD_INPUT || isAddress(name));
  if (other === undefined) return;
  throw new HarrierError('bad-option', 'only files of this machine can be sorted into folders', {
    where: '--sort',
    received: other === STANDARD_INPUT ? 'standard input' : other,
    next: 'Download the images first, or write the answers with --out.',
  });
}
