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

/** @throws HarrierError `bad-option` for an option that makes no sense */
export function checkOptions(options: ForeignOptions, where: string): void {
  const refuse = (option: string, expected: string, received: unknown): never => {
    throw new HarrierError('bad-option', option, { where, expected, received: JSON.stringify(received) });
  };
  const { mean, std, imageSize, channelOrder, preprocessing } = options;
  if (mean && !isColour(mean)) refuse('mean', 'one number or three (red, green, blue), from 0 to 1', mean);
  if (std && !(isColour(std) && std.every((each) => each > 0)))
    refuse('std', 'one number above 0 or three (red, green, blue), on a scale from 0 to 1', std);
  if (imageSize !== undefined && ![imageSize].flat().every((side) => Number.isInteger(side) && side > 0))
    refuse('imageSize', 'a positive whole number', imageSize);
  if (channelOrder !== undefined && !CHANNEL_ORDERS.includes(channelOrder))
    refuse('channelOrder', CHANNEL_ORDERS.join(' or '), channelOrder);
  if (preprocessing?.resize !== undefined && !RESIZES.includes(preprocessing.resize))
    refuse('preprocessing.resize', RESIZES.join(', '), preprocessing.resize);
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
