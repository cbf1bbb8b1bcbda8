/** A page's runtime for tests in Node: see ../remote-runtime.ts. */

import { type WebRuntime, type WebRuntimeOptions, webRuntime } from '../../../src/platform/web/index.ts';
import type { Executable, Tensors } from '../../../src/runtime/index.ts';

let runtime: WebRuntime;
const executables: Executable[] = [];

export async function start(options: WebRuntimeOptions) {
  runtime = await webRuntime(options);
  const { name, target, threads, backend, gpu } = runtime;
  return { name, target, threads, backend, gpu };
}

export async function compile(
  model: Uint8Array,
  options: { carry?: { output: string; input: string }[]; state?: Tensors },
): Promise<number> {
  return executables.push(await runtime.compile(model, options)) - 1;
}

/** @param into outputs that are to be written into given arrays, which come back apart */
export async function step(index: number, feeds: Tensors, into: Tensors) {
  return { returned: await executables[index].step(feeds, into), written: into };
}

export const readState = (index: number): Promise<Tensors> => executables[index].readState();
export const writeState = (index: number, state: Tensors): void => executables[index].writeState(state);
export const dispose = (index: number): Promise<void> => executables[index].dispose();
