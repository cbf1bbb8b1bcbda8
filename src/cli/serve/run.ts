import { HarrierError } from '../../errors.ts';
import { findModel, newestModel } from '../../platform/node/runs/find-run.ts';
import { isLoopback } from '../../server/addresses.ts';
import { jsonLog, type LogLevel } from '../../server/log.ts';
import { serveModel } from '../../server/serve.ts';
import { noteElsewhere } from '../elsewhere.ts';
import { classifierBytes, type ForeignFlags } from '../foreign.ts';
import { watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';

/** The options of `serve` as they were typed. */
export interface ServeCommandOptions extends ForeignFlags {
  readonly port: number;
  readonly host: string;
  readonly allowHost?: readonly string[];
  readonly name: string;
  readonly workers?: number;
  readonly threads?: number;
  readonly maxQueue: number;
  readonly maxBatch: number;
  readonly maxDelay: number;
  readonly deadline: number;
  readonly maxBody: number;
  readonly maxPixels: number;
  readonly token?: string;
  readonly log: LogLevel;
  readonly reload: boolean;
}

/** `harrier serve`: until it is told to end. */
export async function runServe(model: string | undefined, options: ServeCommandOptions): Promise<void> {
  const { port, host, name, log, reload } = options;
  if (port > 65_535) {
    throw new HarrierError('bad-option', 'this port does not exist', {
      where: '--port',
      expected: 'at most 65535',
      received: `${port}`,
    });
  }
  if (!/^[\w.-]{1,63}$/.test(name)) {
    throw new HarrierError('bad-option', 'this name cannot be used in a URL', {
      where: '--name',
      expected: 'up to 63 letters, digits, dots, dashes and underscores',
      received: `"${name}"`,
    });
  }
  // Standard output belongs to the log.
  const reporter = new Reporter({ machine: true });
  const { modelFile } = model === undefined ? await newestModel() : await findModel(model);
  const token = options.token ?? process.env.HARRIER_TOKEN;
  const interruption = watchInterruption(() =>
    reporter.note('Stopping: answering open requests first. Press Ctrl-C again to stop at once.'),
  );
  try {
    const server = await serveModel({
      modelFile,
      readModel: (file) => classifierBytes(file, options, reporter),
      port,
      host,
      allowedHosts: options.allowHost,
      name,
      workers: options.workers,
      threads: options.threads,
      maxQueue: options.maxQueue,
      maxBatch: options.maxBatch,
      maxDelayMs: options.maxDelay,
      deadlineMs: options.deadline,
      maxBodyBytes: Math.floor(options.maxBody * 2 ** 20),
      maxPixels: Math.floor(options.maxPixels * 1e6),
      watchMs: reload ? undefined : 0,
      token,
      log: jsonLog((line) => reporter.result(line), log),
    });
    reporter.note(`Serving ${modelFile} at ${server.url} (Ctrl-C ends it).`);
    const bearer = token === undefined ? '' : ` -H 'authorization: Bearer TOKEN'`;
    reporter.note(
      `Try: curl --data-binary @image.png -H 'content-type: image/png'${bearer} ${server.url}/invocations`,
    );
    noteElsewhere(`${server.url}/invocations`, host, reporter);
    if (token === undefined && !isLoopback(host)) {
      reporter.note(
        'Anyone who can reach this address can use the server: set --token, or put a proxy in front.',
      );
    }
    await new Promise<void>((resolve) => {
      if (interruption.signal.aborted) resolve();
      interruption.signal.addEventListener('abort', () => resolve());
    });
    await server.close();
  } finally {
    interruption.end();
  }
}
