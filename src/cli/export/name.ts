import { basename, extname } from 'node:path';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { runNameOf } from '../../platform/node/runs/run-name.ts';

/** What an export is called after: the run, with the group that it is a part of, or the file of the model. */
export function nameOf({ modelFile, run }: ModelSource): string {
  return run ? runNameOf(run.path) : basename(modelFile, extname(modelFile));
}
