import { HarrierError, unknownName } from '../../errors.ts';
import { partitionOf, roleArn } from '../../sagemaker/client/account.ts';
import { type Aws, defaultBucket } from '../../sagemaker/client/aws.ts';
import { COMMAND_CALLS, type PermittedCommand } from '../../sagemaker/client/permissions.ts';
import {
  type Policy,
  type PolicyScope,
  rolePolicy,
  trustPolicy,
  userPolicy,
} from '../../sagemaker/client/policy.ts';
import { s3Address } from '../../sagemaker/client/s3.ts';
import { Reporter } from '../reporter.ts';
import { type AwsCommandOptions, inAws, readConfig, type SageMakerConfig } from './session.ts';

export interface PolicyOptions extends AwsCommandOptions {
  readonly for?: string;
  readonly account?: string;
  readonly bucket?: string;
  readonly data?: readonly string[];
  readonly role?: string;
  readonly image?: string;
  readonly kmsKey?: string;
  readonly vpc?: boolean;
  readonly notify?: string;
}

/** Whose policy: a user's, the role's that SageMaker works as, or who may take that role. */
export type PolicyKind = 'user' | 'role' | 'trust';

const DEFAULT_ROLE = 'SageMakerExecutionRole';

/** `harrier sagemaker policy`: prints JSON, and asks AWS for the account alone, where it is not given. */
export async function runPolicy(kind: PolicyKind, given: PolicyOptions): Promise<void> {
  const commands = commandsOf(given.for);
  if (given.for !== undefined && kind !== 'user') {
    throw new HarrierError('bad-option', '--for is for the policy of users', {
      next: 'The role of SageMaker is the same for all commands.',
    });
  }
  const { account } = given;
  if (account !== undefined) {
    const config = await readConfig();
    const region = given.region ?? config.region ?? process.env.AWS_REGION;
    if (!/^\d{12}$/.test(account)) {
      throw new HarrierError('bad-option', 'this is no AWS account', {
        where: '--account',
        expected: '12 digits',
        received: `"${account}"`,
      });
    }
    if (!region) {
      throw new HarrierError('not-found', 'no AWS region is set', {
        next: 'Give one with --region, such as eu-west-1, or set AWS_REGION.',
      });
    }
    print(new Reporter(), policyOf(kind, commands, scopeOf(given, config, { account, region })));
    return;
  }
  await inAws({ ...given, json: false }, [], async ({ aws, config, reporter }) => {
    print(reporter, policyOf(kind, commands, scopeOf(given, config, aws)));
  });
}

function print(reporter: Reporter, policy: Policy): void {
  reporter.result(JSON.stringify(policy, undefined, 2));
}

function commandsOf(text: string | undefined): PermittedCommand[] {
  const all = Object.keys(COMMAND_CALLS) as PermittedCommand[];
  if (text === undefined) return all;
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) if (!all.some((each) => each === name)) throw unknownName('command', name, all);
  return names as PermittedCommand[];
}

function policyOf(kind: PolicyKind, commands: readonly PermittedCommand[], scope: PolicyScope): Policy {
  if (kind === 'trust') return trustPolicy(scope);
  return kind === 'role' ? rolePolicy(scope) : userPolicy(commands, scope);
}

function scopeOf(
  given: PolicyOptions,
  config: SageMakerConfig,
  aws: Pick<Aws, 'account' | 'region'>,
): PolicyScope {
  const image = given.image ?? config.image ?? 'harrier';
  const key = given.kmsKey ?? config.kmsKey;
  return {
    account: aws.account,
    region: aws.region,
    bucket: given.bucket ?? config.bucket ?? defaultBucket(aws),
    data: (given.data ?? []).map((text) => {
      const { bucket, key: path } = s3Address(text);
      return path ? `${bucket}/${path}` : bucket;
    }),
    role: roleArn(aws, given.role ?? config.role ?? DEFAULT_ROLE),
    repository: image.replace(/^.*\.amazonaws\.com(\.cn)?\//, '').replace(/[:@].*$/, ''),
    ...(key && { kmsKey: keyArn(key, aws) }),
    vpc: given.vpc ?? config.subnets !== undefined,
    ...(given.notify && { topic: given.notify }),
  };
}

/** Policies name keys by ARN alone. */
function keyArn(key: string, { account, region }: Pick<Aws, 'account' | 'region'>): string {
  if (key.startsWith('arn:')) return key;
  if (key.startsWith('alias/')) {
    throw new HarrierError('bad-option', 'a policy cannot name a key by its alias', {
      where: '--kms-key',
      expected: "the key's ARN or id",
      received: `"${key}"`,
      next: `Look it up: aws kms describe-key --key-id ${key}`,
    });
  }
  return `arn:${partitionOf(region)}:kms:${region}:${account}:key/${key}`;
}
