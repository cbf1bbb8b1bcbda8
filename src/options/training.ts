import type { Option } from './option.ts';
import { COUNT, FRACTION } from './range.ts';
import { CHANNEL_ORDERS, HEADS, LOSSES, OPTIMIZERS, SAMPLINGS } from './words.ts';

const DEFAULT_RECIPE = 'keras-cnn, or the first of ./harrier.config.ts';

/** How a network is trained. */
export const TRAINING = {
  recipe: {
    type: { kind: 'text' },
    help: 'network and settings: a name (`harrier recipes` lists them) or a file',
    default: `${DEFAULT_RECIPE}; for photos a pretrained network (see --from)`,
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<name|file>',
      helpOf: {
        sweep: `\`harrier recipes\` lists them and their settings (default: ${DEFAULT_RECIPE}; for photos a pretrained network, as for train)`,
        'lr-find': `\`harrier recipes\` lists them (default: ${DEFAULT_RECIPE})`,
      },
      ofJobs: {
        value: '<name>',
        help: "a recipe of Harrier's, which trains from random weights: `harrier recipes` lists them (default: keras-cnn, unless --model is given)",
      },
      insteadOf: { '--model': '--recipe', '--network': '--recipe', '--arch': '--recipe' },
    },
    recorded: 'always',
  },
  from: {
    type: { kind: 'text', expected: 'a run folder, "latest" or an .onnx file' },
    help: 'fine-tune a finished model: a run folder, "latest" or an .onnx file, of another program too',
    default: 'without a name: the model in the package',
    flag: {
      of: ['train', 'sweep'],
      value: '[model]',
      helpOf: {
        sweep:
          'fine-tune this model in every trial, as for train (for photos: efficientnet-lite0; several: --vary from=a,b); head and trainable can vary then too',
        train:
          'fine-tune a finished model: a run folder, "latest" or an .onnx file, of another program too (without a name: the model in the package)',
      },
      notForJobs: true,
      insteadOf: { '--pretrained': '--from', '--fine-tune': '--from', '--weights': '--from' },
    },
  },
  trainable: {
    type: { kind: 'tunedPart' },
    help: 'with --from; head: a new last layer alone; all: the other layers too, at a lower rate; last:2: the last two layers with weights',
    default: 'head',
    flag: {
      of: ['train', 'sweep'],
      value: '<part>',
      helpOf: { sweep: 'with --from: the layers to train, as for train' },
      ofJobs: {
        help: 'with --model; head: a new last layer alone; all: the other layers too, at a lower rate; last:2: the last two layers with weights (default: head)',
      },
    },
    field: 'from.trainable',
  },
  head: {
    type: { kind: 'choice', choices: HEADS },
    help: 'with --from: the last layer, fitted on features: linear, mlp (a hidden layer before it), or centroid for 1 to 5 images a class',
    default: 'linear, unless options of training by steps are given',
    flag: {
      of: ['train', 'sweep'],
      value: '<kind>',
      helpOf: { sweep: 'with --from: the last layer, as for train' },
      ofJobs: {
        help: 'with --model: the last layer, fitted on features: linear, mlp (a hidden layer before it), or centroid for 1 to 5 images a class (default: linear, unless options of training by steps are given)',
      },
    },
    recorded: 'if given',
    form: {
      label: 'Last layer',
      value: 'linear',
      place: 1,
      help: 'Linear suits most data; mlp has a hidden layer before it; centroid is for 1 to 5 images a class.',
    },
  },
  mean: {
    type: { kind: 'colour' },
    help: "with --from a model of another program: mean of the pixels' red, green and blue, on a scale from 0 to 1",
    default: "its configuration's, or ImageNet's",
    flag: { of: ['train', 'sweep'], value: '<numbers>', notForJobs: true },
  },
  std: {
    type: { kind: 'colour' },
    help: 'with --mean: their standard deviation',
    default: "its configuration's, or ImageNet's",
    flag: { of: ['train', 'sweep'], value: '<numbers>', notForJobs: true },
  },
  channelOrder: {
    type: { kind: 'choice', choices: CHANNEL_ORDERS },
    help: 'with --from a model of another program: rgb, or bgr if the model takes blue first',
    default: 'rgb',
    flag: { of: ['train', 'sweep'], value: '<order>', notForJobs: true },
  },
  features: {
    type: { kind: 'text', expected: "the name of a value of the model's graph" },
    help: 'with --from a model of another program: the value that holds its features',
    default: 'the input of its last product',
    flag: { of: ['train', 'sweep'], value: '<name>', notForJobs: true },
  },
  epochs: {
    type: { kind: 'number', ...COUNT },
    help: 'passes over the training images',
    default: "the recipe's",
    flag: {
      of: ['train', 'sweep'],
      value: '<count>',
      helpOf: { sweep: "epochs of each trial (default: the recipe's)" },
      insteadOf: { '--iterations': '--epochs', '--n-epochs': '--epochs' },
    },
    setting: { sharedByTrials: 'trials are compared after equal numbers of epochs' },
    recorded: 'always',
    onResume: 'more',
    form: { help: 'Passes over the training images.', place: 1 },
    recipe: 'needed',
  },
  batchSize: {
    type: { kind: 'number', ...COUNT },
    help: 'images per step',
    default: "the recipe's",
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<count>',
      insteadOf: { '--batch': '--batch-size', '--bs': '--batch-size' },
    },
    setting: {},
    recorded: 'always',
    form: { help: 'Images of one step.', place: 2 },
    recipe: 'needed',
  },
  microBatch: {
    type: { kind: 'number', ...COUNT },
    help: 'images that go through the network at once; a larger batch is divided',
    default: "the recipe's",
    flag: { of: ['train'], value: '<count>' },
    setting: {},
    recorded: 'if given',
    form: {
      help: 'Images that go through the network at once; a larger batch is divided.',
      shownWhenOff: true,
    },
    recipe: 'optional',
  },
  averageMomentum: {
    type: { kind: 'number', ...FRACTION },
    help: 'evaluate and keep a moving average of the weights, with this momentum, such as 0.999',
    default: "the recipe's",
    flag: { of: ['train'], value: '<fraction>', insteadOf: { '--ema': '--average-momentum' } },
    setting: {},
    recorded: 'if given',
    form: {
      help: 'Evaluate and keep a moving average of the weights, with this momentum, such as 0.999.',
      shownWhenOff: true,
    },
    recipe: 'optional',
  },
  learningRate: {
    type: { kind: 'number', above: 0 },
    help: 'learning rate; of a schedule, the highest rate',
    default: "the recipe's",
    flag: {
      of: ['train', 'sweep'],
      value: '<number>',
      insteadOf: { '--lr': '--learning-rate', '--rate': '--learning-rate' },
    },
    form: { help: 'Length of a step; of a schedule, the highest rate.', place: 3 },
  },
  optimizer: {
    type: { kind: 'choice', choices: OPTIMIZERS, noun: 'optimizer' },
    help: OPTIMIZERS.map((name) => name.toLowerCase())
      .join(', ')
      .replace(/, (\w+)$/, ' or $1'),
    default: "the recipe's",
    flag: { of: ['train', 'sweep', 'lr-find'], value: '<name>', insteadOf: { '--optim': '--optimizer' } },
    form: {
      help: 'The rule that turns gradients into a step. Each has its own default learning rate.',
    },
  },
  loss: {
    type: { kind: 'choice', choices: LOSSES },
    help: 'with --multi-label: crossentropy, or asymmetric, which passes over the many labels that an image clearly lacks',
    default: 'crossentropy',
    field: 'loss.name',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<name>',
      helpOf: {
        sweep: 'with --multi-label: crossentropy or asymmetric, as for train',
        'lr-find': 'with --multi-label: crossentropy or asymmetric, as for train',
      },
    },
    form: {
      value: 'crossentropy',
      help: 'Asymmetric passes over the many labels that an image clearly lacks: rare labels learn more.',
    },
  },
  labelSmoothing: {
    type: { kind: 'number', ...FRACTION },
    help: 'fraction of each target that is spread evenly over all classes',
    field: 'loss.labelSmoothing',
    setting: { value: 0 },
    form: { help: 'Fraction of each target that is spread evenly over all classes.' },
    recipe: 'optional',
  },
  set: {
    type: { kind: 'texts' },
    help: 'change a setting of the recipe; `harrier recipes` lists them; may be given several times',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<name=value>',
      helpOf: {
        sweep: 'a setting that all trials share; may be given several times',
        'lr-find': 'change a setting of the recipe; may be given several times',
      },
    },
  },
  augment: {
    type: { kind: 'augmentation' },
    help: 'random changes of the training images',
    default: "the recipe's",
    field: 'augmentation',
    flag: {
      of: ['train', 'sweep', 'lr-find'],
      value: '<set|list>',
      helpOf: {
        train: "random changes of the training images, see below (default: the recipe's)",
        sweep: 'random changes of the training images, as for train',
        'lr-find': 'random changes of the training images, as for train',
      },
      insteadOf: { '--augmentation': '--augment', '--aug': '--augment' },
    },
    form: {
      label: 'Augmentation',
      place: 4,
      help: "Random changes of the training images: a set, or words such as flip,translation=4. Empty: the recipe's own.",
    },
    recipe: 'optional',
    recorded: 'if given',
  },
  classWeight: {
    type: { kind: 'classWeight' },
    help: 'weight of each class in the loss, such as cat=2,dog=0.5; balanced gives all classes the same weight',
    flag: {
      of: ['train', 'sweep'],
      value: '<balanced|list>',
      helpOf: { sweep: 'weight of each class in the loss, as for train' },
    },
    form: {
      label: 'Class weights',
      choices: ['none', 'balanced'],
      value: 'none',
      help: 'Balanced: all classes have the same weight in the loss, however many images they have.',
    },
    recipe: 'optional',
    recorded: 'if given',
  },
  sampling: {
    type: { kind: 'choice', choices: SAMPLINGS },
    help: 'natural: each image once an epoch; balanced: every class equally often',
    default: 'natural',
    flag: {
      of: ['train', 'sweep'],
      value: '<kind>',
      helpOf: { sweep: 'natural or balanced, as for train' },
    },
    recorded: 'if given',
    form: {
      value: 'natural',
      help: 'Natural: each image once an epoch. Balanced: every class equally often.',
    },
    recipe: 'optional',
  },
  resolution: {
    type: { kind: 'resolution' },
    help: 'size of the training images from an epoch on, such as 1:24,5:32; smaller images train faster',
    flag: { of: ['train'], value: '<list>' },
    recipe: 'optional',
    recorded: 'if given',
  },
  validationSplit: {
    type: { kind: 'number', ...FRACTION },
    help: 'fraction of the training images to evaluate each epoch on',
    default: "the recipe's",
    flag: {
      of: ['train', 'sweep'],
      value: '<fraction>',
      helpOf: {
        sweep: "fraction of the training images to evaluate trials on (default: the recipe's, or 0.1)",
      },
      insteadOf: { '--val-split': '--validation-split', '--validation': '--validation-split' },
    },
    setting: { sharedByTrials: 'trials are compared on the same images' },
    recorded: 'always',
    form: {
      place: 5,
      help: 'Fraction of the training images to evaluate each epoch on, instead of training on them.',
    },
    recipe: 'needed',
  },
  earlyStopping: {
    type: { kind: 'number', ...COUNT },
    help: 'stop after this many epochs without a lower validation loss',
    flag: {
      of: ['train', 'sweep'],
      value: '<epochs>',
      helpOf: { sweep: 'stop a trial after this many epochs without a lower validation loss' },
      insteadOf: { '--patience': '--early-stopping' },
    },
    recorded: 'if given',
    form: { help: 'Stop after this many epochs without a lower validation loss.' },
  },
  keepBest: {
    type: { kind: 'boolean' },
    help: 'keep the weights of the last epoch, not those of the epoch with the lowest validation loss',
    flag: { of: ['train'], name: '--no-keep-best' },
    recorded: 'if given',
    recipe: 'optional',
  },
} as const satisfies Readonly<Record<string, Option>>;
