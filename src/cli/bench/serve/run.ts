import { Reporter } from '../../reporter.ts';
import { runServeBench } from './measure.ts';
import { serveBenchText } from './text.ts';

export interface ServeBenchCommandOptions {
  readonly peers: boolean;
  readonly seconds: number;
  readonly json?: boolean;
}

/** `harrier bench --serve`. */
export async function runServeBenchCommand({
  peers,
  seconds,
  json,
}: ServeBenchCommandOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const result = await runServeBench({
    peers,
    seconds,
    onStart: (what) => {
      if (reporter.live) reporter.update(() => `measuring: ${what}`, { now: true });
      else reporter.note(`measuring: ${what}`);
    },
  });
  reporter.clear();
  if (json) reporter.json(result);
  else reporter.print(serveBenchText(result));
}
