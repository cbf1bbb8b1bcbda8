import { COUNT, type NumberRange } from '../options/range.ts';
import { checkNumber } from '../options/values.ts';
import { LONGEST_TIMER_MS } from '../platform/node/timers.ts';

const SOME: NumberRange = { atLeast: 1 };
const NO_LESS_THAN_NONE: NumberRange = { atLeast: 0 };
/** What Node takes. */
const TIMEOUT: NumberRange = { ...COUNT, atMost: LONGEST_TIMER_MS };

/** Numbers that options of a server may hold, by their names. */
const RANGES: Readonly<Record<string, NumberRange>> = {
  port: { whole: true, atLeast: 0, atMost: 65_535 },
  workers: COUNT,
  threads: COUNT,
  threadsAlone: COUNT,
  maxBatch: COUNT,
  headersTimeoutMs: TIMEOUT,
  requestTimeoutMs: TIMEOUT,
};

/** Limits: they may be Infinity. */
const LIMITS: Readonly<Record<string, NumberRange>> = {
  maxQueue: COUNT,
  maxDelayMs: NO_LESS_THAN_NONE,
  maxPixels: SOME,
  maxBodyBytes: SOME,
  maxJsonBytes: SOME,
  maxBufferedBytes: SOME,
  maxConnections: COUNT,
  maxConcurrency: COUNT,
  deadlineMs: { above: 0 },
  idleTimeoutMs: NO_LESS_THAN_NONE,
  graceMs: NO_LESS_THAN_NONE,
  drainMs: NO_LESS_THAN_NONE,
  watchMs: NO_LESS_THAN_NONE,
};

/**
 * Checks the numbers among the options of a server: NaN would lift a limit, and no worker would take an image.
 *
 * @param where the function that was given them
 * @throws HarrierError `bad-option`
 */
export function checkNumbers(where: string, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (Object.hasOwn(RANGES, name)) checkNumber(where, name, value, RANGES[name]);
    if (Object.hasOwn(LIMITS, name) && value !== Number.POSITIVE_INFINITY) {
      checkNumber(where, name, value, LIMITS[name]);
    }
  }
}
