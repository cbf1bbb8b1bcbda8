import { basename, dirname, resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatBytes, formatQuantity } from '../../format/format.ts';
import { THRESHOLDS_KEY } from '../../models/index.ts';
import { flagOf } from '../../options/option.ts';
import { isObject } from '../../options/values.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { hubRepository } from '../../publishing/hub-repository.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { checkFolder, jsonIn, keepTexts, modelToPublish, writeFolder } from './folder.ts';
import type { ExportCommandOptions } from './formats.ts';
import { nameOf } from './name.ts';

/** `harrier export --format transformers.js`. */
export async function exportTransformers(
  source: ModelSource,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<void> {
  const { modelFile, run } = source;
  const folder = resolve(options.out ?? `${nameOf(source)}-transformers`);
  if (folder === dirname(modelFile)) {
    throw new HarrierError('bad-option', 'the export would be written into the folder of its model', {
      where: folder,
      next: 'Choose another folder with --out.',
    });
  }
  await checkFolder(folder, isExport, options.force);
  const { published } = await modelToPublish(source, options, reporter);
  const files = hubRepository(published, {
    name: basename(folder),
    harrier: HARRIER_VERSION,
    where: modelFile,
  });
  if (await isExport(folder)) await keepTexts(folder, files, reporter);
  const size = await writeFolder(folder, files);
  if (options.json) {
    reporter.json({ folder, format: 'transformers.js', bytes: size, files: files.size });
    return;
  }
  const { style } = reporter;
  reporter.print(style.strong(shortPath(folder)));
  const classes = formatQuantity(published.classNames.length, 'class', 'classes');
  const use =
    THRESHOLDS_KEY in published.model.metadata
      ? 'transformers.js (see its README.md)'
      : "pipeline('image-classification')";
  reporter.print(`folder    ${formatBytes(size)}, ${classes}, for ${use}`);
  const pushed = shellQuote(shortPath(run ? run.path : modelFile));
  reporter.print(
    style.faint(`Put it on the hub: npx harrier push ${pushed} hf:OWNER/NAME${flagsOf(options)}`),
  );
}

/** What was said of the model, so that the same is pushed. */
function flagsOf(options: ExportCommandOptions): string {
  const names = ['tta', 'labels', 'mean', 'std', 'imageSize', 'channelOrder', 'resize'] as const;
  return names
    .flatMap((name) =>
      options[name] === undefined ? [] : ` ${flagOf(name)} ${shellQuote(`${options[name]}`)}`,
    )
    .join('');
}

async function isExport(folder: string): Promise<boolean> {
  const config = await jsonIn(folder, 'config.json');
  return isObject(config?.harrier) && config.harrier.format === 'transformers.js';
}
