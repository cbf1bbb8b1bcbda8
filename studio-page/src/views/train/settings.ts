import type { RunRecordInfo } from 'harrier/src/studio-server/api.ts';

/** A setting in which runs differ. */
export interface Difference {
  /** `optimizer.weightDecay` */
  readonly name: string;
  /** One for each run; undefined where it has none. */
  readonly values: readonly (string | undefined)[];
}

/** Where a model lay and what it was known by: its name says which it was. */
const LEFT_OUT: readonly string[] = ['from.path', 'from.hash'];

/** The settings and the data in which runs differ, by name. */
export function settingsDifference(records: readonly RunRecordInfo[]): Difference[] {
  const all = records.map((record) => flat({ ...record.options, images: record.data.train.images }));
  const names = [...new Set(all.flatMap((settings) => [...settings.keys()]))]
    .filter((name) => !LEFT_OUT.includes(name))
    .sort();
  return names
    .map((name) => ({ name, values: all.map((settings) => settings.get(name)) }))
    .filter(({ values }) => new Set(values).size > 1);
}

/** Settings by their path; lists and what is no object are values. */
function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, each] of Object.entries(value))
      flat(each, path === '' ? name : `${path}.${name}`, into);
  } else if (value !== undefined) {
    into.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return into;
}
