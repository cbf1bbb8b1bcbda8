import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { evenThresholds } from '../../evaluation/index.ts';
import { encodeModel } from '../../onnx/index.ts';
import { storageError, writeAtomically } from '../../platform/node/files/cache.ts';
import type { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { readCheckpoint } from '../../platform/node/runs/train-run.ts';
import { exportRun } from '../../runs/export-run.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import type { RunFile } from '../../runs/stored-run.ts';
import { weightsToUse } from '../../training/index.ts';
import type { ContainerPaths } from './paths.ts';

/** The content of model.tar.gz: the model with its card and evaluation. */
const MODEL_FILES: readonly RunFile[] = ['model', 'card', 'evaluation'];
/** What becomes output.tar.gz. */
const OUTPUT_FILES: readonly RunFile[] = ['report', 'history', 'evaluation', 'record'];

/** A result of a finished run that is not there: a container may end while its folder is copied to S3. */
export async function missingResult(folder: RunFolder): Promise<RunFile | undefined> {
  for (const name of [...MODEL_FILES, ...OUTPUT_FILES]) if (!(await folder.read(name))) return name;
  return undefined;
}

/** Hands a finished run over: copies, for SageMaker wants no links. @throws HarrierError `storage` */
export async function copyResults(folder: RunFolder, paths: ContainerPaths): Promise<void> {
  for (const [files, target] of [
    [MODEL_FILES, paths.model],
    [OUTPUT_FILES, paths.outputData],
  ] as const) {
    for (const name of files) {
      const path = join(target, basename(folder.file(name)));
      await copyFile(folder.file(name), path).catch((error) => {
        throw storageError(error, path, 'give the job a larger volume (VolumeSizeInGB)');
      });
    }
  }
}

/**
 * The model of a run that was stopped before its end, so that a stopped job leaves something that can be used: the
 * weights of its best epoch, else its last. It has not been evaluated, and says so.
 */
export async function saveStoppedModel(
  { network, data, options, train }: PreparedRun,
  folder: RunFolder,
  paths: ContainerPaths,
): Promise<void> {
  const last = await readCheckpoint(folder, 'last');
  if (!last) return;
  const { position } = last;
  const best = position.best && (await readCheckpoint(folder, 'best'));
  const model = exportRun({ network, options }, weightsToUse(best ?? last), {
    classNames: data.classNames,
    ...(train.tags && { thresholds: evenThresholds(data.classNames.length) }),
    metadata: { 'harrier.stopped': `after ${position.epoch} of ${options.epochs} epochs` },
  });
  const elsewhere = 'give the job a larger volume (VolumeSizeInGB)';
  await writeAtomically(join(paths.model, basename(folder.file('model'))), encodeModel(model), elsewhere);
  await copyFile(folder.file('history'), join(paths.outputData, basename(folder.file('history')))).catch(
    () => {
      // Stopped within the first epoch: there is no history yet.
    },
  );
}
