import { availableParallelism } from 'node:os';
import { HarrierError } from '../../errors.ts';
import { colour } from '../../models/index.ts';
import { flagOf } from '../../options/option.ts';
import { optionsOf } from '../../options/table.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { isLeftOut, mayChange, withGivenAnew } from '../../runs/given-anew.ts';
import { optionOf, SHIPPED_MODEL } from '../../runs/option-of.ts';
import type { RunOptions, RunRecord } from '../../runs/run-record.ts';
import { isSameModel } from './options.ts';

/**
 * Options of a resumed run: its own. More epochs may be given, and what the table of options says may change, such as
 * another place of the same data.
 * @throws HarrierError `bad-option` for what cannot change
 */
export function resumedOptions(record: RunRecord, given: TrainOptions): RunOptions {
  const { options } = record;
  for (const [name, { flag, onResume }] of optionsOf('train')) {
    if (onResume !== undefined || isLeftOut(name, given[name])) continue;
    const { own, typed } = name === 'set' ? settings(given.set!, options) : both(name, given, options);
    if (words(typed) === words(own)) continue;
    throw new HarrierError(
      'bad-option',
      `a resumed run keeps its own options: ${flag?.name ?? flagOf(name)} cannot change`,
      {
        expected: words(own) ?? 'none',
        received: words(typed),
        next: 'Leave it out, or start a new run without --resume.',
      },
    );
  }
  if (given.epochs !== undefined && given.epochs < options.epochs) {
    throw new HarrierError('bad-option', 'a resumed run can have more epochs, but not fewer', {
      where: '--epochs',
      expected: `at least ${options.epochs}`,
      received: `${given.epochs}`,
    });
  }
  return {
    ...withGivenAnew(options, given, availableParallelism()),
    epochs: given.epochs ?? options.epochs,
  };
}

/** A value as a run has it, and as it was typed with `--resume`. */
interface Both {
  readonly own: unknown;
  readonly typed: unknown;
}

function both(name: keyof TrainOptions, given: TrainOptions, options: RunOptions): Both {
  const own = optionOf(name, options);
  const { from } = given;
  if (name === 'from') {
    // A run keeps an address without its secrets.
    const isSame = typeof own === 'string' && isSameModel(from, own);
    return { own, typed: isSame ? own : from === true ? SHIPPED_MODEL : from };
  }
  // One number stands for all three.
  if (name === 'mean' || name === 'std') return { own, typed: colour(given[name]!) };
  return { own, typed: given[name] };
}

/** The settings that `--set` names: the last of two for one counts. */
function settings(set: readonly string[], options: RunOptions): Both {
  const typed = new Map(
    set.map((text) => {
      const [name, ...value] = text.split('=');
      return [name.trim(), value.join('=').trim()] as const;
    }),
  );
  const own = [...typed].map(([name, text]) => {
    const value = { ...options.recipeOptions }[name] ?? optionOf(name, options);
    return `${name}=${isWritten(text, value) ? text : (value ?? 'none')}`;
  });
  return { own, typed: [...typed].map(([name, text]) => `${name}=${text}`) };
}

/** Whether a text is how a value may be typed. */
function isWritten(text: string, value: unknown): boolean {
  if (typeof value === 'number') return text !== '' && Number(text) === value;
  return text.toLowerCase() === `${value}`.toLowerCase();
}

/** A value as errors show it, which also tells whether two are the same; undefined where there is none. */
function words(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  const isTexts = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
  return isTexts ? value.join(' ') : JSON.stringify(value);
}

/**
 * Checks what was typed with `--resume` of a group of runs.
 *
 * @param isOwn whether an option of the group itself may have this value
 * @param summary says what keeps its own options
 * @throws HarrierError `bad-option` for what cannot change
 */
export function checkResumed(
  typed: TrainOptions,
  isOwn: (option: string, value: unknown) => boolean,
  summary: string,
): void {
  const fixed = Object.entries(typed).find(
    ([option, value]) =>
      !isLeftOut(option, value) && !mayChange(option) && option !== 'debug' && !isOwn(option, value),
  );
  if (!fixed) return;
  const option = flagOf(fixed[0]);
  throw new HarrierError('bad-option', summary, {
    where: fixed[1] === false ? option.replace('--', '--no-') : option,
    next: 'Leave it out, or start again without --resume.',
  });
}
