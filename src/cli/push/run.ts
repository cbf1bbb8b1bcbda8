import { modelAddress } from '../../backbones/address.ts';
import { HarrierError } from '../../errors.ts';
import { formatBytes, formatQuantity } from '../../format/format.ts';
import { pushToHub } from '../../platform/node/hub-upload/push-to-hub.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { KeptEdits } from '../../publishing/edits.ts';
import { hubRepository } from '../../publishing/hub-repository.ts';
import { EDITED, modelToPublish } from '../export/folder.ts';
import type { ExportCommandOptions } from '../export/formats.ts';
import { Reporter } from '../reporter.ts';

/** The options of `push` as they were typed. */
export interface PushCommandOptions extends Omit<ExportCommandOptions, 'format' | 'name' | 'out' | 'force'> {
  readonly private?: boolean;
  readonly message?: string;
}

/** `harrier push`. */
export async function runPush(name: string, target: string, options: PushCommandOptions): Promise<void> {
  const reporter = new Reporter({ machine: options.json });
  const repository = repositoryOf(target);
  const source = await findModel(name);
  const { published } = await modelToPublish(source, { ...options, format: 'transformers.js' }, reporter);
  const files = hubRepository(published, {
    name: repository,
    harrier: HARRIER_VERSION,
    where: source.modelFile,
  });
  const edits = new KeptEdits();
  const pushed = await pushToHub(repository, files, {
    isPrivate: options.private,
    message: options.message ?? 'Upload a model of Harrier',
    edited: EDITED,
    merge: (path, made, there) => edits.merge(path, made, there),
    onProgress: reporter.work,
  });
  if (options.json) {
    reporter.json({ repository, ...pushed, kept: edits.words });
    return;
  }
  const { url, changed, sentBytes } = pushed;
  reporter.print(reporter.style.strong(url));
  reporter.print(
    changed === 0
      ? 'The repository has all files already: nothing was changed.'
      : `${formatQuantity(changed, 'file')} changed, ${formatBytes(sentBytes)} of weights sent`,
  );
  if (edits.words.length > 0) {
    reporter.note(
      `Note: these stay as they are there: ${edits.words.join(', ')}. Delete a file there to have it written anew.`,
    );
  }
  reporter.print(
    reporter.style.faint(`Check README.md and LICENSE.md there: they name the terms that are known.`),
  );
}

/** @throws HarrierError `bad-option` for anything but a repository of the hub */
function repositoryOf(target: string): string {
  const address = modelAddress(target);
  if (address?.kind === 'hub' && !address.file && !address.revision) return address.repository;
  throw new HarrierError('bad-option', 'this is no repository to push to', {
    expected: 'hf:OWNER/NAME',
    received: target,
  });
}
