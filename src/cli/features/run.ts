import { extname, resolve } from 'node:path';
import {
  Backbone,
  encodeFeatures,
  FEATURE_FORMATS,
  type FeatureFormat,
  type FeatureList,
  imageFeatures,
  imagesToCsv,
} from '../../backbones/index.ts';
import type { Dataset } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { formatCount } from '../../format/format.ts';
import type { OptionValues } from '../../options/table.ts';
import { featureCache } from '../../platform/node/backbones/feature-cache.ts';
import { openDataset } from '../../platform/node/datasets/open-dataset.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { startingModel } from '../../platform/node/runs/starting-model.ts';
import { Exit } from '../failure.ts';
import { fetchingFor, noteLicense } from '../fetching.ts';
import { type Interruption, watchInterruption } from '../interruption.ts';
import { checkOutput, writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';
import { foreignOptions } from '../train/options.ts';

/** The options of `features` as they were typed. */
export interface FeaturesOptions
  extends Omit<OptionValues<{ augmentation: never; classWeight: never; resolution: never }>, 'from' | 'out'> {
  readonly from?: string | true;
  readonly out: string;
  readonly force?: boolean;
}

/** `harrier features`. */
export async function runFeatures(data: string, options: FeaturesOptions): Promise<void> {
  const reporter = new Reporter({ machine: options.json });
  const interruption = watchInterruption(() => reporter.note('Stopping: what is computed is kept.'));
  try {
    await write(data, options, reporter, interruption);
  } finally {
    interruption.end();
  }
}

async function write(
  data: string,
  options: FeaturesOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const format = formatOf(options.out);
  const path = resolve(options.out);
  const beside = format === 'npy' ? path.replace(/\.npy$/i, '.images.csv') : undefined;
  const output = { option: '--out', force: options.force, isOwn: async () => false };
  for (const file of beside ? [path, beside] : [path]) await checkOutput(file, output);

  const { from, threads } = options;
  const { signal } = interruption;
  const named = from === true ? undefined : from;
  const model = await startingModel(named, foreignOptions(options), fetchingFor(reporter, signal));
  if (model.source) noteLicense(model, reporter);
  for (const sentence of model.assumed ?? []) reporter.note(`Note: ${sentence}`);
  reporter.status(`opening ${data} …`);
  const [, width] = model.network.inputShape;
  const opened = await openDataset(data, {
    imageSize: options.imageSize,
    defaultImageSize: width,
    preprocessing: model.preprocessing,
    source: options.source,
    skipBad: options.skipBad,
    marks: options.marks && false,
    onProgress: reporter.work,
    signal,
  });
  const backbone = await Backbone.load(nodeRuntime({ threads }), model);
  try {
    const store = featureCache(backbone.key(nativeSha256), backbone.size);
    const parts = ['train', 'validation', 'test'] as const;
    const lists: PartFeatures[] = [];
    for (const part of parts) {
      const dataset = opened[part];
      if (!dataset) continue;
      checkImageSize(dataset, backbone);
      const features = await imageFeatures(backbone, dataset, {
        store,
        sha256: nativeSha256,
        what: `features of ${dataset.name}`,
        onProgress: (work) => {
          if (interruption.exitCode !== undefined) throw new Exit(interruption.exitCode);
          reporter.work(work);
        },
      });
      lists.push({ part, dataset, features });
    }
    const list = joined(lists, backbone);
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

interface PartFeatures {
  readonly part: string;
  readonly dataset: Dataset;
  readonly features: Float32Array;
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
    expected: FEATURE_FORMATS.map((each) => `.${each}`).join(', '),
    received: out,
  });
}

/** @throws HarrierError `bad-data` for images of one size that is not the network's */
export function checkImageSize(
  { name, imageShape: { height, width } }: Dataset,
  { name: model, imageShape }: Backbone,
) {
  if (height === imageShape.height && width === imageShape.width) return;
  throw new HarrierError('bad-data', `its images have another size than ${model} takes`, {
    where: name,
    expected: `${imageShape.width} × ${imageShape.height}`,
    received: `${width} × ${height}`,
    next: 'Leave --image-size out, or give a folder of images, which are scaled.',
  });
}
