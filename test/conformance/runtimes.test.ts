import { describe } from 'vitest';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { runtimeContract } from './contract.ts';
import { wasmRuntime } from './wasm-runtime.ts';

for (const runtime of [nodeRuntime({ threads: 1 }), await wasmRuntime()]) {
  describe(runtime.name, () => runtimeContract(runtime));
}
