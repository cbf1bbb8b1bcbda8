import { stat } from 'node:fs/promises';
import { HarrierError } from '../../errors.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { imageAddress, roleArn } from '../../sagemaker/client/account.ts';
import { checkDeployment, deploy, type Hosting, planDeployment } from '../../sagemaker/client/deploy.ts';
import { expired, listEndpoints } from '../../sagemaker/client/inventory.ts';
import { uploadModel } from '../../sagemaker/client/model-archive.ts';
import { uniqueName } from '../../sagemaker/client/names.ts';
import { checkInstance, familyOf, instanceAdvice, PRICES } from '../../sagemaker/client/prices.ts';
import { workBucket } from '../../sagemaker/client/s3.ts';
import type { Scale } from '../../sagemaker/client/scaling.ts';
import { findJob } from '../../sagemaker/client/training.ts';
import type { Reporter } from '../reporter.ts';
import { type AwsCommandOptions, type AwsSession, inAws } from './session.ts';

export interface DeployOptions extends AwsCommandOptions {
  readonly name?: string;
  readonly role?: string;
  readonly image?: string;
  readonly bucket?: string;
  readonly instanceType?: string;
  readonly instances?: number;
  readonly serverless?: boolean;
  readonly memory: number;
  readonly concurrency: number;
  readonly autoscale?: Scale;
  /** Seconds. */
  readonly expires?: number;
}

const DEFAULT_INSTANCE = 'ml.m7i.large';

/** `harrier sagemaker deploy`. */
export async function runDeploy(source: string, given: DeployOptions): Promise<void> {
  await inAws(given, ['sagemaker', 's3', 'ecr', 'scaling'], async (session) => {
    const { aws, config, reporter, follow, goesOn } = session;
    const hosting = hostingOf(given, config.deployInstanceType ?? DEFAULT_INSTANCE);
    const role = roleArn(aws, given.role ?? config.role);
    const image = await imageAddress(aws, given.image ?? config.image);
    const endpoint = given.name ?? uniqueName('harrier');
    const expires = given.expires === undefined ? undefined : new Date(Date.now() + given.expires * 1000);
    const scale = given.autoscale;
    checkDeployment({ endpoint, image, role, hosting, scale, expires });
    const model = await modelAddress(session, source, given.bucket ?? config.bucket);
    const plan = await planDeployment(aws, { endpoint, image, role, model, hosting, scale, expires });
    sayPriceClass(endpoint, hosting, given.autoscale, expires, reporter);
    if (plan.existing) {
      reporter.print(`${endpoint} exists: its model stays in service until the new one is ready.`);
    }
    const onStarted = () =>
      goesOn(
        `${endpoint} is still being ${plan.existing ? 'updated' : 'created'}, and bills. Check its state: npx harrier sagemaker list`,
        `Delete it: npx harrier sagemaker delete ${endpoint}`,
      );
    const { updated, arn } = await deploy(aws, plan, { ...follow, onStarted });
    reporter.print(`${endpoint} is in service${updated ? ' with the new model' : ''}.`);
    reporter.print(`  npx harrier sagemaker predict ${endpoint} photo.jpg`);
    reporter.print(`  npx harrier sagemaker delete ${endpoint}`);
    if (given.json) reporter.json({ endpoint, arn, updated, model, expires: expires?.toISOString() });
    await warnOfExpired(session);
  });
}

/** The archive of a job in AWS, or of a run or model file here, which goes up. */
async function modelAddress(
  { aws, reporter }: AwsSession,
  source: string,
  bucket: string | undefined,
): Promise<string> {
  if (source === 'latest' || (await stat(source).catch(() => undefined))) {
    const { modelFile } = await findModel(source);
    reporter.status('uploading the model …');
    return uploadModel(aws, await workBucket(aws, bucket), modelFile);
  }
  const job = await findJob(aws, source);
  if (!job) {
    throw new HarrierError('not-found', 'there is neither a run folder nor a SageMaker job of this name', {
      where: source,
      next: 'npx harrier sagemaker list lists the jobs.',
    });
  }
  const model = job.ModelArtifacts?.S3ModelArtifacts;
  if (model && job.TrainingJobStatus !== 'Failed') return model;
  throw new HarrierError('not-found', `this job has no model: ${job.TrainingJobStatus}`, {
    where: job.TrainingJobName,
    next: job.FailureReason,
  });
}

function hostingOf(given: DeployOptions, instanceType: string): Hosting {
  const { serverless, autoscale, memory, concurrency } = given;
  if (serverless) {
    const clash = given.instanceType ? '--instance-type' : autoscale ? '--autoscale' : undefined;
    if (clash) {
      throw new HarrierError('bad-option', `--serverless and ${clash} cannot be combined`, {
        next: 'Serverless endpoints scale by themselves, on machines that AWS chooses.',
      });
    }
    return { serverless: { megabytes: memory, concurrency } };
  }
  const type = given.instanceType ?? instanceType;
  checkInstance(type);
  return { instanceType: type, instances: given.instances ?? autoscale?.least ?? 1 };
}

function sayPriceClass(
  endpoint: string,
  { serverless, instanceType = '', instances = 1 }: Hosting,
  scale: Scale | undefined,
  expires: Date | undefined,
  reporter: Reporter,
): void {
  if (serverless) {
    reporter.print(
      `${endpoint}: serverless, ${serverless.megabytes} MB, at most ${serverless.concurrency} requests at once: ` +
        `billed by use, nothing while idle. Prices: ${PRICES}`,
    );
    return;
  }
  const advice = instanceAdvice(instanceType);
  if (advice) reporter.note(advice);
  const count = scale ? `${scale.least} to ${scale.most}` : `${instances}`;
  const until = expires
    ? `AWS does not delete it by itself: after ${shortTime(expires)} run npx harrier sagemaker delete --expired`
    : `until npx harrier sagemaker delete ${endpoint}`;
  reporter.print(
    `${endpoint}: ${count} × ${instanceType} (${familyOf(instanceType)}), billed by the second from now on, idle or ` +
      `not. ${until}. Prices: ${PRICES}`,
  );
}

export function shortTime(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Reminds of endpoints that should be gone by now. */
export async function warnOfExpired({ aws, reporter }: AwsSession): Promise<void> {
  for (const { name, expires } of expired(await listEndpoints(aws))) {
    reporter.note(
      `${name} should be gone since ${shortTime(expires!)}, and bills: npx harrier sagemaker delete ${name}`,
    );
  }
}
