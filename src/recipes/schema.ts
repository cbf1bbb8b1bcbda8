import {
  anyOf,
  byName,
  callable,
  count,
  described,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  pattern,
  text,
} from '../options/kinds.ts';
import { jsonSchemaOf, recipeOptions } from '../options/schema.ts';

const optimizer = described(
  object({ name: text() }, '{ name, …options }'),
  'The optimizer by its name, with its options: learningRate (a number or a schedule), weightDecay and its own.',
);

const channels = list(number(), { atLeast: 1, words: 'a list of numbers' });

const normalization = anyOf(
  [oneOf(['data']), object({ mean: channels, deviation: channels })],
  '"data", or { mean, deviation }: three numbers each',
);

const networkOptions = byName(
  anyOf([number(), text({ empty: true }), flag], 'a number, a word, true or false'),
  'an object of numbers, words, true and false',
);

/** What a recipe's file says, before it is known whether its network can be built. */
export const recipeSchema = object(
  {
    name: described(pattern(/^\w[\w.-]*$/, 'letters, digits, ".", "_" and "-"'), 'What --recipe takes.'),
    description: described(text(), 'One sentence for lists.'),
    target: described(
      object(
        { accuracy: number({ atLeast: 0, atMost: 1 }), note: text({ empty: true }) },
        '{ accuracy, note }',
      ),
      "The accuracy that it should reach on CIFAR-10's test images, from 0 to 1, and where that figure comes from.",
    ),
    ...recipeOptions(),
    optimizer,
    images: described(
      optional(count),
      'Training images that epochs and batch size are chosen for. With less than half of them, batches are smaller.',
    ),
    learningRateBatchSize: described(
      optional(count),
      'Batch size that the learning rates are chosen for. In smaller batches, SGD’s rates fall.',
    ),
    normalization: described(
      optional(normalization),
      'What is done to pixels first. Default: they are scaled to 0–1.',
    ),
    options: described(
      optional(networkOptions),
      "Options of its network with their defaults: 'harrier train --set NAME=VALUE' changes one.",
    ),
    layers: described(
      optional(callable('a function that returns the layers')),
      'The network as layers one after another: ({ classes }, options) => [ … ]. Either this or outputs.',
    ),
    outputs: described(
      optional(callable('a function from an image to its scores')),
      'The network in the functional form: (image, { classes }, options) => scores.',
    ),
  },
  'an object with name, epochs, layers and so on',
);

/** JSON Schema of a recipe, draft 2020-12; its functions, `layers` or `outputs`, are left open. */
export function recipeJsonSchema(): Record<string, unknown> {
  return { title: 'A recipe of Harrier', ...jsonSchemaOf(recipeSchema) };
}
