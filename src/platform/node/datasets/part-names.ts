/** The parts of a data set. */
export type Part = 'train' | 'test' | 'validation';

/** Names of parts, in lower case. `unused` are names of images that belong to no part and are no class. */
const NAMES: Readonly<Record<string, Part | 'unused'>> = {
  train: 'train',
  training: 'train',
  trn: 'train',
  trainset: 'train',
  trainingset: 'train',
  traindata: 'train',
  trainval: 'train',
  test: 'test',
  testing: 'test',
  tst: 'test',
  testset: 'test',
  testdata: 'test',
  holdout: 'test',
  heldout: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  validating: 'validation',
  valset: 'validation',
  validset: 'validation',
  validationset: 'validation',
  dev: 'validation',
  devset: 'validation',
  development: 'validation',
  eval: 'validation',
  evaluation: 'validation',
  evalset: 'validation',
  unlabeled: 'unused',
  unlabelled: 'unused',
  unsup: 'unused',
  unsupervised: 'unused',
  pred: 'unused',
  predict: 'unused',
  prediction: 'unused',
  predictions: 'unused',
};

/** Words that stand beside the name of a part and add nothing. */
const FILLERS: ReadonlySet<string> = new Set([
  'set',
  'sets',
  'data',
  'dataset',
  'split',
  'part',
  'folder',
  'image',
  'images',
  'img',
  'imgs',
  'photo',
  'photos',
  'picture',
  'pictures',
  'files',
  'seg',
  'the',
]);

/**
 * The part that a folder's name means, in any letter case: `train`, `Training Set`, `val_images`, `test2017`.
 * `unused` for names such as `unlabeled`; undefined for any other name, which may be one of a class.
 */
export function partNamed(name: string): Part | 'unused' | undefined {
  const words = name
    .normalize('NFC')
    // "TrainSet" is two words, "TRAIN" one.
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.replace(/(?<=\p{L})\d+$/u, ''))
    .filter((word) => word !== '' && !/^\d+$/.test(word) && !FILLERS.has(word));
  const [word] = words.length === 2 && `${words[0]}${words[1]}` === 'heldout' ? ['heldout'] : words;
  if (word === undefined || (words.length > 1 && word !== 'heldout')) return undefined;
  return Object.hasOwn(NAMES, word) ? NAMES[word] : undefined;
}
