import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import type { Device } from '../../runs/device.ts';
import { Reporter } from '../reporter.ts';
import { runBench } from './measure.ts';
import { recipeBenchText, runRecipeBench } from './recipe.ts';
import { benchText } from './text.ts';

/** The options of `bench` as they were typed. */
export interface BenchOptions {
  readonly recipe?: string;
  readonly threads?: number;
  readonly device?: Device;
  readonly peers: boolean;
  readonly json?: boolean;
}

/** `harrier bench`. */
export async function runBenchCommand({ recipe, threads, device, peers, json }: BenchOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const onStart = (what: string): void => {
    if (reporter.live) reporter.update(() => `measuring: ${what}`, { now: true });
    else reporter.note(`measuring: ${what}`);
  };
  if (recipe !== undefined) {
    const result = await runRecipeBench(
      (await findRecipe(recipe)).recipe,
      { threads, device },
      { peers, onStart },
    );
    reporter.clear();
    if (json) reporter.json(result);
    else reporter.print(recipeBenchText(result));
    return;
  }
  const result = await runBench(nodeRuntime({ threads }), { peers, onStart });
  reporter.clear();
  if (json) reporter.json(result);
  else reporter.print(benchText(result));
}
