import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { matrixRate, type RecipeSpeed, recipeSpeed, recipeSteps } from '../../benchmark/index.ts';
import { formatQuantity } from '../../format/format.ts';
import { type OpenRuntimeOptions, openRuntime } from '../../platform/node/engine/open-runtime.ts';
import { temporaryFolder } from '../../platform/node/files/temporary-folder.ts';
import type { Recipe } from '../../recipes/index.ts';
import type { Device } from '../../runs/device.ts';
import type { Runtime } from '../../runtime/index.ts';
import { type RecipePeers, runRecipePeers } from './peers.ts';

/** What `harrier bench --recipe NAME --json` prints. */
export interface RecipeBenchResult extends RecipeSpeed {
  readonly recipe: string;
  readonly epochs: number;
  readonly runtime: string;
  readonly threads: number;
  readonly device: Device;
  readonly matrixGflops: number;
  /** Part of the matrix rate that the whole step reaches. */
  readonly fractionOfMatrixRate: number;
  /** Time in ONNX Runtime by the kind of layer that it was spent for, forward and back, as fractions of all of it. */
  readonly fractions: Readonly<Record<string, number>>;
  readonly peers: RecipePeers['figures'];
  readonly peersMissing: RecipePeers['missing'];
}

/** Measures the training step of a recipe, and of an equal network in the peers that have one. */
export async function runRecipeBench(
  recipe: Recipe,
  where: OpenRuntimeOptions,
  { peers, onStart }: { peers: boolean; onStart: (what: string) => void },
): Promise<RecipeBenchResult> {
  const runtime = await openRuntime(where);
  const clock = () => performance.now();
  onStart('matrix product');
  const matrixGflops = await matrixRate(runtime, clock);
  onStart(`training step of ${recipe.name}`);
  const speed = await recipeSpeed(recipe, runtime, clock);
  onStart('where the time goes');
  const fractions = await fractionsByLayer(recipe, where);
  const others = peers ? await peersOf(recipe, runtime, onStart) : { figures: {}, missing: {} };
  return {
    recipe: recipe.name,
    epochs: recipe.epochs,
    runtime: runtime.name,
    threads: runtime.threads,
    device: where.device ?? 'cpu',
    matrixGflops,
    ...speed,
    fractionOfMatrixRate: speed.gflops / matrixGflops,
    fractions,
    peers: others.figures,
    peersMissing: others.missing,
  };
}

/** The peers compute on the processor, which says nothing about a graphics device. */
async function peersOf(
  recipe: Recipe,
  { target, threads }: Runtime,
  onStart: (what: string) => void,
): Promise<RecipePeers> {
  if (target === 'cpu') return runRecipePeers(recipe, threads, onStart);
  return { figures: {}, missing: { pytorch: 'is measured on the processor alone' } };
}

/** Reads ONNX Runtime's profile of one step: nodes bear the names of the layers that they were made for. */
async function fractionsByLayer(recipe: Recipe, where: OpenRuntimeOptions): Promise<Record<string, number>> {
  const folder = temporaryFolder('profile');
  try {
    const steps = recipeSteps(recipe, await openRuntime({ ...where, profilePrefix: join(folder, 'step') }));
    await steps.step();
    await steps.dispose();
    const times = new Map<string, number>();
    for (const file of await readdir(folder)) {
      const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
      for (const { cat, name, dur } of events) {
        // A graphics device has its own clock, which its profile gives as another category.
        if (where.device === 'gpu' ? cat !== 'Api' : cat !== 'Node' || !name.endsWith('_kernel_time'))
          continue;
        const type = steps.layers.get(name.split('/')[0]) ?? 'other';
        times.set(type, (times.get(type) ?? 0) + dur);
      }
    }
    const total = [...times.values()].reduce((sum, time) => sum + time, 0);
    return Object.fromEntries(
      [...times].sort(([, a], [, b]) => b - a).map(([type, time]) => [type, time / total]),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
}

/** The figures as text for people. */
export function recipeBenchText(result: RecipeBenchResult): string {
  const { stepMs, batch, imagesPerSecond, gflops, secondsPerEpoch, minutes, epochs, laterSteps } = result;
  const percent = (fraction: number) => `${(100 * fraction).toFixed(0)}%`;
  const rows = [
    ['Harrier', stepMs.median, imagesPerSecond, secondsPerEpoch, minutes] as const,
    ...Object.values(result.peers).map(
      ({ title, stepMs: own }) =>
        [
          title,
          own,
          (1000 * batch) / own,
          secondsPerEpoch * (own / stepMs.median),
          (epochs * secondsPerEpoch * (own / stepMs.median)) / 60,
        ] as const,
    ),
  ];
  const table = [
    ['', `step of ${batch}`, 'images/s', 'epoch', 'whole run'],
    ...rows.map(([title, ms, rate, epoch, run]) => [
      title,
      `${ms.toFixed(0)} ms`,
      rate.toFixed(0),
      `${epoch.toFixed(0)} s`,
      `${run.toFixed(1)} min`,
    ]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  return [
    `${result.recipe}: ${result.runtime}, ${result.device === 'gpu' ? 'graphics device' : formatQuantity(result.threads, 'thread')}, images of 32 × 32`,
    '',
    ...table.map((cells) =>
      cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   '),
    ),
    ...laterSteps.map(
      (later) =>
        `after ${percent(later.from)} of the run, where some learning rates have reached 0: ${later.stepMs.median.toFixed(0)} ms`,
    ),
    '',
    `${gflops.toFixed(0)} GFLOP/s in the whole step = ${percent(result.fractionOfMatrixRate)} of the matrix product's ${result.matrixGflops.toFixed(0)}`,
    `time by layer: ${Object.entries(result.fractions)
      .filter(([, fraction]) => fraction >= 0.005)
      .map(([type, fraction]) => `${type} ${percent(fraction)}`)
      .join(', ')}`,
    ...Object.entries(result.peersMissing).map(([name, why]) => `${name}: ${why}`),
  ].join('\n');
}
