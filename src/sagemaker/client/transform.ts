import type { CreateTransformJobRequest, TransformInstanceType } from '@aws-sdk/client-sagemaker';
import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';
import { describeEndpoint, modelsOf } from './endpoint.ts';
import { uniqueName } from './names.ts';
import { diskKey, type Protection, tagsOf } from './protection.ts';
import { checked } from './requests.ts';

/** The model of an endpoint, or the model of that name. @throws HarrierError `not-found` */
export async function findModelName(aws: Aws, name: string): Promise<string> {
  const endpoint = await describeEndpoint(aws, name);
  if (endpoint) {
    const [model] = await modelsOf(aws, endpoint.EndpointConfigName!);
    if (!model) throw severalModels(name, 'inference components');
    const { PrimaryContainer: container } = await aws.sagemaker.describeModel({ ModelName: model });
    if (container?.Mode === 'MultiModel') throw severalModels(name, 'several models');
    return model;
  }
  try {
    await aws.sagemaker.describeModel({ ModelName: name });
    return name;
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new HarrierError('not-found', 'there is no such endpoint or model', {
      where: name,
      next: 'npx harrier sagemaker list lists the endpoints.',
      cause: error,
    });
  }
}

function severalModels(where: string, what: string): HarrierError {
  return new HarrierError('bad-option', `this endpoint has ${what}, and a transform job takes one model`, {
    where,
    next: 'Deploy the model to an endpoint of its own first, such as one with --serverless.',
  });
}

export interface TransformOptions {
  readonly model: string;
  /** `s3://…` of image files, or of JSON Lines. */
  readonly input: string;
  /** Whether the input is JSON Lines. */
  readonly isLines: boolean;
  readonly output: string;
  readonly instanceType: string;
  readonly instances: number;
  readonly protection: Protection;
}

/** Megabytes of one request, times those on their way at once: SageMaker allows 100 in all. */
const REQUEST_MEGABYTES = 20;
const AT_ONCE = 4;
/** Bytes of a line of JSON Lines: SageMaker's megabytes are 2^20 bytes, less a little for what it adds. */
export const TRANSFORM_RECORD_BYTES = REQUEST_MEGABYTES * 2 ** 20 - 1024;

/**
 * The request that classifies every image below an address. Of image files, each is a request and has an answer file; of
 * JSON Lines, a request is as many lines as fit, and each line has a line of the answer.
 */
export function transformRequest(options: TransformOptions): CreateTransformJobRequest {
  const { model, input, isLines, output, instanceType, instances, protection } = options;
  return checked('CreateTransformJob', {
    TransformJobName: uniqueName('harrier-transform'),
    ModelName: model,
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: input } },
      ContentType: isLines ? 'application/jsonlines' : 'application/x-image',
      SplitType: isLines ? ('Line' as const) : ('None' as const),
    },
    TransformOutput: {
      S3OutputPath: output,
      Accept: isLines ? 'application/jsonlines;verbose' : 'application/json;verbose',
      ...(isLines && { AssembleWith: 'Line' as const }),
      ...(protection.kmsKey && { KmsKeyId: protection.kmsKey }),
    },
    TransformResources: {
      InstanceType: instanceType as TransformInstanceType,
      InstanceCount: instances,
      ...diskKey('VolumeKmsKeyId', protection, instanceType),
    },
    BatchStrategy: isLines ? ('MultiRecord' as const) : ('SingleRecord' as const),
    MaxPayloadInMB: REQUEST_MEGABYTES,
    MaxConcurrentTransforms: AT_ONCE,
    Tags: tagsOf(protection),
  });
}
