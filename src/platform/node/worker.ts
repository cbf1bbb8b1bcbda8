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

/**
 * The environment variables that a process needs which decodes images: of the system, of Node, of the C library and of
 * libvips. All others may hold secrets, whatever they are called.
 */
const NEEDED = [
  /^(PATH|HOME|USERPROFILE|TMPDIR|TEMP|TMP|SYSTEMROOT|WINDIR|LANG|TZ)$/i,
  /^(NODE_OPTIONS|NODE_PATH|HARRIER_CACHE|GLIBC_TUNABLES)$/i,
  /^(LC|LD|DYLD|MALLOC|OMP|UV|VIPS)_/i,
];

/** The part of an environment without secrets. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => NEEDED.some((pattern) => pattern.test(name))),
  );
}

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
  return fork(fileURLToPath(entry), [], {
    execArgv,
    env: withoutSecrets(process.env),
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
