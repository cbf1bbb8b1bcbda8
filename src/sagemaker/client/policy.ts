import { partitionOf } from './account.ts';
import { COMMAND_CALLS, type PermittedCommand, permissionsOf } from './permissions.ts';

/** What a policy is about. */
export interface PolicyScope {
  readonly account: string;
  readonly region: string;
  /** For uploads and results. */
  readonly bucket: string;
  /** Other places of data, `bucket` or `bucket/path`, that jobs read and transform jobs write. */
  readonly data: readonly string[];
  /** The role that SageMaker works as: its ARN. */
  readonly role: string;
  /** The repository of the image in ECR. */
  readonly repository: string;
  /** ARN of a KMS key, where one is used. */
  readonly kmsKey?: string;
  /** Whether jobs and endpoints are in a VPC. */
  readonly vpc?: boolean;
  /** ARN of an SNS topic that asynchronous endpoints tell of answers. */
  readonly topic?: string;
}

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: Readonly<Record<string, string>>;
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | boolean | readonly string[]>>>
  >;
}

/** An IAM policy, as JSON. */
export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

const SCALING_SERVICE = 'sagemaker.application-autoscaling.amazonaws.com';
const SAGEMAKER_SERVICE = 'sagemaker.amazonaws.com';

const policy = (statements: readonly Statement[]): Policy => ({
  Version: '2012-10-17',
  Statement: statements,
});

/** The policy of a user, or of a program, that runs these commands and nothing else. */
export function userPolicy(commands: readonly PermittedCommand[], scope: PolicyScope): Policy {
  /** Actions by the resources that they are about. */
  const byResource = new Map<string, Set<string>>();
  for (const call of new Set(commands.flatMap((command): readonly string[] => COMMAND_CALLS[command]))) {
    for (const { action, on } of permissionsOf(call)) {
      const resources = JSON.stringify(on ? on.flatMap((kind) => resourcesOf(kind, scope)).sort() : ['*']);
      byResource.set(resources, (byResource.get(resources) ?? new Set()).add(action));
    }
  }
  const statements = [...byResource].map(([resources, actions], i): Statement => {
    const Resource = JSON.parse(resources) as string[];
    const Action = [...actions].sort();
    return {
      Sid: `Harrier${i + 1}`,
      Effect: 'Allow',
      Action,
      Resource: Resource.length === 1 ? Resource[0] : Resource,
      ...conditionOf(Action[0]),
    };
  });
  return policy([...statements, ...keyStatements(scope, 'HarrierKey')]);
}

/** IAM would let a role be handed to anyone, and any linked role be made. */
function conditionOf(action: string): Pick<Statement, 'Condition'> {
  if (action === 'iam:PassRole') {
    return { Condition: { StringEquals: { 'iam:PassedToService': SAGEMAKER_SERVICE } } };
  }
  return action === 'iam:CreateServiceLinkedRole'
    ? { Condition: { StringEquals: { 'iam:AWSServiceName': SCALING_SERVICE } } }
    : {};
}

function resourcesOf(
  kind: string,
  { account, region, bucket, data, role, repository }: PolicyScope,
): string[] {
  const partition = partitionOf(region);
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const s3 = (path: string) => `arn:${partition}:s3:::${path}`;
  switch (kind) {
    case 'bucket':
      return [bucket, ...data.map((place) => place.split('/')[0])].map(s3);
    case 'object':
      return [s3(`${bucket}/harrier/*`)];
    case 'role':
      return [role];
    case 'scaling-role':
      return [`arn:${partition}:iam::*:role/aws-service-role/${SCALING_SERVICE}/*`];
    case 'repository':
      return [arn('ecr', `repository/${repository}`)];
    case 'log':
      return [arn('logs', 'log-group:/aws/sagemaker/*')];
    case 'alarm':
      // Those of scaling policies are made in the user's name.
      return ['harrier-*', 'TargetTracking-endpoint/*', 'TargetTracking-inference-component/*'].map((name) =>
        arn('cloudwatch', `alarm:${name}`),
      );
    default:
      return [arn('sagemaker', `${kind}/*`)];
  }
}

/** What a key's user must be allowed; grants only for AWS's own services. */
function keyStatements({ kmsKey }: PolicyScope, sid: string): Statement[] {
  if (kmsKey === undefined) return [];
  return [
    {
      Sid: sid,
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
      Resource: kmsKey,
    },
    {
      Sid: `${sid}Grants`,
      Effect: 'Allow',
      Action: ['kms:CreateGrant'],
      Resource: kmsKey,
      Condition: { Bool: { 'kms:GrantIsForAWSResource': true } },
    },
  ];
}

/** The policy of the role that SageMaker works as: reads data, writes results, pulls the image, writes logs. */
export function rolePolicy(scope: PolicyScope): Policy {
  const { account, region, bucket, data, repository, vpc, topic } = scope;
  const partition = partitionOf(region);
  const s3 = (path: string) => `arn:${partition}:s3:::${path}`;
  const allow = (
    Sid: string,
    Action: readonly string[],
    Resource: string | readonly string[],
    Condition?: Statement['Condition'],
  ): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });
  const places = [`${bucket}/harrier`, ...data.map((place) => place.replace(/\/+$/, ''))];
  const logs = `arn:${partition}:logs:${region}:${account}:log-group:/aws/sagemaker/*`;
  return policy([
    allow('List', ['s3:ListBucket'], [...new Set(places.map((place) => s3(place.split('/')[0])))]),
    allow(
      'ReadAndWrite',
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
      places.map((place) => s3(`${place}/*`)),
    ),
    allow('SignIn', ['ecr:GetAuthorizationToken'], '*'),
    allow(
      'Pull',
      ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      `arn:${partition}:ecr:${region}:${account}:repository/${repository}`,
    ),
    allow(
      'Log',
      ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      logs,
    ),
    allow('Metrics', ['cloudwatch:PutMetricData'], '*', {
      StringLike: { 'cloudwatch:namespace': ['AWS/SageMaker', '/aws/sagemaker/*'] },
    }),
    ...(vpc
      ? [
          allow(
            'Network',
            [
              ...['CreateNetworkInterface', 'CreateNetworkInterfacePermission', 'DeleteNetworkInterface'],
              ...['DeleteNetworkInterfacePermission', 'DescribeDhcpOptions', 'DescribeNetworkInterfaces'],
              ...['DescribeSecurityGroups', 'DescribeSubnets', 'DescribeVpcs'],
            ].map((name) => `ec2:${name}`),
            '*',
          ),
        ]
      : []),
    ...(topic ? [allow('Notify', ['sns:Publish'], topic)] : []),
    ...keyStatements(scope, 'Key'),
  ]);
}

/** Who may take that role: SageMaker, for this account. */
export function trustPolicy({ account }: Pick<PolicyScope, 'account'>): Policy {
  return policy([
    {
      Sid: 'SageMaker',
      Effect: 'Allow',
      Principal: { Service: SAGEMAKER_SERVICE },
      Action: ['sts:AssumeRole'],
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    },
  ]);
}
