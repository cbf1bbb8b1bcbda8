import { type Preprocessing, RESIZES } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import { CHANNEL_ORDERS } from '../../options/words.ts';

/** The order of the three colours in a model's input. */
export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];

/** A number for each of red, green and blue. */
export type Colour = readonly [number, number, number];

/** What a user says of a model of another program. What is left out is read from files beside it, or assumed. */
export interface ForeignOptions {
  /** Mean of the pixels' red, green and blue, on a scale from 0 to 1; it is subtracted. One number stands for all. */
  readonly mean?: readonly number[];
  /** Their standard deviation, on the same scale; the difference is divided by it. */
  readonly std?: readonly number[];
  /** Side of the images, or their height and width, where the model leaves them open. */
  readonly imageSize?: number | readonly [number, number];
  /** The order in which the model wants the colours. */
  readonly channelOrder?: ChannelOrder;
  /** The value of the graph that holds the features, in place of the input of its last product. */
  readonly features?: string;
  /** How images come to the model's size. */
  readonly preprocessing?: Partial<Preprocessing>;
}

/** How a model of another program was read: with it, the same file gives the same network again. */
export interface ForeignReading {
  readonly mean: Colour;
  readonly std: Colour;
  /** Height and width. */
  readonly imageSize: readonly [number, number];
  readonly channelOrder: ChannelOrder;
  readonly features?: string;
  readonly preprocessing: Preprocessing;
}

/** 1, and a little more: the values of a reading are quotients, which may be rounded up. */
const LARGEST = 1 + 1e-6;
const LARGEST_PIXEL = 255;

/** @throws HarrierError `bad-option` for an option that makes no sense */
export function checkOptions(options: ForeignOptions, where: string): void {
  const refuse = (option: string, expected: string, received: unknown, next?: string): never => {
    throw new HarrierError('bad-option', option, {
      where,
      expected,
      received: JSON.stringify(received),
      next,
    });
  };
  const { mean, std, imageSize, channelOrder, preprocessing } = options;
  if (mean && !(isColour(mean) && mean.every((each) => each >= 0 && each <= LARGEST)))
    refuse('mean', 'one number or three (red, green, blue), from 0 to 1', mean, division({ mean, std }));
  if (std && !(isColour(std) && std.every((each) => each > 0 && each <= LARGEST)))
    refuse('std', 'one number or three (red, green, blue), above 0 and at most 1', std, division({ std }));
  if (imageSize !== undefined && ![imageSize].flat().every((side) => Number.isInteger(side) && side > 0))
    refuse('imageSize', 'a positive whole number', imageSize);
  if (channelOrder !== undefined && !CHANNEL_ORDERS.includes(channelOrder))
    refuse('channelOrder', CHANNEL_ORDERS.join(' or '), channelOrder);
  if (preprocessing?.resize !== undefined && !RESIZES.includes(preprocessing.resize))
    refuse('preprocessing.resize', RESIZES.join(', '), preprocessing.resize);
}

/** What to give in place of values on a scale from 0 to 255; undefined where they are on no such scale either. */
function division(given: Pick<ForeignOptions, 'mean' | 'std'>): string | undefined {
  const isOfPixels = (values: readonly number[]) =>
    isColour(values) &&
    values.some((each) => each >= 1) &&
    values.every((each) => each >= 0 && each <= LARGEST_PIXEL);
  const divided = Object.entries(given)
    .filter(([, values]) => values && isOfPixels(values))
    .map(
      ([name, values]) => `${name} ${values.map((each) => Number((each / LARGEST_PIXEL).toPrecision(4)))}`,
    );
  return divided.length > 0 ? `Divide by ${LARGEST_PIXEL}: ${divided.join(', and ')}.` : undefined;
}

function isColour(values: readonly number[]): boolean {
  return (
    Array.isArray(values) && (values.length === 1 || values.length === 3) && values.every(Number.isFinite)
  );
}

/** Three numbers from one or three. */
export function colour(values: readonly number[]): Colour {
  const [red, green = red, blue = red] = values;
  return [red, green, blue];
}
