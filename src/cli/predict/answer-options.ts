import { Option } from 'commander';
import { number, wholeNumber } from '../values.ts';

// Of every command that classifies images, here or on an endpoint.

/** Classes that are named for each image. */
export const USUAL_TOP = 3;

/** How many classes are named for each image. */
export const topOption = (): Option =>
  new Option('--top <count>', 'classes to name for each image')
    .argParser(wholeNumber('--top'))
    .default(USUAL_TOP);

/** Prediction sets. */
export const setsOption = (): Option =>
  new Option(
    '--sets <coverage>',
    'also print, for each image, a set of classes that contains the right one with this probability, such as 0.95',
  ).argParser(number('--sets', { above: 0, below: 1 }));
