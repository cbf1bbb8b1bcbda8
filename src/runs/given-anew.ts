import { type OPTIONS, type OptionName, optionNamed, optionsWhere } from '../options/table.ts';
import type { RunOptions } from './run-record.ts';

/** Options of `train` that may be given anew to a run that is resumed. */
export type ChangeableOption = {
  [Name in OptionName]: (typeof OPTIONS)[Name] extends { readonly onResume: 'may change' } ? Name : never;
}[OptionName];

/** Whether an option of `train` may be given anew to a run that is resumed. */
export function mayChange(name: string): boolean {
  return optionNamed(name)?.onResume === 'may change';
}

/** Those of them that `run.json` keeps, by their fields. */
export const CHANGEABLE_FIELDS: readonly string[] = optionsWhere(
  ({ onResume, recorded }) => recorded && onResume === 'may change',
).map(([name]) => name);

/** Whether an option has the value that it has where nobody gives it: `--no-…` options are true then. */
export function isLeftOut(name: string, value: unknown): boolean {
  const { type, flag } = optionNamed(name) ?? {};
  return (
    value === undefined || (type?.kind === 'boolean' && value === (flag?.name?.startsWith('--no-') ?? false))
  );
}

/** What is given anew to a run that is resumed. */
export function givenAnew<T extends object>(given: T): Pick<T, keyof T & ChangeableOption> {
  const anew = Object.entries(given).filter(([name, value]) => mayChange(name) && !isLeftOut(name, value));
  return Object.fromEntries(anew) as Pick<T, keyof T & ChangeableOption>;
}

/**
 * Options of a run with what is given anew: another place of the same data, another number of threads.
 * @param cores processor cores that there are
 */
export function withGivenAnew(options: RunOptions, given: object, cores: number): RunOptions {
  const anew = Object.entries(givenAnew(given)).filter(([name]) => CHANGEABLE_FIELDS.includes(name));
  const changed: RunOptions = { ...options, ...Object.fromEntries(anew) };
  return {
    ...changed,
    threads: Math.min(changed.threads, cores),
    // The processor goes without saying.
    ...(changed.device && { device: changed.device === 'gpu' ? changed.device : undefined }),
  };
}
