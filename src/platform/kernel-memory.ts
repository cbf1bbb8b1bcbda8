import { HarrierError } from '../errors.ts';
import type { KernelMemory } from '../runtime/index.ts';

const PAGE = 65536;

/**
 * A zeroed block of WebAssembly memory and what runs over it, in Node and in browsers alike.
 *
 * @throws HarrierError `not-supported` when there is no room for it
 */
export function allocateKernelMemory(bytes: number): KernelMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  const memory = block(pages);
  return {
    buffer: memory.buffer,
    instantiate(module) {
      const instance = new WebAssembly.Instance(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>), {
        env: { memory },
      });
      return instance.exports as Record<string, (...args: number[]) => number>;
    },
  };
}

function block(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new HarrierError(
      'not-supported',
      'there is not enough memory for the weights and the state of the optimizer',
      {
        expected: `${((pages * PAGE) / 1e9).toFixed(1)} GB in one block`,
        next: 'Free some memory, or use a network with fewer parameters.',
        cause,
      },
    );
  }
}
