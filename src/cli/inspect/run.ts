import { resolve } from 'node:path';
import { Backbone, DEFAULT_BACKBONE, imageFeatures } from '../../backbones/index.ts';
import { HarrierError } from '../../errors.ts';
import { type Inspection, inspectImages, inspectionText } from '../../inspection/index.ts';
import type { OptionValues } from '../../options/table.ts';
import { featureCache } from '../../platform/node/backbones/feature-cache.ts';
import { openDataset } from '../../platform/node/datasets/open-dataset.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { startingModel } from '../../platform/node/runs/starting-model.ts';
import { Exit } from '../failure.ts';
import { checkImageSize } from '../features/run.ts';
import { fetchingFor, noteLicense } from '../fetching.ts';
import { type Interruption, watchInterruption } from '../interruption.ts';
import { checkOutput, markedText, writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { photoSide } from '../train/by-itself.ts';
import { foreignOptions } from '../train/options.ts';
import { shorterSides, thumbnails } from './images.ts';

/** The options of `inspect` as they were typed. */
export interface InspectOptions
  extends Omit<OptionValues<{ augmentation: never; classWeight: never; resolution: never }>, 'from' | 'out'> {
  readonly from?: string | true;
  readonly out: string;
  readonly force?: boolean;
}

/** `harrier inspect`. */
export async function runInspect(data: string, options: InspectOptions): Promise<void> {
  const reporter = new Reporter({ machine: options.json });
  const interruption = watchInterruption(() => reporter.note('Stopping: features computed so far are kept.'));
  try {
    await inspect(data, options, reporter, interruption);
  } finally {
    interruption.end();
  }
}

async function inspect(
  data: string,
  options: InspectOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const page = resolve(options.out);
  const output = { option: '--out', force: options.force };
  await checkOutput(page, output);
  const { signal } = interruption;
  const given = typeof options.from === 'string' ? options.from : undefined;
  const isPhotos = given === undefined && options.from === undefined && (await photoSide(data)) !== undefined;
  const model = await startingModel(
    isPhotos ? DEFAULT_BACKBONE : given,
    foreignOptions(options),
    fetchingFor(reporter, signal),
  );
  if (model.source) noteLicense(model, reporter);
  for (const sentence of model.assumed ?? []) reporter.note(`Note: ${sentence}`);
  reporter.status(`opening ${data} …`);
  const opened = await openDataset(data, {
    imageSize: options.imageSize,
    defaultImageSize: model.network.inputShape[1],
    preprocessing: model.preprocessing,
    source: options.source,
    skipBad: options.skipBad,
    marks: options.marks && false,
    onProgress: reporter.work,
    signal,
  });
  for (const note of opened.notes ?? []) reporter.note(`Note: ${note}`);
  const runtime = nodeRuntime({ threads: options.threads });
  const backbone = await Backbone.load(runtime, model);
  const onProgress: typeof reporter.work = (work) => {
    if (interruption.exitCode !== undefined) throw new Exit(interruption.exitCode);
    reporter.work(work);
  };
  try {
    const store = featureCache(backbone.key(nativeSha256), backbone.size);
    const parts = [];
    for (const part of ['train', 'validation', 'test'] as const) {
      const dataset = opened[part];
      if (!dataset || dataset.size === 0) continue;
      checkImageSize(dataset, backbone);
      const what = `features of ${dataset.name}`;
      const features = await imageFeatures(backbone, dataset, {
        store,
        sha256: nativeSha256,
        what,
        onProgress,
      });
      parts.push({ part, dataset, features });
    }
    const datasets = parts.map(({ dataset }) => dataset);
    const found = await inspectImages(parts, {
      runtime,
      data,
      network: model.name,
      size: backbone.size,
      seed: options.seed ?? 0,
      featuresOf: (pixels) => backbone.features(pixels),
      shorterSides: await shorterSides(datasets, onProgress),
      onProgress,
    });
    reporter.clear();
    const { renderInspection, imagesOf } = await import('../../report/inspection-page.ts');
    const images = await thumbnails(datasets, imagesOf(found));
    await writeOutput(page, markedText(renderInspection(found, images)), output);
    if (options.json) reporter.json({ ...found, page } satisfies Inspection & { page: string });
    else {
      reporter.print(inspectionText(found, reporter.style));
      reporter.print();
      reporter.print(reporter.style.faint(`The same with the images: ${shortPath(page)}`));
      if (found.labels.issues.length > 0) {
        reporter.print(
          reporter.style.faint(
            'Correct labels in npx harrier studio, or move the files to the right folder.',
          ),
        );
      }
    }
  } catch (error) {
    if (error instanceof HarrierError || interruption.exitCode === undefined) throw error;
    throw error instanceof Exit ? error : new Exit(interruption.exitCode);
  } finally {
    await backbone.dispose();
  }
}
