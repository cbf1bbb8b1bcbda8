import { stat } from 'node:fs/promises';
import { HarrierError } from '../../errors.ts';
import { kebabCase } from '../../options/option.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import { uploadModel } from '../../sagemaker/client/model-archive.ts';
import { approvedPackage, packageName } from '../../sagemaker/client/registry.ts';
import { workBucket } from '../../sagemaker/client/s3.ts';
import { findJob } from '../../sagemaker/client/training.ts';
import type { AwsSession } from './session.ts';

/** A model in AWS. */
export interface ModelInAws {
  /** `s3://…/model.tar.gz`, or the ARN of a version in the registry. */
  readonly address: string;
  /** What is known of how good it is, by metric. */
  readonly metrics: Readonly<Record<string, number>>;
}

const REGISTRY = 'registry:';

/** The archive of a job in AWS or of a run or model file here, which goes up; or a version of the registry. */
export async function modelInAws(
  session: AwsSession,
  source: string,
  bucket: string | undefined,
): Promise<ModelInAws> {
  const { aws, reporter } = session;
  if (source.startsWith(REGISTRY)) {
    const name = packageName(source.slice(REGISTRY.length));
    const { arn, version } = await approvedPackage(aws, name);
    reporter.note(`${source} is version ${version}.`);
    return { address: arn, metrics: {} };
  }
  if (source === 'latest' || (await stat(source).catch(() => undefined))) {
    const { modelFile, run } = await findModel(source);
    reporter.status('uploading the model …');
    const address = await uploadModel(aws, await workBucket(aws, bucket), modelFile, (sentence) =>
      reporter.note(`Note: ${sentence}`),
    );
    const record = await run?.record();
    return { address, metrics: record ? metricsOf(record) : {} };
  }
  const job = await findJob(aws, source);
  if (!job) {
    throw new HarrierError('not-found', 'there is neither a run folder nor a SageMaker job of this name', {
      where: source,
      next: 'npx harrier sagemaker list lists the jobs.',
    });
  }
  const address = job.ModelArtifacts?.S3ModelArtifacts;
  if (address && job.TrainingJobStatus !== 'Failed') {
    const accuracy = hasLabels(job.HyperParameters)
      ? undefined
      : job.FinalMetricDataList?.find(({ MetricName }) => MetricName === 'test:accuracy')?.Value;
    return { address, metrics: accuracy === undefined ? {} : { accuracy } };
  }
  throw new HarrierError('not-found', `this job has no model: ${job.TrainingJobStatus}`, {
    where: job.TrainingJobName,
    next: job.FailureReason,
  });
}

/** Of images with any number of labels, the fraction that is right in every label is no accuracy. */
function metricsOf({ options, result }: RunRecord): ModelInAws['metrics'] {
  if (!result) return {};
  if (!options.multiLabel) return { accuracy: result.testAccuracy };
  const { meanAveragePrecision: mAP } = result;
  return mAP === undefined ? {} : { mAP };
}

/** Whether a job was to learn any number of labels of each image. */
function hasLabels(hyperparameters: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(hyperparameters).some(
    ([name, value]) => kebabCase(name) === 'multi-label' && value.includes('true'),
  );
}
