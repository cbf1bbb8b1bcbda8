import { appendFile, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { csvCell } from '../../../format/csv.ts';
import { metricsOf, resultMetricsOf, type Tracker } from './tracker.ts';

/** The table in a run's folder. */
export const CSV_FILE = 'metrics.csv';

const HEADER = 'run,time,step,metric,value\n';

/**
 * A table in which each figure is a line, for spreadsheets and scripts. Several runs may write to one table.
 *
 * @param path default: `metrics.csv` in the run's folder
 */
export function csvTable(path?: string): Tracker {
  let file = '';
  let run = '';
  const write = (step: number, metrics: readonly (readonly [string, number])[]) => {
    const time = new Date().toISOString();
    const lines = metrics.map(([name, value]) => `${csvCell(run)},${time},${step},${name},${value}\n`);
    return appendFile(file, lines.join(''));
  };
  return {
    name: 'the table of --log-to csv',
    async begin({ name, folder }) {
      run = name;
      file = path === undefined ? join(folder, CSV_FILE) : resolve(path);
      await mkdir(dirname(file), { recursive: true });
      const isNew = ((await stat(file).catch(() => undefined))?.size ?? 0) === 0;
      if (isNew) await appendFile(file, HEADER);
    },
    epoch: (record) => write(record.epoch, metricsOf(record)),
    async end(result) {
      if (typeof result !== 'string') await write(result.epochs, resultMetricsOf(result));
    },
  };
}
