import type { CreateTransformJobRequest, TransformInstanceType } from '@aws-sdk/client-sagemaker';
import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';
import { describeEndpoint, modelsOf } from './endpoint.ts';
import { checked } from './limits.ts';
import { uniqueName } from './names.ts';
import { TAGS } from './training.ts';

/** The model of an endpoint, or the model of that name. @throws HarrierError `not-found` */
export async function findModelName(aws: Aws, name: string): Promise<string> {
  const endpoint = await describeEndpoint(aws, name);
  if (endpoint) {
    const [model] = await modelsOf(aws, endpoint.EndpointConfigName!);
    if (model) return model;
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

export interface TransformOptions {
  readonly model: string;
  readonly input: string;
  readonly output: string;
  readonly instanceType: string;
  readonly instances: number;
}

/** Megabytes of one image, times those on their way at once: SageMaker allows 100 in all. */
const MAX_IMAGE_MEGABYTES = 20;
const AT_ONCE = 4;

/** The request that classifies every image below an address: one request an image, one answer file each. */
export function transformRequest(options: TransformOptions): CreateTransformJobRequest {
  const { model, input, output, instanceType, instances } = options;
  return checked('CreateTransformJob', {
    TransformJobName: uniqueName('harrier-transform'),
    ModelName: model,
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: input } },
      ContentType: 'application/x-image',
      SplitType: 'None' as const,
    },
    TransformOutput: { S3OutputPath: output, Accept: 'application/json;verbose' },
    TransformResources: {
      InstanceType: instanceType as TransformInstanceType,
      InstanceCount: instances,
    },
    BatchStrategy: 'SingleRecord' as const,
    MaxPayloadInMB: MAX_IMAGE_MEGABYTES,
    MaxConcurrentTransforms: AT_ONCE,
    Tags: TAGS,
  });
}
