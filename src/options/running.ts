import type { Option } from './option.ts';
import { COUNT } from './range.ts';
import { DEVICES, VIEW_CHOICES } from './words.ts';

/** How a run goes, and what it leaves. */
export const RUNNING = {
  seed: {
    type: { kind: 'number', whole: true, atLeast: 0 },
    help: 'seed of all random numbers',
    default: '1',
    flag: { of: ['train', 'sweep', 'lr-find'], value: '<number>' },
    recorded: 'always',
    form: { value: 1, help: 'Seed of all random numbers. The same seed gives the same run.' },
  },
  seeds: {
    type: { kind: 'number', ...COUNT },
    help: 'train this many times, with seeds from --seed on, and print mean and standard deviation',
    flag: { of: ['train'], value: '<count>', notForJobs: true },
    onResume: 'more',
  },
  folds: {
    type: { kind: 'number', whole: true, atLeast: 2, atMost: 100 },
    help: 'cross-validation: train this many models, each evaluated on images that it has not seen, then one on all images',
    flag: {
      of: ['train'],
      value: '<count>',
      notForJobs: true,
      insteadOf: { '--kfold': '--folds', '--k-folds': '--folds', '--cv': '--folds' },
    },
  },
  ensemble: {
    type: { kind: 'boolean' },
    help: 'with --seeds: a model that averages those of all seeds; with --folds: the finished model averages those of the folds, in place of one that is trained on all images',
    flag: { of: ['train'], notForJobs: true },
  },
  time: {
    type: { kind: 'duration', alone: 'minutes' },
    help: 'the longest that the training may take, such as 10m or 2h: fewer epochs where not all fit; after a head on features, all layers are trained too where that is likely to help, and the better model is kept',
    flag: {
      of: ['train'],
      value: '<time>',
      notForJobs: true,
      insteadOf: { '--budget': '--time', '--max-time': '--time', '--time-limit': '--time' },
    },
    recorded: 'if given',
    form: {
      label: 'Train all layers too, in minutes',
      place: 6,
      help: 'After the last layer, all layers are trained for at most this long, and the better model is kept. Empty: the last layer alone.',
    },
  },
  dryRun: {
    type: { kind: 'boolean' },
    help: 'say what would be trained and about how long it takes on this machine, and train nothing',
    flag: {
      of: ['train'],
      notForJobs: true,
      insteadOf: { '--plan': '--dry-run', '--estimate': '--dry-run' },
    },
  },
  out: {
    type: { kind: 'text' },
    help: 'the run folder to write',
    default: 'runs/<recipe>-<time>',
    flag: {
      of: ['train'],
      value: '<folder>',
      notForJobs: true,
      insteadOf: { '--output': '--out', '--output-dir': '--out', '--save-dir': '--out' },
    },
  },
  resume: {
    type: { kind: 'text' },
    help: 'resume this run (a folder, or "latest") with its own options; give --data if the data has moved',
    flag: { of: ['train'], value: '<run>', notForJobs: true, insteadOf: { '--continue': '--resume' } },
    onResume: 'may change',
  },
  checkpointSeconds: {
    type: { kind: 'number', atLeast: 0 },
    help: 'longest time between two checkpoints',
    default: '60',
    flag: { of: ['train'], value: '<seconds>' },
    onResume: 'may change',
  },
  logTo: {
    type: { kind: 'text', expected: 'trackers, such as tensorboard,csv' },
    help: 'trackers that get the figures of the run: tensorboard, mlflow=http://…, wandb, csv, or a file of your own; separate several by commas',
    flag: {
      of: ['train'],
      value: '<trackers>',
      notForJobs: true,
      insteadOf: {
        '--tensorboard': '--log-to tensorboard',
        '--mlflow': '--log-to mlflow=http://…',
        '--wandb': '--log-to wandb',
        '--logger': '--log-to',
        '--report-to': '--log-to',
      },
    },
    onResume: 'may change',
  },
  tta: {
    type: { kind: 'choice', choices: VIEW_CHOICES },
    help: 'views of each image that the finished model averages: none, flip or flip-shift; adaptive: further views only for images that it is unsure of',
    default: "the recipe's",
    field: 'testTimeAugmentation',
    flag: { of: ['train'], value: '<views>' },
    recorded: 'if given',
    form: {
      label: 'Test-time augmentation',
      value: 'none',
      help: 'Views of each image that the finished model averages. Adaptive: further views only for images that it is unsure of, which needs validation images.',
    },
    recipe: 'optional',
  },
  calibrate: {
    type: { kind: 'boolean' },
    help: 'do not fit a temperature on the validation images',
    flag: { of: ['train'], name: '--no-calibrate' },
    recorded: 'if given',
    form: {
      value: true,
      help: 'Fit a temperature on the validation images, so that probabilities match accuracy.',
    },
  },
  reject: {
    type: { kind: 'number', above: 0, below: 1 },
    help: 'learn to say "none of these" too: of images of the classes, keep this fraction, such as 0.95',
    flag: {
      of: ['train'],
      value: '<fraction>',
      insteadOf: { '--open-set': '--reject 0.95', '--ood': '--reject 0.95', '--unknown': '--reject 0.95' },
    },
    recorded: 'if given',
    form: {
      label: 'None of these',
      help: 'Learn to tell images that show none of the classes; of the others, keep this fraction, such as 0.95.',
    },
  },
  threads: {
    type: { kind: 'number', ...COUNT },
    help: 'processor cores to use',
    default: 'all, or OMP_NUM_THREADS',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<count>',
      insteadOf: { '--cores': '--threads', '--workers': '--threads', '--num-workers': '--threads' },
    },
    recorded: 'always',
    onResume: 'may change',
    form: { help: 'Processor cores to use; all when left empty.' },
  },
  device: {
    type: { kind: 'choice', choices: DEVICES },
    help: 'compute on the processor, or on the graphics device',
    default: 'cpu',
    flag: {
      of: ['train', 'lr-find'],
      value: '<cpu|gpu>',
      notForJobs: true,
      insteadOf: {
        '--gpu': '--device gpu',
        '--cuda': '--device gpu',
        '--webgpu': '--device gpu',
        '--cpu': '--device cpu',
      },
    },
    recorded: 'if given',
    onResume: 'may change',
  },
  json: {
    type: { kind: 'boolean' },
    help: 'print the result as one JSON object',
    flag: { of: ['train', 'sweep', 'lr-find'], notForJobs: true },
    onResume: 'may change',
  },
} as const satisfies Readonly<Record<string, Option>>;
