import { extname, resolve } from 'node:path';
import {
  type Backbone,
  encodeFeatures,
  FEATURE_FORMATS,
  type FeatureFormat,
  type FeatureList,
  imagesToCsv,
} from '../../backbones/index.ts';
import { classesOf } from '../../data/tags.ts';
import { HarrierError } from '../../errors.ts';
import { formatCount } from '../../format/format.ts';
import { type Interruption, orExit, watchInterruption } from '../interruption.ts';
import { checkOutput, writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';
import { type FeaturesCommandOptions, featuresOf, type PartFeatures } from './features-of.ts';
import { type ListFeaturesOptions, listFeatures } from './list-features.ts';

/** `harrier features`. */
export async function runFeatures(data: string | undefined, options: ListFeaturesOptions): Promise<void> {
  if (extname(options.out).toLowerCase() === '.jsonl') return listFeatures(data, options);
  if (options.list !== undefined) {
    throw new HarrierError('bad-option', 'features of a list are written as lines of JSON', {
      where: '--out',
      expected: 'a file that ends in .jsonl',
      received: options.out,
    });
  }
  if (data === undefined) {
    throw new HarrierError('bad-option', "missing required argument 'data'", {
      next: 'Name a folder of images or another data set. See --help.',
    });
  }
  const reporter = new Reporter({ machine: options.json });
  const interruption = watchInterruption(() => reporter.note('Stopping: what is computed is kept.'));
  try {
    await write(data, options, reporter, interruption);
  } catch (error) {
    throw orExit(error, interruption);
  } finally {
    interruption.end();
  }
}

async function write(
  data: string,
  options: FeaturesCommandOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const format = formatOf(options.out);
  const path = resolve(options.out);
  const beside = format === 'npy' ? path.replace(/\.npy$/i, '.images.csv') : undefined;
  const output = {
    option: '--out',
    force: options.force,
    isOwn: async () => false,
    otherwise: 'this file exists',
  };
  for (const file of beside ? [path, beside] : [path]) await checkOutput(file, output);

  const { from } = options;
  const named = from === true ? undefined : from;
  const { backbone, parts } = await featuresOf(data, named, options, { reporter, interruption });
  try {
    const list = joined(parts, backbone);
    await writeOutput(path, encodeFeatures(list, format), output);
    if (beside) await writeOutput(beside, imagesToCsv(list), output);
    const images = list.files.length;
    if (options.json) {
      reporter.json({ out: path, ...(beside && { images: beside }), count: images, size: list.size });
    } else {
      const also = beside ? `; files and labels: ${beside}` : '';
      reporter.print(
        `${formatCount(images)} images, ${formatCount(list.size)} features each, in ${options.out}${also}`,
      );
    }
  } finally {
    await backbone.dispose();
  }
}

function joined(lists: readonly PartFeatures[], { size, name, hash }: Backbone): FeatureList {
  const features = new Float32Array(lists.reduce((total, each) => total + each.features.length, 0));
  let at = 0;
  for (const each of lists) {
    features.set(each.features, at);
    at += each.features.length;
  }
  return {
    features,
    size,
    files: lists.flatMap(({ dataset }) => Array.from(dataset.labels, (_, i) => dataset.describe(i))),
    parts: lists.flatMap(({ part, dataset }) => new Array<string>(dataset.size).fill(part)),
    labels: lists.flatMap(({ dataset }) => [...dataset.labels]),
    ...(lists[0].dataset.tags && {
      several: lists.flatMap(({ dataset }) => Array.from(dataset.labels, (_, i) => classesOf(dataset, i))),
    }),
    classNames: lists[0].dataset.classNames,
    model: { name, hash },
  };
}

/** @throws HarrierError `bad-option` for another ending than those of the formats */
function formatOf(out: string): FeatureFormat {
  const ending = extname(out).slice(1).toLowerCase();
  const format = FEATURE_FORMATS.find((each) => each === ending);
  if (format) return format;
  throw new HarrierError('bad-option', 'the ending says how features are written', {
    where: '--out',
    expected: `${FEATURE_FORMATS.map((each) => `.${each}`).join(', ')}, .jsonl`,
    received: out,
  });
}
