import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { type Inspection, inspectImages, inspectionText } from '../../inspection/index.ts';
import { labelRules } from '../../platform/node/datasets/label-rules.ts';
import { isManifestName } from '../../platform/node/datasets/manifest.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { Exit } from '../failure.ts';
import { type FeaturesCommandOptions, featuresOf } from '../features/features-of.ts';
import { type Interruption, orExit, watchInterruption } from '../interruption.ts';
import { checkOutput, markedText, writeOutput } from '../output.ts';
import { tellingParent } from '../parent.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { shorterSides, thumbnails } from './images.ts';

/** The options of `inspect` as they were typed. */
export interface InspectCommandOptions extends FeaturesCommandOptions {
  readonly map?: boolean;
}

/** `harrier inspect`. */
export async function runInspect(data: string, options: InspectCommandOptions): Promise<void> {
  const reporter = new Reporter({ machine: options.json, onWork: tellingParent() });
  const interruption = watchInterruption(() => reporter.note('Stopping: features computed so far are kept.'));
  try {
    await inspect(data, options, reporter, interruption);
  } catch (error) {
    throw orExit(error, interruption);
  } finally {
    interruption.end();
  }
}

async function inspect(
  data: string,
  options: InspectCommandOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const page = resolve(options.out);
  const output = { option: '--out', force: options.force };
  await checkOutput(page, output);
  const given = typeof options.from === 'string' ? options.from : undefined;
  const { runtime, backbone, parts, featuresOfPixels } = await featuresOf(data, given, options, {
    reporter,
    interruption,
  });
  const onProgress: typeof reporter.work = (work) => {
    if (interruption.exitCode !== undefined) throw new Exit(interruption.exitCode);
    reporter.work(work);
  };
  try {
    const datasets = parts.map(({ dataset }) => dataset);
    const found = await inspectImages(parts, {
      runtime,
      data,
      network: backbone.name,
      size: backbone.size,
      seed: options.seed ?? 0,
      featuresOf: featuresOfPixels,
      map: options.map,
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
        reporter.print(reporter.style.faint(correctingText(data, found.multiLabel !== undefined, options)));
      }
    }
  } catch (error) {
    if (error instanceof HarrierError || interruption.exitCode === undefined) throw error;
    throw error instanceof Exit ? error : new Exit(interruption.exitCode);
  } finally {
    await backbone.dispose();
  }
}

/** Where wrong labels are corrected. Studio reads folders and lists as they are. */
function correctingText(data: string, isMultiLabel: boolean, options: InspectCommandOptions): string {
  const isList = isManifestName(data);
  if (isMultiLabel || (isList && Object.keys(labelRules(options)).length > 0)) {
    return 'Correct labels in the list.';
  }
  if (options.labelBy !== undefined) return 'Correct labels in the names of the files.';
  const place = isList ? 'in the list' : 'move the files to the right folder';
  return `Correct labels in npx harrier studio --data ${shellQuote(data)}, or ${place}.`;
}
