import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PROGRAM } from '../platform/node/program.ts';

/** A training job for this machine. */
export interface LocalJob {
  readonly hyperparameters: Readonly<Record<string, string>>;
  /** Channels by name: folders. */
  readonly channels: Readonly<Record<string, string>>;
}

/** Lays a folder out as SageMaker lays out `/opt/ml`; the data stays where it is. */
export async function layOut(base: string, { hyperparameters, channels }: LocalJob): Promise<void> {
  const config = join(base, 'input', 'config');
  const data = join(base, 'input', 'data');
  for (const folder of [config, data, join(base, 'model'), join(base, 'output')]) {
    await mkdir(folder, { recursive: true });
  }
  for (const [name, folder] of Object.entries(channels)) {
    // Windows lets everybody make junctions.
    await symlink(resolve(folder), join(data, name), 'junction');
  }
  const channel = {
    TrainingInputMode: 'File',
    S3DistributionType: 'FullyReplicated',
    RecordWrapperType: 'None',
  };
  const files = {
    hyperparameters,
    inputdataconfig: Object.fromEntries(Object.keys(channels).map((name) => [name, channel])),
    resourceconfig: { current_host: 'algo-1', hosts: ['algo-1'] },
  };
  for (const [name, value] of Object.entries(files)) {
    await writeFile(join(config, `${name}.json`), `${JSON.stringify(value, undefined, 2)}\n`);
  }
}

/** Starts the container's entry point as a process on such a folder; signals are its parent's to pass on. */
export function startEntryPoint(entry: 'train' | 'serve', base: string): ChildProcess {
  return spawn(process.execPath, [PROGRAM, 'sagemaker', 'container', entry], {
    env: { ...process.env, SAGEMAKER_BASE_DIR: base },
    // What it says is for people; a result for programs is ours to print.
    stdio: ['ignore', 2, 2],
    // A group of its own: of one Ctrl-C that reached it twice, the second would end it before it has saved.
    detached: process.platform !== 'win32',
  });
}
