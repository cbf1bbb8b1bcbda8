import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, harrier, type Place, type Running, start } from '../cli/harrier.ts';

export interface ContainerJob {
  readonly hyperparameters?: Readonly<Record<string, string>>;
  /** Channels by name: a folder on this machine. */
  readonly channels?: Readonly<Record<string, string>>;
  readonly mode?: 'File' | 'FastFile' | 'Pipe';
  readonly hosts?: readonly string[];
}

/** A folder as SageMaker lays out `/opt/ml`. */
export async function containerFolder({
  hyperparameters = {},
  channels = {},
  mode = 'File',
  hosts = ['algo-1'],
}: ContainerJob): Promise<{
  base: string;
  path: (...parts: string[]) => string;
  remove: () => Promise<void>;
}> {
  const base = await mkdtemp(join(tmpdir(), 'harrier-ml-'));
  const config = join(base, 'input', 'config');
  for (const folder of [config, join(base, 'input', 'data'), join(base, 'model'), join(base, 'output')]) {
    await mkdir(folder, { recursive: true });
  }
  for (const [name, source] of Object.entries(channels)) {
    await symlink(source, join(base, 'input', 'data', name));
  }
  const files = {
    hyperparameters,
    resourceconfig: { current_host: hosts[0], current_instance_type: 'ml.c7i.xlarge', hosts },
    inputdataconfig: Object.fromEntries(
      Object.keys(channels).map((name) => [
        name,
        { TrainingInputMode: mode, S3DistributionType: 'FullyReplicated', RecordWrapperType: 'None' },
      ]),
    ),
  };
  for (const [name, value] of Object.entries(files)) {
    await writeFile(join(config, `${name}.json`), JSON.stringify(value));
  }
  return {
    base,
    path: (...parts) => join(base, ...parts),
    remove: () => rm(base, { recursive: true, force: true }),
  };
}

/** Starts `<image> train` or `<image> serve` in such a folder. */
export function startContainer(
  entry: 'train' | 'serve',
  base: string,
  environment: Readonly<Record<string, string>> = {},
): Running {
  return start(['sagemaker', 'container', entry], placeOf(base, environment));
}

/** `<image> train` to its end, in a process that has run other commands before. */
export function trainToTheEnd(base: string): Promise<Finished> {
  return harrier(['sagemaker', 'container', 'train'], placeOf(base));
}

/** Its home is watched too: ONNX Runtime would write there. */
function placeOf(base: string, environment: Readonly<Record<string, string>> = {}): Place {
  return { cwd: base, environment: { SAGEMAKER_BASE_DIR: base, HOME: base, ...environment } };
}
