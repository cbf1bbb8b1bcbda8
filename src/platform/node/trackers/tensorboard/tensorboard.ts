import { appendFile, mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { metricsOf, resultMetricsOf, type Tracker } from '../tracker.ts';
import { type BoardEvent, encodeEvent, versionEvent } from './events.ts';
import { tfRecord } from './records.ts';

/** The folder of event files in a run's folder. */
export const BOARD_FOLDER = 'tensorboard';

/**
 * Event files of TensorBoard: scalars by epoch, sample images, and at the end the confusion matrix. A run that is resumed
 * begins a new file in the same folder, which TensorBoard reads as one.
 *
 * @param folder default: `tensorboard` in the run's folder
 */
export function tensorBoard(folder?: string): Tracker {
  let file: string | undefined;
  const write = (event: BoardEvent) => appendFile(file!, tfRecord(encodeEvent(event)));
  const now = () => Date.now() / 1000;
  return {
    name: 'TensorBoard',
    async begin({ name, folder: run, samples }) {
      const place = folder === undefined ? join(run, BOARD_FOLDER) : join(folder, name);
      await mkdir(place, { recursive: true });
      const time = now();
      file = join(place, `events.out.tfevents.${Math.floor(time)}.${hostname()}.${process.pid}.0`);
      await appendFile(file, tfRecord(versionEvent(time)));
      await write({
        time,
        step: 0,
        images: samples.map((image, i) => [samples.length === 1 ? 'images' : `images/${i + 1}`, image]),
      });
    },
    async epoch(record) {
      await write({ time: now(), step: record.epoch, scalars: metricsOf(record) });
    },
    async end(result) {
      if (typeof result === 'string') return;
      await write({
        time: now(),
        step: result.epochs,
        scalars: resultMetricsOf(result),
        images: result.confusion ? [['confusion', result.confusion]] : [],
      });
    },
  };
}
