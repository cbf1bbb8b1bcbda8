import type { Runtime, Tensors } from '../../src/runtime/index.ts';

/** A runtime that tells of each step what it is fed, before it computes it. */
export function watching(runtime: Runtime, onStep: (feeds: Tensors) => void): Runtime {
  return {
    ...runtime,
    async compile(model, options) {
      const executable = await runtime.compile(model, options);
      return {
        ...executable,
        step(feeds, into) {
          onStep(feeds);
          return executable.step(feeds, into);
        },
      };
    },
  };
}
