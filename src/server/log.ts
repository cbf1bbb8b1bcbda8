/** `error`: someone must look; `warn`: something was refused or mended; `info`: every request. */
export type LogLevel = 'error' | 'warn' | 'info';

/** The levels of the log, from the quietest. */
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info'];

/** Takes one event. Fields never hold pixels, tokens or bodies. */
export type Log = (level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/**
 * A log of JSON lines: `{"time":…,"level":…,"event":…,…}`.
 * @param write takes a line without its end
 * @param least events less urgent than this are left out
 */
export function jsonLog(write: (line: string) => void, least: LogLevel = 'info'): Log {
  return (level, event, fields) => {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(least)) return;
    write(JSON.stringify({ time: new Date().toISOString(), level, event, ...fields }));
  };
}
