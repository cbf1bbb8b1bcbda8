import { basename, dirname, extname } from 'node:path';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';

/** What runs are called that belong to others: each group has a first seed. */
const PART = /^(?:seed|fold|trial)-\d+$/;

/** What an export is called after: the run, with the group that it is a part of, or the file of the model. */
export function nameOf({ modelFile, run }: ModelSource): string {
  if (!run) return basename(modelFile, extname(modelFile));
  const name = basename(run.path);
  return PART.test(name) ? `${basename(dirname(run.path))}-${name}` : name;
}
