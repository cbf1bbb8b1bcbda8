import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** SageMaker keeps this many characters of `output/failure` as the job's FailureReason. */
const FAILURE_CHARACTERS = 1024;

/**
 * SageMaker's folder in a container: `/opt/ml`, or `SAGEMAKER_BASE_DIR` where that is set.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
 */
export class ContainerPaths {
  readonly base: string;

  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.base = environment.SAGEMAKER_BASE_DIR || '/opt/ml';
  }

  config(name: 'hyperparameters' | 'inputdataconfig' | 'resourceconfig'): string {
    return join(this.base, 'input', 'config', `${name}.json`);
  }

  /** One sub-folder per channel. */
  get data(): string {
    return join(this.base, 'input', 'data');
  }

  /** Links to channels, where not all of them are data. */
  get dataLinks(): string {
    return join(this.base, 'input', 'channels');
  }

  /** Becomes model.tar.gz; when serving, it is what was in there, read-only. */
  get model(): string {
    return join(this.base, 'model');
  }

  /** Becomes output.tar.gz. */
  get outputData(): string {
    return join(this.base, 'output', 'data');
  }

  /** Kept in S3 as it changes, where the job says so; there again after a restart. */
  get checkpoints(): string {
    return join(this.base, 'checkpoints');
  }

  async makeOutputs(): Promise<void> {
    for (const folder of [this.model, this.outputData, this.checkpoints]) {
      await mkdir(folder, { recursive: true });
    }
  }

  /** Says why the job failed. At once, since the process may be about to end. */
  writeFailure(message: string): void {
    mkdirSync(join(this.base, 'output'), { recursive: true });
    writeFileSync(join(this.base, 'output', 'failure'), [...message].slice(0, FAILURE_CHARACTERS).join(''));
  }
}
