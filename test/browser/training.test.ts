/** Whole training steps in Chromium against Node's: gradients, trajectories, and the loss of the device. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numbersOf } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import type { Runtime } from '../../src/runtime/index.ts';
import { buildStepGraph } from '../../src/training/step-graph.ts';
import { largest, largestDifference } from '../gradients/check.ts';
import { BATCH, draw, examples, networkOf } from '../gradients/networks.ts';
import { relativeDistance } from '../training/problem.ts';
import { type BrowserPage, closeTestBrowser, noChromium, openTestPage } from './browser.ts';
import { cases, type Trajectory, trajectory } from './pages/training.ts';
import { type RemoteRuntime, remoteRuntime } from './remote-runtime.ts';

const MODULE = new URL('./pages/training.ts', import.meta.url);
/** Relative to the largest element of a gradient. */
const GRADIENT_TOLERANCE = 1e-4;
const STEPS = 5;
/** Of losses and weights after that many steps, each of which carries the errors of those before on. */
const TRAJECTORY_TOLERANCE = 1e-4;

const node = nodeRuntime({ threads: 1 });

afterAll(closeTestBrowser);

describe
  .skipIf(noChromium)
  .each([{ backend: 'wasm', threads: 1 }, { backend: 'wasm', threads: 2 }, { backend: 'webgpu' }] as const)(
  `in Chromium, $backend $threads${noChromium ? ` (${noChromium})` : ''}`,
  (options) => {
    let runtime: RemoteRuntime;
    let page: BrowserPage;
    beforeAll(async () => {
      runtime = await remoteRuntime(options);
      page = await openTestPage(MODULE);
    });
    afterAll(async () => {
      await runtime?.page.close();
      await page?.close();
    });

    // Where a processor stands in for the graphics device, kernels take seconds to prepare. Those of the first example
    // stand in the second one and in the trajectories too, and each op has a test of its own in lowered.test.ts.
    const compared = options.backend === 'webgpu' ? examples.slice(1) : examples;
    it.each(compared)('gradients are those of Node: $name', async (example) => {
      const network = networkOf(example);
      const run = async (on: Runtime) => {
        const { model, masks } = buildStepGraph(network, { batch: BATCH, target: on.target });
        const executable = await on.compile(model);
        const outputs = await executable.step(draw(network, masks));
        await executable.dispose();
        return outputs;
      };
      const [expected, actual] = [await run(node), await run(runtime)];
      expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, tensor] of Object.entries(expected)) {
        const numbers = numbersOf(tensor);
        const error = largestDifference(numbersOf(actual[name]), numbers) / (largest(numbers) || 1);
        expect(error, name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
      }
    });

    // There the many kernels of Muon's rule would take minutes; and the rule of AdamW is the same on a single layer, for
    // which fewer kernels are prepared.
    const isSlow = (name: string) => cases[name].optimizer.name === 'Muon' || name === 'AdamW';
    const prepared = Object.keys(cases).filter((name) => options.backend !== 'webgpu' || !isSlow(name));
    it.each(prepared)(`${STEPS} steps lead to the same weights as in Node: %s`, async (name) => {
      const expected = await trajectory(node, name, STEPS);
      const actual = await page.call<Trajectory>('trainHere', options, name, STEPS);
      expect(relativeDistance(actual.losses, expected.losses)).toBeLessThanOrEqual(TRAJECTORY_TOLERANCE);
      for (const [parameter, values] of Object.entries(expected.weights)) {
        expect(relativeDistance(actual.weights[parameter], values), parameter).toBeLessThanOrEqual(
          TRAJECTORY_TOLERANCE,
        );
      }
    });
  },
);

describe.skipIf(noChromium)('a graphics device that is lost while it trains', () => {
  it('is told by a code, and training goes on from what was kept, on WebAssembly', async () => {
    const name = 'one layer';
    const [before, steps] = [3, 6];
    const page = await openTestPage(MODULE);
    const { codes, losses } = await page.call<{ codes: string[]; losses: number[] }>(
      'loseTheDevice',
      name,
      before,
      steps,
    );
    await page.close();
    // The step under way, the next one, reading the state, giving it up, and a new runtime.
    expect(codes).toEqual(Array(5).fill('device-lost'));
    const expected = await trajectory(node, name, steps);
    expect(relativeDistance(losses, expected.losses)).toBeLessThanOrEqual(TRAJECTORY_TOLERANCE);
  });
});
