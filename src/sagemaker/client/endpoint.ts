import type { DescribeEndpointOutput } from '@aws-sdk/client-sagemaker';
import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';

/** Every endpoint of Harrier's has one variant, of this name. */
export const VARIANT = 'all';
/** A tag of endpoints: when they should be deleted, as an ISO date. */
export const EXPIRES_TAG = 'harrier:expires';

/** Undefined when there is no such endpoint. */
export async function describeEndpoint(aws: Aws, name: string): Promise<DescribeEndpointOutput | undefined> {
  try {
    return await aws.sagemaker.describeEndpoint({ EndpointName: name });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The models that a configuration names. */
export async function modelsOf(aws: Aws, EndpointConfigName: string): Promise<string[]> {
  try {
    const { ProductionVariants } = await aws.sagemaker.describeEndpointConfig({ EndpointConfigName });
    return (ProductionVariants ?? []).flatMap(({ ModelName }) => (ModelName ? [ModelName] : []));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
