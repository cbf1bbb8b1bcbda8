import { Backbone, DEFAULT_BACKBONE, imageFeatures } from '../../backbones/index.ts';
import { type Dataset, imageBytes } from '../../data/dataset.ts';
import { memoryDataset } from '../../data/memory.ts';
import { subset } from '../../data/subset.ts';
import { HarrierError } from '../../errors.ts';
import type { OptionValues } from '../../options/table.ts';
import { featureCache } from '../../platform/node/backbones/feature-cache.ts';
import { labelRules } from '../../platform/node/datasets/label-rules.ts';
import { openDataset } from '../../platform/node/datasets/open-dataset.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { foreignOptions } from '../../platform/node/runs/new-run.ts';
import { photoSide } from '../../platform/node/runs/photo-side.ts';
import { startingModel } from '../../platform/node/runs/starting-model.ts';
import type { Runtime } from '../../runtime/index.ts';
import { Exit } from '../failure.ts';
import { fetchingFor, noteModel } from '../fetching.ts';
import type { Interruption } from '../interruption.ts';
import type { Reporter } from '../reporter.ts';
import { isInShard, type Shard } from '../shard.ts';

/** The options of commands that look at a data set through a pretrained network, as they were typed. */
export interface FeaturesCommandOptions
  extends Omit<OptionValues<{ augmentation: never; classWeight: never; resolution: never }>, 'from' | 'out'> {
  readonly from?: string | true;
  readonly out: string;
  readonly force?: boolean;
  /** The part of the images that is meant. */
  readonly shard?: Shard;
}

/** The images of one part of a data set, and their features: float32 `[images, size]`. */
export interface PartFeatures {
  readonly part: 'train' | 'validation' | 'test';
  readonly dataset: Dataset;
  readonly features: Float32Array;
}

/** All parts of a data set that have images. `backbone` is to be disposed of. */
export interface DataFeatures {
  readonly runtime: Runtime;
  readonly backbone: Backbone;
  readonly parts: readonly PartFeatures[];
  /** Features of further images, from the cache as well. @param pixels uint8 `[images, height, width, 3]` */
  readonly featuresOfPixels: (pixels: Uint8Array) => Promise<Float32Array>;
}

/**
 * Features of a data set from the cache; what is missing there is computed and kept.
 *
 * @param from the network; undefined: for photos the pretrained one that `train` takes, else the model that comes with
 *   Harrier
 * @throws HarrierError as `startingModel`, `openDataset` and `imageFeatures` do, `bad-data` for images of one size that is
 *   not the network's; Exit when interrupted
 */
export async function featuresOf(
  data: string,
  from: string | undefined,
  options: FeaturesCommandOptions,
  { reporter, interruption }: { readonly reporter: Reporter; readonly interruption: Interruption },
): Promise<DataFeatures> {
  const { signal } = interruption;
  const { multiLabel } = options;
  const reading = { multiLabel, ...labelRules(options), onProgress: reporter.work, signal };
  const isPhotos = from === undefined && (await photoSide(data, reading)) !== undefined;
  const network = isPhotos ? DEFAULT_BACKBONE : from;
  const model = await startingModel(network, foreignOptions(options), fetchingFor(reporter, signal));
  noteModel(model, reporter);
  reporter.status(`opening ${data} …`);
  const opened = await openDataset(data, {
    imageSize: options.imageSize,
    defaultImageSize: model.network.inputShape[1],
    preprocessing: model.preprocessing,
    source: options.source,
    skipBad: options.skipBad,
    marks: options.marks && false,
    // All parts are looked at together: images that belong together need no split.
    pooled: 'if-needed',
    ...reading,
  });
  for (const note of opened.notes ?? []) reporter.note(`Note: ${note}`);
  const runtime = nodeRuntime({ threads: options.threads });
  const backbone = await Backbone.load(runtime, model);
  try {
    const store = featureCache(backbone.key(nativeSha256), backbone.size);
    const parts: PartFeatures[] = [];
    for (const part of ['train', 'validation', 'test'] as const) {
      const isPooled = part === 'test' && opened.test.name === opened.train.name;
      const whole = isPooled ? undefined : opened[part];
      const dataset = whole && options.shard ? partOf(whole, options.shard) : whole;
      if (!dataset || dataset.size === 0) continue;
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
      parts.push({ part, dataset, features });
    }
    if (parts.length === 0) {
      const { number, count } = options.shard ?? { number: 1, count: 1 };
      throw new HarrierError('bad-data', 'this part has no images', {
        where: data,
        received: `part ${number} of ${count}`,
        next: 'Use fewer parts.',
      });
    }
    const featuresOfPixels = (pixels: Uint8Array) => {
      const { imageShape } = backbone;
      const labels = new Uint16Array(pixels.length / imageBytes(imageShape));
      const images = memoryDataset({
        name: 'further images',
        classNames: ['any'],
        imageShape,
        labels,
        pixels,
      });
      return imageFeatures(backbone, images, { store, sha256: nativeSha256 });
    };
    return { runtime, backbone, parts, featuresOfPixels };
  } catch (error) {
    await backbone.dispose();
    throw error;
  }
}

function partOf(dataset: Dataset, shard: Shard): Dataset {
  const all = Array.from({ length: dataset.size }, (_, i) => i);
  return subset(
    dataset,
    all.filter((i) => isInShard(shard, i)),
  );
}

function checkImageSize(
  { name, imageShape: { height, width } }: Dataset,
  { name: model, imageShape }: Backbone,
): void {
  if (height === imageShape.height && width === imageShape.width) return;
  throw new HarrierError('bad-data', `its images have another size than ${model} takes`, {
    where: name,
    expected: `${imageShape.width} × ${imageShape.height}`,
    received: `${width} × ${height}`,
    next: 'Leave --image-size out, or give a folder of images, which are scaled.',
  });
}
