import { Worker, type WorkerOptions } from 'node:worker_threads';

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
