import { Command } from 'commander';
import { LONGEST_TIMER_MS } from '../platform/node/timers.ts';
import { about } from './about.ts';
import { command } from './command.ts';
import { withOptionsOf } from './flags.ts';
import type { SweepOptions } from './sweep/options.ts';
import { collect, duration, wholeNumber } from './values.ts';

export function sweepCommand(): Command {
  const sweep = command('sweep', about.sweep, [
    ['sweep --vary activation=relu,tanh,sigmoid,elu,gelu --epochs 5', 'one trial for each'],
    ['sweep --vary learningRate=log:1e-4..1e-1 --trials 20 --time 30m', 'points of a range'],
    ['sweep --vary filters=16,32,64 --vary dropout=0,0.3,0.5', 'every combination'],
    [
      'sweep --data ./photos --vary from=efficientnet-lite0,hgnetv2-b0 --vary imageSize=224,320',
      'networks and sizes',
    ],
    ['sweep --vary filters=16,32,64 --plan trials.jsonl', 'only write the trials, for many machines'],
    ['sweep --plan trials.jsonl --trial 7', 'train one of them; then: --collect runs'],
    ['sweep --resume sweeps/keras-cnn-20261124-180405', 'resume a sweep that was stopped'],
  ])
    .option(
      '--vary <name=values>',
      'a setting and its values: a,b,c or log:from..to, lin:from..to, int:from..to (whole numbers); may be given several times',
      collect,
    )
    .option(
      '--trials <count>',
      'number of trials (default: all combinations of lists; 10 if a range varies)',
      wholeNumber('--trials'),
    )
    .option(
      '--time <time>',
      'stop and save after this time: 90s, 1h30m, 2d',
      duration('--time', { atMostDays: Math.floor(LONGEST_TIMER_MS / 86_400_000) }),
    )
    .option(
      '--parallel <count>',
      'trials at the same time, which divide the cores (default: 1)',
      wholeNumber('--parallel'),
    )
    .option(
      '--halving',
      'stop the worse half of the trials early, several times (default: with more than 4 trials and 2 epochs)',
    )
    .option('--no-halving', 'train all trials to the end')
    .option('--plan <file>', 'write the trials to this file, one a line, and train none; or use such a file')
    .option(
      '--trial <number>',
      'with --plan: train this trial of the file, into --out (default: runs), or go on with it',
      wholeNumber('--trial'),
    )
    .option('--collect <folder>', 'with --plan: rank the trials that are in this folder')
    .option('--out <folder>', 'the folder to write (default: sweeps/<recipe>-<time>)')
    .option('--resume <folder>', 'resume this sweep, with its own options');
  return withOptionsOf(sweep, 'sweep')
    .addHelpText('after', EXPLANATION)
    .action(async (options: SweepOptions) => {
      const { runSweep } = await import('./sweep/run.ts');
      await runSweep(options);
    });
}

const EXPLANATION = `
Trials are evaluated on validation images, never on the test set. With halving, only the better
half of the trials continues after 1/2, 1/4, 1/8, … of the epochs (Jamieson and Talwalkar, 2016).
This is far cheaper, but may stop a setting that learns slowly at first; --no-halving trains all
trials to the end. Every trial is a run folder that predict, evaluate and train --resume accept.
The sweep's folder holds sweep.csv, sweep.svg and sweep.json. Ctrl-C saves.`;

/** What `sweep` starts for its trials; not for people. */
export function sweepWorkerCommand(): Command {
  return new Command('sweep-worker').action(async () => {
    const { runSweepWorker } = await import('./sweep/worker.ts');
    runSweepWorker();
  });
}
