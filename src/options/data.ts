import type { Option } from './option.ts';
import { COUNT, TEST_SPLIT } from './range.ts';
import { RESIZES, SOURCES, SPLITS } from './words.ts';

const RESIZE =
  'how images are scaled to that size: stretch to the square, crop to the middle, or pad with black';
/** Of commands that begin with no finished model. */
export const STRETCHED_BY_DEFAULT = `${RESIZE} (default: stretch)`;

/** The images, and how they are read. */
export const DATA = {
  data: {
    type: { kind: 'text' },
    help: 'cifar10, cifar100, fashion-mnist, mnist, a folder with one sub-folder of images per class, a list of images (.csv, .jsonl), an archive (.zip, .tar.gz), a Parquet file, or hf:datasets/OWNER/NAME',
    default: 'cifar10',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<name|path>',
      helpOf: { sweep: 'as for train (default: cifar10)', 'lr-find': 'as for train (default: cifar10)' },
      notForJobs: true,
      insteadOf: { '--dataset': '--data', '--data-dir': '--data' },
    },
    recorded: 'always',
    onResume: 'may change',
  },
  multiLabel: {
    type: { kind: 'boolean' },
    help: 'images have any number of labels, which a list names: a line such as photo.jpg,cat;dog for each',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      insteadOf: { '--multilabel': '--multi-label', '--tags': '--multi-label' },
    },
    recorded: 'if given',
    form: {
      label: 'Several labels an image',
      value: true,
      place: 0,
      help: 'The list gives some images several labels. Off: each set of labels is a class of its own.',
    },
  },
  columns: {
    type: { kind: 'columns' },
    help: 'names of the columns of a list or a Parquet file, such as image=image_name,label=breed; also group, split and time',
    default: 'usual names',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<names>',
      insteadOf: {
        '--column': '--columns',
        '--fn-col': '--columns image=NAME',
        '--x-col': '--columns image=NAME',
        '--label-col': '--columns label=NAME',
        '--y-col': '--columns label=NAME',
      },
    },
    recorded: 'if given',
  },
  labelBy: {
    type: { kind: 'text', expected: 'a regular expression with a capture' },
    help: "the class of each image is the first capture of this expression in its path, such as '/(\\w+)_\\d+\\.jpg$'",
    default: 'folders or a list say it',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<expression>',
      insteadOf: { '--label-re': '--label-by', '--name-re': '--label-by', '--regex': '--label-by' },
    },
    recorded: 'if given',
  },
  merge: {
    type: { kind: 'merge' },
    help: 'make one class of several, such as dog=husky+beagle,cat=tabby+siamese',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<classes>',
      insteadOf: { '--merge-classes': '--merge', '--label-map': '--merge' },
    },
    recorded: 'if given',
  },
  classes: {
    type: { kind: 'names' },
    help: 'use only these classes, with commas between; images of others are left out',
    default: 'all',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<names>',
      insteadOf: { '--only': '--classes', '--class-names': '--classes', '--class-list': '--classes' },
    },
    recorded: 'if given',
  },
  limit: {
    type: { kind: 'number', ...COUNT },
    help: 'use only this many training images',
    default: 'all',
    flag: { of: ['train', 'sweep', 'lr-find'], value: '<count>' },
    recorded: 'if given',
    form: { label: 'Images', help: 'Use only this many training images.' },
  },
  imageSize: {
    type: { kind: 'number', ...COUNT },
    help: 'side of the square that images are scaled to',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<pixels>',
      helpOf: {
        train:
          "side of the square that images are scaled to (default with --from: the model's own; most convolutional networks take others)",
      },
      insteadOf: { '--img-size': '--image-size', '--imgsz': '--image-size', '--size': '--image-size' },
    },
    recorded: 'if given',
    form: { maximum: 4096, help: 'Side of the square that images are scaled to.' },
    recipe: 'needed',
  },
  resize: {
    type: { kind: 'choice', choices: RESIZES },
    help: RESIZE,
    default: 'stretch; with --from: as the model has it',
    field: 'preprocessing.resize',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<way>',
      helpOf: { 'lr-find': STRETCHED_BY_DEFAULT },
      ofJobs: { help: `${RESIZE} (default: stretch; with --model: as the model has it)` },
    },
    recorded: 'if given',
    form: {
      value: 'stretch',
      help: 'Crop: scaled to cover the square, the middle cut out. Stretch: the whole image, its proportions changed. Pad: the whole image, black beside it.',
    },
  },
  source: {
    type: { kind: 'choice', choices: SOURCES },
    help: 'where to download cifar10 from: original or npm',
    default: 'both, in turn',
    flag: { of: ['train', 'sweep', 'lr-find'], value: '<name>', notForJobs: true },
    recorded: 'if given',
    onResume: 'may change',
  },
  testSplit: {
    type: { kind: 'number', ...TEST_SPLIT },
    help: 'fraction of the images to keep for testing, if the data has no test part of its own',
    default: '0.2',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<fraction>',
      insteadOf: { '--test-size': '--test-split', '--test-fraction': '--test-split' },
    },
    recorded: 'if given',
  },
  groupBy: {
    type: { kind: 'text', expected: 'a regular expression with a capture' },
    help: "images whose paths have the same first capture of this expression (a person, a video) stay on one side of every split, such as '/(person\\d+)_'",
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<expression>',
      insteadOf: { '--group': '--group-by', '--groups': '--group-by' },
    },
    recorded: 'if given',
  },
  splitBy: {
    type: { kind: 'choice', choices: SPLITS },
    help: 'time: test on the newest images, by the column time of a list',
    default: 'by content',
    flag: { of: ['train', 'sweep', 'lr-find'], value: '<time>' },
    recorded: 'if given',
  },
  skipBad: {
    type: { kind: 'boolean' },
    help: 'skip files that are not usable images, instead of failing',
    flag: { of: ['train', 'sweep', 'lr-find'] },
    recorded: 'always',
    // A file that came later and is no image is none of the run's: its images must be the same.
    onResume: 'may change',
  },
  /** Label corrections; run.json has called them marks since its first format. */
  marks: {
    type: { kind: 'choice', choices: ['none'] },
    help: 'none: ignore label corrections',
    default: 'use those made in harrier studio',
    flag: { of: ['train', 'sweep', 'lr-find'], value: '<none>', name: '--corrections', formerly: '--marks' },
    recorded: 'if given',
  },
} as const satisfies Readonly<Record<string, Option>>;
