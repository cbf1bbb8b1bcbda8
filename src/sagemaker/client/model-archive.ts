import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { create } from 'tar';
import { readClassifierFile } from '../../platform/node/files/classifier-file.ts';
import { temporaryFolder } from '../../platform/node/files/temporary-folder.ts';
import { RUN_FILES } from '../../runs/stored-run.ts';
import type { Aws } from './aws.ts';
import { uploadFile } from './s3.ts';

/**
 * Uploads a model as SageMaker wants it: `model.tar.gz`, with the card and the evaluation where they lie beside it. A
 * classifier of another program goes up as Harrier reads it here, with what lies beside its file. The same model gets the
 * same address.
 *
 * @param onNote is told what was assumed of a classifier of another program
 * @returns the archive's address
 * @throws HarrierError as `readClassifierFile` does
 */
export async function uploadModel(
  aws: Aws,
  bucket: string,
  modelFile: string,
  onNote: (sentence: string) => void,
): Promise<string> {
  const folder = temporaryFolder('model');
  try {
    const path = join(folder, 'model.tar.gz');
    const { bytes, assumed } = await readClassifierFile(modelFile);
    for (const sentence of assumed) onNote(sentence);
    await packModel(modelFile, bytes, join(folder, 'content'), path);
    const hash = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
      .slice(0, 16);
    const key = `harrier/models/${hash}/model.tar.gz`;
    await uploadFile(aws, { bucket, key }, path);
    return `s3://${bucket}/${key}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Packs a model in a folder that is made for it, under the name that the container looks for. */
async function packModel(modelFile: string, bytes: Uint8Array, cwd: string, path: string): Promise<void> {
  await mkdir(cwd);
  await writeFile(join(cwd, RUN_FILES.model), bytes);
  const from = dirname(modelFile);
  const isThere = async (name: string) => (await stat(join(from, name)).catch(() => undefined)) !== undefined;
  const files: string[] = [RUN_FILES.model];
  if (basename(modelFile) === RUN_FILES.model && (await isThere(RUN_FILES.evaluation))) {
    for (const name of [RUN_FILES.card, RUN_FILES.evaluation]) {
      if (!(await isThere(name))) continue;
      await copyFile(join(from, name), join(cwd, name));
      files.push(name);
    }
  }
  // The same bytes whenever and wherever it is packed.
  await create({ cwd, file: path, gzip: true, portable: true, mtime: new Date(0) }, files);
}
