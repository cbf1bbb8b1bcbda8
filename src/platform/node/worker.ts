import './engine/no-telemetry.ts';
import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, type WorkerOptions } from 'node:worker_threads';
import type { Channel } from '../../calls.ts';

/**
 * Starts a module of this package as a worker thread, whether the package runs as TypeScript source (a checkout) or
 * compiled (as published).
 *
 * @param module path without extension, relative to the module that asks, such as `./worker`
 * @param from `import.meta.url` of the module that asks
 */
export function startWorker(module: string, from: string, options: WorkerOptions = {}): Worker {
  const isSource = new URL(from).pathname.endsWith('.ts');
  const entry = new URL(`${module}${isSource ? '.ts' : '.js'}`, from);
  const { typescript } = process.features as { typescript?: string | false };
  if (!isSource || typescript) return new Worker(entry, options);
  // A worker has module hooks of its own: tsx must be registered there again.
  const tsx = import.meta.resolve('tsx/esm/api');
  const start = `import(${JSON.stringify(tsx)}).then(({ register }) => {
    register();
    return import(${JSON.stringify(entry.href)});
  });`;
  return new Worker(start, { ...options, eval: true });
}

/** Words of an environment variable's name that say that its value is a secret. */
const SECRET = /token|secret|password|credential|key/i;

/**
 * Starts a module of this package as a process, with a channel to it and without the secrets of the environment.
 *
 * @param module path without extension, relative to the module that asks, such as `./process`
 * @param from `import.meta.url` of the module that asks
 */
export function startProcess(module: string, from: string): ChildProcess {
  const isSource = new URL(from).pathname.endsWith('.ts');
  const entry = new URL(`${module}${isSource ? '.ts' : '.js'}`, from);
  const { typescript } = process.features as { typescript?: string | false };
  const execArgv = isSource && !typescript ? ['--import', import.meta.resolve('tsx/esm')] : [];
  const environment = Object.entries(process.env).filter(([name]) => !SECRET.test(name));
  return fork(fileURLToPath(entry), [], {
    execArgv,
    env: Object.fromEntries(environment),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** The channel to a thread. */
export function threadChannel(worker: Worker): Channel {
  return {
    send: (message, transfer = []) => worker.postMessage(message, transfer),
    listen: (onMessage) => worker.on('message', onMessage),
  };
}

/** The channel of a thread to its parent. */
export function parentChannel(): Channel {
  const port = parentPort;
  if (!port) throw new Error('this is not a worker thread');
  return {
    send: (message, transfer = []) => port.postMessage(message, transfer),
    listen: (onMessage) => port.on('message', onMessage),
  };
}

/** The channel to a process that was started with `fork`, or of such a process to its parent. Memory is copied. */
export function processChannel(other: ChildProcess | NodeJS.Process): Channel {
  return {
    // A process that is gone reports so by itself.
    send: (message) =>
      void (other.connected && other.send?.(message as Serializable, undefined, undefined, () => {})),
    listen: (onMessage) => other.on('message', onMessage),
  };
}
