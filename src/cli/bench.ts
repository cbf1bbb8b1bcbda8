import type { Command } from 'commander';
import { HarrierError } from '../errors.ts';
import { about } from './about.ts';
import type { ExportBenchOptions } from './bench/export/run.ts';
import type { HistoryBenchOptions } from './bench/history/run.ts';
import type { BenchOptions } from './bench/run.ts';
import type { ServeBenchCommandOptions } from './bench/serve/run.ts';
import type { TeachBenchOptions } from './bench/teach/run.ts';
import type { TransferBenchOptions } from './bench/transfer/run.ts';
import type { WebBenchCommandOptions } from './bench/web/run.ts';
import { command, withDevice } from './command.ts';
import { number } from './values.ts';

type BenchCommandOptions = BenchOptions &
  Omit<ExportBenchOptions, 'data'> &
  HistoryBenchOptions &
  ServeBenchCommandOptions &
  TeachBenchOptions &
  TransferBenchOptions &
  WebBenchCommandOptions & {
    readonly serve?: boolean;
    readonly teach?: boolean;
    readonly transfer?: boolean;
    readonly web?: boolean;
  };

export function benchCommand(): Command {
  return withDevice(
    command('bench', about.bench, [
      ['bench', 'takes a minute or two; close other programs'],
      ['bench --no-peers', 'Harrier only'],
      ['bench --recipe record', "a recipe's training step, and an equal network in PyTorch"],
      ['bench --serve', 'harrier serve under load, and FastAPI if it is installed'],
      ['bench --web', 'training and inference in headless Chromium, and TensorFlow.js if it is installed'],
      [
        'bench --transfer --data ./photos',
        'features, heads and fine-tuning of a pretrained network, beside PyTorch where that is installed',
      ],
      [
        'bench --teach --data ./photos',
        "Studio's view Teach in headless Chromium: three classes, 25 images each",
      ],
      [
        'bench --export runs/mine',
        'size, start and speed of each form that export writes, in Node and in a page',
      ],
      ['bench --compare', 'what became slower since the last release measured on this processor'],
      ['bench --json', 'the figures as one JSON object'],
    ]),
  )
    .option('--recipe <name|file>', 'measure the training step of this recipe instead')
    .option('--no-peers', 'leave out PyTorch, Keras, TensorFlow.js and FastAPI')
    .option('--serve', 'measure the server instead: requests a second and latency')
    .option(
      '--transfer',
      'measure a pretrained network instead: features, heads on --data, a step of fine-tuning',
    )
    .option(
      '--teach',
      "measure Studio's view Teach in a browser instead: accuracy, and seconds, on images of --data",
    )
    .option(
      '--export <run|model.onnx>',
      'measure the forms of this model instead: float32, float16, 8-bit weights, 8-bit arithmetic',
    )
    .option('--from <model>', 'with --transfer and --teach: the network (default: efficientnet-lite0)')
    .option(
      '--data <path...>',
      'with --transfer and --teach: folders of images to learn from and to test with; with --export: the images to calibrate on',
    )
    .option('--web', 'measure in a browser instead: training steps and inference, on WebAssembly and WebGPU')
    .option(
      '--seconds <count>',
      'duration of each load of --serve, in seconds',
      number('--seconds', { above: 0 }),
      5,
    )
    .option(
      '--compare [file]',
      'compare with the newest line of this history from the same processor; takes some minutes (default: docs/bench-history.jsonl)',
    )
    .option('--save <file>', 'add the figures to this history as a line, with or without --compare')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchCommandOptions) => {
      const chosen = (
        ['serve', 'teach', 'transfer', 'web', 'recipe', 'export', 'compare', 'save'] as const
      ).filter((name) => options[name] && !(name === 'save' && options.compare));
      if (chosen.length > 1) {
        const [first, second] = chosen.map((name) => `--${name}`);
        throw new HarrierError('bad-option', `${first} and ${second} cannot be combined`, {
          next: 'Give one of them.',
        });
      }
      const stray = (['from', 'data'] as const).find((name) => options[name] !== undefined);
      const takesData = stray === 'data' && options.export !== undefined;
      if (stray && !takesData && !options.transfer && !options.teach) {
        throw new HarrierError('bad-option', `only --transfer and --teach take --${stray}`, {
          where: `--${stray}`,
          next: 'Add one of them, or leave it out.',
        });
      }
      const [fixed] = (['serve', 'web', 'teach'] as const).filter((name) => options[name]);
      if (fixed && options.threads !== undefined) {
        throw new HarrierError('bad-option', `--${fixed} takes no --threads`, {
          where: '--threads',
          next: 'Leave it out.',
        });
      }
      if (options.export !== undefined && (options.data?.length ?? 0) > 1) {
        throw new HarrierError('bad-option', '--export calibrates on one folder', {
          where: '--data',
          received: `${options.data!.length}`,
          next: 'Give one.',
        });
      }
      if (options.device === 'gpu' && options.recipe === undefined) {
        throw new HarrierError('bad-option', 'on a graphics device, bench measures recipes only', {
          where: '--device',
          next: 'Add --recipe, such as --recipe record.',
        });
      }
      if (options.compare !== undefined || options.save !== undefined) {
        const { runHistoryBenchCommand } = await import('./bench/history/run.ts');
        return runHistoryBenchCommand(options);
      }
      if (options.export !== undefined) {
        const { runExportBenchCommand } = await import('./bench/export/run.ts');
        return runExportBenchCommand(options);
      }
      if (options.web) {
        const { runWebBenchCommand } = await import('./bench/web/run.ts');
        return runWebBenchCommand(options);
      }
      if (options.teach) {
        const { runTeachBenchCommand } = await import('./bench/teach/run.ts');
        return runTeachBenchCommand(options);
      }
      if (options.transfer) {
        const { runTransferBenchCommand } = await import('./bench/transfer/run.ts');
        return runTransferBenchCommand(options);
      }
      if (options.serve) {
        const { runServeBenchCommand } = await import('./bench/serve/run.ts');
        return runServeBenchCommand(options);
      }
      const { runBenchCommand } = await import('./bench/run.ts');
      await runBenchCommand(options);
    });
}
