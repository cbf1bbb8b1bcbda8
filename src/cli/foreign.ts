import type { Command } from 'commander';
import type { ForeignClassifierOptions } from '../models/index.ts';
import type { OptionValues } from '../options/table.ts';
import { withOptions } from './flags.ts';
import type { Reporter } from './reporter.ts';

/** Loaded when a file is read: help needs none of it. */
const files = () => import('../platform/node/files/classifier-file.ts');

/** What may be said of a classifier of another program. */
export interface ForeignFlags
  extends Pick<OptionValues<object>, 'mean' | 'std' | 'imageSize' | 'channelOrder' | 'resize'> {
  /** A file with the names of its classes. */
  readonly labels?: string;
}

const OF_ANOTHER_PROGRAM = 'of a model of another program:';

/** Flags of commands that use a finished model, for those of other programs. */
export function withForeignOptions(target: Command): Command {
  target.option('--labels <file>', `${OF_ANOTHER_PROGRAM} the names of its classes, one a line`);
  withOptions(target, ['mean', 'std', 'channelOrder', 'resize'], {
    mean: `${OF_ANOTHER_PROGRAM} mean of red, green and blue, on a scale from 0 to 1 (default: its configuration's, or ImageNet's)`,
    std: `${OF_ANOTHER_PROGRAM} their standard deviation (default: as for --mean)`,
    channelOrder: `${OF_ANOTHER_PROGRAM} rgb, or bgr if the model takes blue first (default: rgb)`,
    resize: `${OF_ANOTHER_PROGRAM} how images are brought to its size: crop, stretch or pad (default: its configuration's, or crop)`,
  });
  // Commands that open data have it for that, too.
  if (target.options.some(({ long }) => long === '--image-size')) return target;
  return withOptions(target, ['imageSize'], {
    imageSize: `${OF_ANOTHER_PROGRAM} side of the images, if it leaves that open (default: its configuration's, or 224)`,
  });
}

/** The flags as the importer takes them. @throws HarrierError when the file of labels cannot be read */
export async function foreignClassifierOptions({
  labels,
  mean,
  std,
  imageSize,
  channelOrder,
  resize,
}: ForeignFlags): Promise<ForeignClassifierOptions> {
  return {
    ...(labels !== undefined && { labels: await (await files()).readLabels(labels) }),
    ...(mean && { mean }),
    ...(std && { std }),
    ...(imageSize !== undefined && { imageSize }),
    ...(channelOrder && { channelOrder }),
    ...(resize && { preprocessing: { resize } }),
  };
}

/**
 * The bytes of a model by Harrier's contract, also of another program; what was assumed is noted.
 * @throws HarrierError as `readClassifierFile` does
 */
export async function classifierBytes(
  file: string,
  flags: ForeignFlags,
  reporter: Reporter,
): Promise<Uint8Array> {
  const { readClassifierFile } = await files();
  const { bytes, assumed } = await readClassifierFile(file, await foreignClassifierOptions(flags));
  for (const sentence of assumed) reporter.note(`Note: ${sentence}`);
  return bytes;
}
