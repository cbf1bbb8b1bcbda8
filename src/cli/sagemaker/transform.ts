import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatDuration, formatQuantity } from '../../format/format.ts';
import { create } from '../../sagemaker/client/create.ts';
import { lookUntil } from '../../sagemaker/client/follow.ts';
import { uniqueName } from '../../sagemaker/client/names.ts';
import { checkInstance } from '../../sagemaker/client/prices.ts';
import { diskAdvice, encryptUploads } from '../../sagemaker/client/protection.ts';
import { uploadRecords } from '../../sagemaker/client/records.ts';
import { checkName } from '../../sagemaker/client/requests.ts';
import { checkBucket, folderAddress, isS3, s3Address, workBucket } from '../../sagemaker/client/s3.ts';
import { findModelName, transformRequest } from '../../sagemaker/client/transform.ts';
import { Exit } from '../failure.ts';
import { type ProtectionOptions, protectionOf, STORAGE_PROTECTION } from './protection.ts';
import { type AwsCommandOptions, inAws } from './session.ts';
import { sayWhatBills } from './train.ts';

export interface TransformCommandOptions extends AwsCommandOptions, ProtectionOptions {
  readonly lines?: boolean;
  readonly bucket?: string;
  readonly instanceType: string;
  readonly instances: number;
  readonly wait?: boolean;
}

/** `harrier sagemaker transform`. */
export async function runTransform(
  source: string,
  input: string,
  output: string,
  given: TransformCommandOptions,
): Promise<void> {
  checkName(source, 'endpoint or model');
  const folder = isS3(input) ? undefined : await folderOf(input);
  const buckets = [s3Address(output), ...(folder === undefined ? [s3Address(input)] : [])];
  if (folder !== undefined && given.lines) {
    throw new HarrierError('bad-option', '--lines is for an input in S3', {
      next: 'A folder of this machine is packed as JSON Lines by itself.',
    });
  }
  checkInstance(given.instanceType);
  await inAws(given, ['sagemaker', 's3'], async ({ aws, config, reporter, follow, goesOn }) => {
    const protection = protectionOf(given, config, STORAGE_PROTECTION);
    const advice = diskAdvice(protection, given.instanceType);
    if (advice) reporter.note(advice);
    const isLines = folder !== undefined || (given.lines ?? false);
    const { instanceType, instances } = given;
    const job = { instanceType, instances, isLines, output, protection };
    transformRequest({ ...job, model: source, input: folder === undefined ? input : 's3://bucket/lines/' });
    for (const { bucket } of buckets) await checkBucket(aws, bucket);
    const model = await findModelName(aws, source);
    let address = given.lines ? input : folderAddress(input);
    if (folder !== undefined) {
      const bucket = await workBucket(aws, given.bucket ?? config.bucket);
      encryptUploads(aws, protection);
      const key = `harrier/transform/${uniqueName('lines')}`;
      goesOn(
        `Stopped: nothing was started. Remove what went up: aws s3 rm --recursive s3://${bucket}/${key}`,
      );
      const { signal } = follow;
      const packed = await uploadRecords(aws, { bucket, key }, folder, { onProgress: reporter.work, signal });
      address = packed.address;
      reporter.note(`${formatQuantity(packed.images, 'image')} of ${input} are ${address}`);
    }
    const request = transformRequest({ ...job, model, input: address });
    const { TransformJobName: name = '' } = request;
    sayWhatBills({ instanceType }, reporter, instances);
    follow.signal?.throwIfAborted();
    await create(name, () => aws.sagemaker.createTransformJob(request));
    reporter.print(`Started ${name}: answers go to ${output}`);
    if (!given.wait) {
      if (given.json) reporter.json({ job: name, output });
      return;
    }
    goesOn(
      'The job continues: npx harrier sagemaker list shows it.',
      `Stop it: npx harrier sagemaker stop ${name}`,
    );
    let said = '';
    const ended = await lookUntil(
      () => aws.sagemaker.describeTransformJob({ TransformJobName: name }),
      ({ TransformJobStatus: status = '' }) => {
        if (status !== said) reporter.note(status);
        said = status;
        return !/^(InProgress|Stopping)$/.test(status);
      },
      follow,
    );
    const {
      TransformJobStatus: status,
      FailureReason: reason,
      TransformStartTime: start,
      TransformEndTime: end,
    } = ended;
    if (given.json) reporter.json({ job: name, output, status, failure: reason });
    if (status === 'Failed') {
      throw new HarrierError(
        'refused',
        `the job failed: ${(reason ?? 'AWS gives no reason').replace(/\.$/, '')}`,
        {
          where: name,
        },
      );
    }
    if (status === 'Stopped') throw new Exit(1);
    const seconds = start && end ? ` in ${formatDuration((end.getTime() - start.getTime()) / 1000)}` : '';
    reporter.print(
      isLines
        ? `Done${seconds}: a line for each image in the .out files in ${output}`
        : `Done${seconds}: one .out file an image in ${output}`,
    );
  });
}

async function folderOf(input: string): Promise<string> {
  const info = await stat(input).catch(() => undefined);
  if (info?.isDirectory()) return resolve(input);
  throw new HarrierError('not-found', info ? 'this is a file, not a folder' : 'there is no such folder', {
    where: input,
    expected: 'a folder of images, or s3://…',
  });
}
