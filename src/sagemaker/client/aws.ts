import type { ApplicationAutoScaling } from '@aws-sdk/client-application-auto-scaling';
import type { CloudWatch } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { ECR } from '@aws-sdk/client-ecr';
import type { S3 } from '@aws-sdk/client-s3';
import type { SageMaker } from '@aws-sdk/client-sagemaker';
import type { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime';
import type { STS } from '@aws-sdk/client-sts';
import { HarrierError } from '../../errors.ts';

export interface AwsOptions {
  /** Else AWS_REGION, or the profile's. */
  readonly region?: string;
  /** Instead of AWS's own addresses; else AWS_ENDPOINT_URL. */
  readonly endpointUrl?: string;
}

/** The services' clients, each loaded when it is first used. */
export interface Aws {
  readonly sagemaker: SageMaker;
  readonly runtime: SageMakerRuntime;
  readonly s3: S3;
  readonly ecr: ECR;
  readonly sts: STS;
  readonly logs: CloudWatchLogs;
  readonly cloudwatch: CloudWatch;
  readonly scaling: ApplicationAutoScaling;
  readonly region: string;
  readonly account: string;
}

type Service = Exclude<keyof Aws, 'region' | 'account'>;

// biome-ignore format: one line a package
const LOADERS = {
  sagemaker: ['sagemaker', (options: object) => import('@aws-sdk/client-sagemaker').then(({ SageMaker }) => new SageMaker(options))],
  runtime: ['sagemaker-runtime', (options: object) => import('@aws-sdk/client-sagemaker-runtime').then(({ SageMakerRuntime }) => new SageMakerRuntime(options))],
  s3: ['s3', (options: object) => import('@aws-sdk/client-s3').then(({ S3 }) => new S3(options))],
  ecr: ['ecr', (options: object) => import('@aws-sdk/client-ecr').then(({ ECR }) => new ECR(options))],
  sts: ['sts', (options: object) => import('@aws-sdk/client-sts').then(({ STS }) => new STS(options))],
  logs: ['cloudwatch-logs', (options: object) => import('@aws-sdk/client-cloudwatch-logs').then(({ CloudWatchLogs }) => new CloudWatchLogs(options))],
  cloudwatch: ['cloudwatch', (options: object) => import('@aws-sdk/client-cloudwatch').then(({ CloudWatch }) => new CloudWatch(options))],
  scaling: ['application-auto-scaling', (options: object) => import('@aws-sdk/client-application-auto-scaling').then(({ ApplicationAutoScaling }) => new ApplicationAutoScaling(options))],
} as const;

/** Every package that the commands for SageMaker need beside Harrier. */
export const AWS_PACKAGES: readonly string[] = Object.values(LOADERS).map(
  ([name]) => `@aws-sdk/client-${name}`,
);

/**
 * The clients that a command needs, and who it is that asks.
 *
 * @throws HarrierError `not-found` when the AWS SDK is not installed; what AWS says about credentials and region
 */
export async function openAws(options: AwsOptions, services: readonly Service[]): Promise<Aws> {
  // The SDK announces on Node 20 which of its coming versions will not run there; that is npm's to say.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const endpoint = options.endpointUrl ?? process.env.AWS_ENDPOINT_URL;
  const config = {
    ...(options.region && { region: options.region }),
    ...(endpoint && { endpoint }),
    // Beside another address than AWS's own, a bucket's name is part of the path.
    ...(endpoint && { forcePathStyle: true }),
    // SageMaker asks for patience rather than refuse: a handful of retries with growing pauses.
    maxAttempts: 5,
  };
  const wanted = [...new Set<Service>(['sts', ...services])];
  const clients = await Promise.all(wanted.map((service) => load(service, config)));
  const aws = Object.fromEntries(wanted.map((service, i) => [service, clients[i]])) as unknown as Aws;
  const region = await aws.sts.config.region();
  const { Account: account } = await aws.sts.getCallerIdentity({});
  const identified: Aws = { ...aws, region, account: account! };
  if (services.includes('s3')) expectOwner(identified);
  return identified;
}

/** The bucket that SageMaker's own tools use. Anyone can guess its name, and may have taken it. */
export function defaultBucket({ region, account }: Pick<Aws, 'region' | 'account'>): string {
  return `sagemaker-${region}-${account}`;
}

/** Has S3 refuse each request to the default bucket where that is not of this account. */
function expectOwner(aws: Aws): void {
  aws.s3.middlewareStack.add(
    (next) => (args) => {
      const { Bucket } = args.input as { readonly Bucket?: string };
      const { headers } = args.request as { readonly headers: Record<string, string> };
      if (Bucket === defaultBucket(aws)) headers['x-amz-expected-bucket-owner'] = aws.account;
      return next(args);
    },
    { step: 'build', name: 'expectOwner' },
  );
}

async function load(service: Service, options: object): Promise<unknown> {
  const [name, loader] = LOADERS[service];
  try {
    return await loader(options);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new HarrierError('not-found', 'the AWS SDK is not installed beside Harrier', {
      where: `@aws-sdk/client-${name}`,
      next: `Install it: npm install ${AWS_PACKAGES.join(' ')}`,
      cause,
    });
  }
}
