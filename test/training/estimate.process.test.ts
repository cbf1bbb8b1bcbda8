import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = (path: string) => JSON.stringify(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)));

/** What training is estimated to need, and by how much the resident memory of a fresh process grew with it. */
function measured(batch: number): { estimated: number; grown: number } {
  const script = `
    import { kerasCnn, networkOf } from ${src('recipes/index.ts')};
    import { nodeRuntime } from ${src('platform/node/engine/runtime.ts')};
    import { stepMemory, Trainer } from ${src('training/index.ts')};
    import { optimizerFrom } from ${src('optimizers/index.ts')};
    import { initialWeights } from ${src('models/index.ts')};
    const batch = ${batch};
    const runtime = nodeRuntime();
    const network = networkOf(kerasCnn, { inputShape: [32, 32, 3], classes: 10 });
    const optimizer = optimizerFrom('sgd');
    const { state, step } = await stepMemory({ network, optimizer, runtime, batch });
    const weights = initialWeights(network.parameters, 1);
    const before = process.memoryUsage.rss();
    const trainer = new Trainer({ network, optimizer, runtime, seed: 1, weights });
    const targets = new Float32Array(batch * 10).fill(0.1);
    const pixels = new Uint8Array(batch * 32 * 32 * 3).fill(9);
    for (let i = 0; i < 3; i++) await trainer.step(pixels, targets, i, 0.0001);
    const grown = process.resourceUsage().maxRSS * 1024 - before;
    console.log(JSON.stringify({ estimated: state + step, grown }));`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

it('the estimate of memory is below what training takes, and above half of it', () => {
  const { estimated, grown } = measured(600);
  expect(estimated / grown).toBeGreaterThan(0.5);
  expect(estimated / grown).toBeLessThan(1);
});
