/** `--device gpu` as a user types it. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sentenceOf, start, workplace, writeImages } from '../cli/harrier.ts';
import { noVulkan, softwareVulkan } from './software-vulkan.ts';

let place: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 30, side: 12 });
});
afterAll(() => place.remove());

// In processes of their own: one that has found its graphics device looks for no other.
const train = (environment: Readonly<Record<string, string>>, ...args: string[]) =>
  start(['train', ...args], { cwd: place.path, environment }).finished;
const record = async (run: string) => JSON.parse(`${await readFile(join(place.path, run, 'run.json'))}`);

const SMALL = ['--data', 'images', '--set', 'filters=4', '--set', 'units=8', '--learning-rate', '0.05'];

describe.skipIf(noVulkan)(`train --device gpu${noVulkan ? ` (${noVulkan})` : ''}`, () => {
  it('learns there what it learns on the processor, and is evaluated there', async () => {
    const there = await train(softwareVulkan, ...SMALL, '--epochs', '1', '--device', 'gpu', '--out', 'gpu');
    expect(there.code, there.stderr).toBe(0);
    expect(there.stdout).toContain('seed 1, on the graphics device; gpu');
    const here = await train({}, ...SMALL, '--epochs', '1', '--out', 'cpu');
    expect(here.code, here.stderr).toBe(0);
    const [gpu, cpu] = [await record('gpu'), await record('cpu')];
    expect([gpu.options.device, cpu.options.device]).toEqual(['gpu', undefined]);
    expect(gpu.hardware.gpu).toMatch(/\w/);
    expect(cpu.hardware.gpu).toBeUndefined();
    expect(gpu.result.testAccuracy).toBe(cpu.result.testAccuracy);
    const [a, b] = await Promise.all(
      ['gpu', 'cpu'].map(async (run) => `${await readFile(join(place.path, run, 'history.csv'))}`),
    );
    const losses = (text: string) =>
      text
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => Number(line.split(',')[1]));
    losses(a).forEach((loss, i) => {
      expect(loss).toBeCloseTo(losses(b)[i], 4);
    });
  });

  it('goes on elsewhere, and says what that means', async () => {
    const on = await train({}, '--resume', 'gpu', '--epochs', '2', '--device', 'cpu');
    expect(on.code, on.stderr).toBe(0);
    expect(on.stderr).toContain('Note: on another device the results may differ in the last digits.');
    expect((await record('gpu')).options.device).toBeUndefined();
  });

  it('evaluates there', async () => {
    const args = ['evaluate', 'cpu', '--device', 'gpu', '--json'];
    const { code, stdout } = await start(args, { cwd: place.path, environment: softwareVulkan }).finished;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).accuracy).toBe((await record('cpu')).result.testAccuracy);
  });
});

describe.skipIf(process.platform !== 'linux')('without a graphics device', () => {
  it('one sentence says so, and no run is begun', async () => {
    const none = { VK_ICD_FILENAMES: join(place.path, 'none.json') };
    const finished = await train(none, ...SMALL, '--device', 'gpu', '--out', 'nowhere');
    expect(finished.code).toBe(1);
    // Vulkan's loader and WebGPU's library write lines of their own before it.
    const last = finished.stderr.trimEnd().split('\n').at(-1);
    expect(last).toBe(
      'error: ONNX Runtime finds no graphics device: received Failed to get a WebGPU adapter: No supported ' +
        "adapters. Use the processor, or install the device's driver (on Linux its Vulkan driver, and libvulkan1) (--device).",
    );
    await expect(stat(join(place.path, 'nowhere'))).rejects.toThrow('ENOENT');
  });
});

describe('whatever the machine has', () => {
  it('bench measures recipes alone there', async () => {
    for (const what of [[], ['--serve'], ['--web']]) {
      const finished = await start(['bench', '--device', 'gpu', ...what], { cwd: place.path }).finished;
      expect(finished.code).toBe(2);
      expect(sentenceOf(finished)).toBe(
        '--device: on a graphics device, bench measures recipes only. Add --recipe, such as --recipe record.',
      );
    }
  });

  it('an unknown device is refused', async () => {
    const finished = await train({}, '--device', 'tpu');
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toBe(
      'unknown value of --device "tpu". Did you mean "cpu"? There are: cpu, gpu.',
    );
  });
});
