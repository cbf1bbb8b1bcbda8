import { nodeRuntime } from '../../platform/node/runtime.ts';
import { Reporter } from '../reporter.ts';
import { runBench } from './measure.ts';
import { benchText } from './text.ts';

/** The options of `bench` as they were typed. */
export interface BenchOptions {
  readonly threads?: number;
  readonly peers: boolean;
  readonly json?: boolean;
}

/** `harrier bench`. */
export async function runBenchCommand({ threads, peers, json }: BenchOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const result = await runBench(nodeRuntime({ threads }), {
    peers,
    onStart: (what) => {
      if (reporter.live) reporter.update(() => `measuring: ${what}`, { now: true });
      else reporter.note(`measuring: ${what}`);
    },
  });
  reporter.clear();
  if (json) reporter.json(result);
  else reporter.print(benchText(result));
}
