import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import type { Device } from '../../runs/device.ts';
import { Reporter } from '../reporter.ts';
import { benchNote, recipeBenchNote } from './limits.ts';
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
  const print = (result: object, text: string, note: string | undefined): void => {
    if (json) reporter.json({ ...result, ...(note !== undefined && { notes: [note] }) });
    else reporter.print(text);
    if (note !== undefined) reporter.note(note);
  };
  if (recipe !== undefined) {
    const result = await runRecipeBench(
      (await findRecipe(recipe)).recipe,
      { threads, device },
      { peers, onStart },
    );
    reporter.clear();
    print(result, recipeBenchText(result), recipeBenchNote(result));
    return;
  }
  const result = await runBench(nodeRuntime({ threads }), { peers, onStart });
  reporter.clear();
  print(result, benchText(result), benchNote(result));
}
