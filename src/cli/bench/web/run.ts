import { Reporter } from '../../reporter.ts';
import { runWebBench } from './measure.ts';
import { webBenchText } from './text.ts';

export interface WebBenchCommandOptions {
  readonly peers: boolean;
  readonly json?: boolean;
}

/** `harrier bench --web`. */
export async function runWebBenchCommand({ peers, json }: WebBenchCommandOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const result = await runWebBench({
    peers,
    onStart: (what) => {
      if (reporter.live) reporter.update(() => `measuring: ${what}`, { now: true });
      else reporter.note(`measuring: ${what}`);
    },
  });
  reporter.clear();
  if (json) reporter.json(result);
  else reporter.print(webBenchText(result));
}
