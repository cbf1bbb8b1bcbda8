import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { create } from 'tar';
import { RUN_FILES } from '../../runs/stored-run.ts';
import type { Aws } from './aws.ts';
import { uploadFile } from './s3.ts';

/**
 * Uploads a model as SageMaker wants it: `model.tar.gz`, with the card and the evaluation where they lie beside it.
 * The same model gets the same address.
 *
 * @returns the archive's address
 */
export async function uploadModel(aws: Aws, bucket: string, modelFile: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-model-'));
  try {
    const path = join(folder, 'model.tar.gz');
    await packModel(modelFile, path);
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

async function packModel(modelFile: string, path: string): Promise<void> {
  const cwd = dirname(modelFile);
  const beside = [RUN_FILES.card, RUN_FILES.evaluation];
  const there = await Promise.all(beside.map((name) => stat(join(cwd, name)).catch(() => undefined)));
  const isOfRun = basename(modelFile) === RUN_FILES.model && there[1] !== undefined;
  const files = [basename(modelFile), ...(isOfRun ? beside.filter((_, i) => there[i]) : [])];
  await create(
    {
      cwd,
      file: path,
      gzip: true,
      // The same bytes whenever and wherever it is packed.
      portable: true,
      mtime: new Date(0),
      // The container looks for this name.
      onWriteEntry: (entry) => {
        if (entry.path === basename(modelFile)) entry.path = RUN_FILES.model;
      },
    },
    files,
  );
}
