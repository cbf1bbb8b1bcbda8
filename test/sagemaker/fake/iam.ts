import type { IncomingMessage } from 'node:http';
import type { Policy, Statement } from '../../../src/sagemaker/client/policy.ts';
import { AwsFailure } from './api.ts';
import { ACCOUNT, type Json, REGION } from './world.ts';

// What AWS asks IAM before it does anything: each action with the resource, as the service authorization reference
// (https://docs.aws.amazon.com/service-authorization/latest/reference/) has them.

interface Asked {
  readonly action: string;
  readonly resource: string;
  /** What conditions look at. */
  readonly context?: Readonly<Record<string, string>>;
}

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** Kinds of SageMaker's resources by the field of a request that names one. */
const KINDS: readonly (readonly [field: string, kind: string])[] = [
  ['TrainingJobName', 'training-job'],
  ['HyperParameterTuningJobName', 'hyper-parameter-tuning-job'],
  ['TransformJobName', 'transform-job'],
  ['InferenceComponentName', 'inference-component'],
  ['EndpointName', 'endpoint'],
  ['EndpointConfigName', 'endpoint-config'],
  ['ModelPackageGroupName', 'model-package-group'],
  ['ModelName', 'model'],
];

/** Throws as AWS does when a policy does not allow a request to a service with JSON. */
export function authorizeJson(policy: Policy, service: string, operation: string, request: Json): void {
  for (const each of asked(service, operation, request)) authorize(policy, each);
}

function asked(service: string, operation: string, request: Json): Asked[] {
  switch (service) {
    case 'SageMaker':
      return sageMaker(operation, request);
    case 'GraniteServiceVersion20100801': {
      const names: string[] = operation === 'DeleteAlarms' ? request.AlarmNames : [request.AlarmName];
      return names.flatMap((name) => {
        const resource = operation === 'DescribeAlarms' ? '*' : arn('cloudwatch', `alarm:${name}`);
        return [
          { action: `cloudwatch:${operation}`, resource },
          ...(request.Tags ? [{ action: 'cloudwatch:TagResource', resource }] : []),
        ];
      });
    }
    case 'AnyScaleFrontendService': {
      const role =
        'arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint';
      return [
        { action: `application-autoscaling:${operation}`, resource: '*' },
        ...(operation === 'RegisterScalableTarget'
          ? [
              {
                action: 'iam:CreateServiceLinkedRole',
                resource: role,
                context: { 'iam:AWSServiceName': 'sagemaker.application-autoscaling.amazonaws.com' },
              },
              // https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
              ...(request.ResourceId.startsWith('endpoint/')
                ? [
                    {
                      action: 'sagemaker:UpdateEndpointWeightsAndCapacities',
                      resource: arn('sagemaker', request.ResourceId.split('/').slice(0, 2).join('/')),
                    },
                  ]
                : []),
            ]
          : []),
        // Its alarms are made in the caller's name.
        ...(request.PolicyType === 'TargetTrackingScaling'
          ? [
              {
                action: 'cloudwatch:PutMetricAlarm',
                resource: arn('cloudwatch', `alarm:TargetTracking-${request.ResourceId}-AlarmHigh`),
              },
            ]
          : []),
      ];
    }
    case 'Logs_20140328':
      return [
        {
          action: `logs:${operation}`,
          resource: arn('logs', `log-group:${request.logGroupName}:log-stream:x`),
        },
      ];
    case 'AmazonEC2ContainerRegistry_V20150921':
      return [{ action: `ecr:${operation}`, resource: arn('ecr', `repository/${request.repositoryName}`) }];
    default:
      throw new Error(`IAM does not know the service ${service}`);
  }
}

function sageMaker(operation: string, request: Json): Asked[] {
  const action = `sagemaker:${operation}`;
  if (operation.startsWith('List') && operation !== 'ListTags') return [{ action, resource: '*' }];
  const version = request.ModelPackageArn ?? request.ModelPackageName;
  const named = KINDS.filter(([field]) => request[field] !== undefined).map(([field, kind]) =>
    arn('sagemaker', `${kind}/${request[field]}`),
  );
  // The model of a transform job is only read.
  const own =
    operation === 'CreateTransformJob'
      ? named.slice(0, 1)
      : request.ResourceArn
        ? [request.ResourceArn]
        : named;
  const resources = [
    ...own,
    ...(version ? [version] : []),
    ...(operation === 'CreateModelPackage' ? [arn('sagemaker', 'model-package/any/1')] : []),
  ];
  const role = request.RoleArn ?? request.ExecutionRoleArn ?? request.TrainingJobDefinition?.RoleArn;
  return [
    ...resources.map((resource) => ({ action, resource })),
    ...(request.Tags && operation.startsWith('Create')
      ? [{ action: 'sagemaker:AddTags', resource: resources[0] }]
      : []),
    ...(role
      ? [
          {
            action: 'iam:PassRole',
            resource: role,
            context: { 'iam:PassedToService': 'sagemaker.amazonaws.com' },
          },
        ]
      : []),
  ];
}

/** The same for S3 and for requests to endpoints. */
export function authorizeHttp(policy: Policy, { method = '', url = '', headers }: IncomingMessage): void {
  const { pathname, searchParams: query } = new URL(url, 'http://fake');
  if (pathname.startsWith('/endpoints/')) {
    const [, , name, kind] = pathname.split('/');
    const action =
      kind === 'async-invocations' ? 'sagemaker:InvokeEndpointAsync' : 'sagemaker:InvokeEndpoint';
    authorize(policy, { action, resource: arn('sagemaker', `endpoint/${name}`) });
    const component = headers['x-amzn-sagemaker-inference-component'];
    if (component)
      authorize(policy, { action, resource: arn('sagemaker', `inference-component/${component}`) });
    return;
  }
  const [, bucket, key = ''] = /^\/([^/]*)\/?(.*)$/.exec(decodeURIComponent(pathname))!;
  const resource = `arn:aws:s3:::${key ? `${bucket}/${key}` : bucket}`;
  const actions: Readonly<Record<string, string>> = key
    ? {
        GET: 'GetObject',
        HEAD: 'GetObject',
        PUT: 'PutObject',
        POST: 'PutObject',
        DELETE: query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject',
      }
    : { GET: 'ListBucket', HEAD: 'ListBucket', PUT: 'CreateBucket' };
  authorize(policy, { action: `s3:${actions[method]}`, resource });
  const source = headers['x-amz-copy-source'];
  if (typeof source === 'string')
    authorize(policy, { action: 's3:GetObject', resource: `arn:aws:s3:::${decodeURIComponent(source)}` });
}

function authorize({ Statement: statements }: Policy, question: Asked): void {
  if (statements.some((statement) => allows(statement, question))) return;
  const { action, resource } = question;
  throw new AwsFailure(
    'AccessDeniedException',
    `User: arn:aws:iam::${ACCOUNT}:user/test is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the action`,
    action.startsWith('s3:') ? 403 : 400,
  );
}

function allows(
  { Action, Resource = [], Condition = {} }: Statement,
  { action, resource, context = {} }: Asked,
): boolean {
  if (!Action.includes(action)) return false;
  const patterns = typeof Resource === 'string' ? [Resource] : Resource;
  if (!patterns.some((pattern) => isLike(pattern, resource))) return false;
  return Object.entries(Condition.StringEquals ?? {}).every(([key, value]) => context[key] === value);
}

function isLike(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}
