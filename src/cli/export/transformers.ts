import { basename, dirname, extname, resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatBytes, formatQuantity } from '../../format/format.ts';
import { THRESHOLDS_KEY } from '../../models/index.ts';
import { isObject } from '../../options/values.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { hubRepository } from '../../publishing/hub-repository.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { checkFolder, jsonIn, modelToPublish, writeFolder } from './folder.ts';
import type { ExportCommandOptions } from './formats.ts';

/** `harrier export --format transformers.js`. */
export async function exportTransformers(
  source: ModelSource,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<void> {
  const { modelFile, run } = source;
  const name = run ? basename(run.path) : basename(modelFile, extname(modelFile));
  const folder = resolve(options.out ?? `${name}-transformers`);
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
  reporter.print(
    style.faint(
      `Put it on the hub: npx harrier push ${run ? shortPath(run.path) : shortPath(modelFile)} hf:OWNER/NAME`,
    ),
  );
}

async function isExport(folder: string): Promise<boolean> {
  const config = await jsonIn(folder, 'config.json');
  return isObject(config?.harrier) && config.harrier.format === 'transformers.js';
}
