/** What each command does. Help lists them without loading the commands. */
export const about = {
  train: 'Train a model, evaluate it on the test images, and write a run folder.',
  sweep: 'Train a recipe with different settings, and rank them.',
  'lr-find': 'Find a learning rate: raise it step by step from fresh weights until the loss explodes.',
  compare: 'Compare finished runs: options that differ, results, and whether the difference is chance.',
  evaluate: 'Evaluate a model on labelled images.',
  predict: 'Classify images.',
  explain: 'Show where a model looks when it classifies images.',
  export: 'Write a model as a package, or as a smaller file with the accuracy before and after.',
  push: 'Put a model on the Hugging Face hub, with its card.',
  serve: 'Serve a model over HTTP (docs/serving.md).',
  studio:
    'Open a page to see data, watch runs learn, examine models and teach your own classes (docs/studio.md).',
  summary:
    'Show the layers, shapes and parameters of a recipe, a run or a model file; without any, list the recipes.',
  recipes: 'List the recipes of Harrier and of ./harrier.config.ts.',
  models: 'List, show, fetch and remove pretrained models.',
  features: 'Write the features of images to a file, for other programs.',
  data: 'Describe a data set: classes, sizes, statistics and path. Downloads cifar10.',
  inspect: 'Look at images before you train: expected accuracy, wrong labels, copies, poor photos.',
  label: 'Label a folder of images with help: a model proposes, you confirm (docs/labelling.md).',
  watch:
    'Say whether new images differ from those that a model was tested on: a test, classes that grew, foreign images.',
  sagemaker: 'Train, deploy and use models on AWS SageMaker.',
  cluster: 'Write the files that start long work on many machines (docs/many-machines.md).',
  bench:
    'Measure Harrier on this machine, and the other libraries that are installed (bench/peers/README.md).',
} as const;

export type TopCommand = keyof typeof about;
