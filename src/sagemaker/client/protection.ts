import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';

/** How jobs and endpoints are shut off, encrypted and labelled. */
export interface Protection {
  /** Subnets of the user's own network, and what may pass: both or neither. */
  readonly subnets?: readonly string[];
  readonly securityGroups?: readonly string[];
  /** Encrypts disks, uploads and results. */
  readonly kmsKey?: string;
  /** Containers reach nothing; SageMaker itself brings data and takes results away. */
  readonly networkIsolation?: boolean;
  /** Between the machines of one job. */
  readonly encryptTraffic?: boolean;
  /** Further tags, by key. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** The tag of all that Harrier makes. */
const OWN_TAG = { Key: 'harrier', Value: 'true' };

/** Harrier's tag and those of the user. */
export function tagsOf({ tags = {} }: Protection): { Key: string; Value: string }[] {
  return [OWN_TAG, ...Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))];
}

/** Fields of jobs and models that say where their containers are. */
export function networkOf({ subnets, securityGroups, networkIsolation }: Protection) {
  return {
    ...(subnets &&
      securityGroups && { VpcConfig: { SecurityGroupIds: [...securityGroups], Subnets: [...subnets] } }),
    ...(networkIsolation && { EnableNetworkIsolation: true }),
  };
}

/** Machines with disks of their own, which the hardware encrypts: AWS refuses a key for them. */
const OWN_DISK = /^ml\.([a-z]+\d+[a-z]*d[a-z]*|g[5-7]e?|p5e?n?|trn\d+n?)\./;

/** The key for a machine's disk, by the name of the field. */
export function diskKey<Field extends string>(
  field: Field,
  { kmsKey }: Protection,
  instanceType: string | undefined,
): { [Name in Field]?: string } {
  const takesKey = instanceType !== undefined && !OWN_DISK.test(instanceType);
  return (kmsKey !== undefined && takesKey ? { [field]: kmsKey } : {}) as { [Name in Field]?: string };
}

/** What to tell of a key that a machine's disk does not take; undefined where it does. */
export function diskAdvice({ kmsKey }: Protection, instanceType: string): string | undefined {
  if (kmsKey === undefined || !OWN_DISK.test(instanceType)) return undefined;
  return `Note: ${instanceType} encrypts its own disk in hardware, and takes no KMS key for it. The key still encrypts uploads and results.`;
}

/**
 * Checks that the parts fit together.
 * @throws HarrierError `bad-option` for one of subnets and security groups alone, or a tag that is not the user's
 */
export function checkProtection({ subnets, securityGroups, tags = {} }: Protection): void {
  if ((subnets === undefined) !== (securityGroups === undefined)) {
    const [given, missing] = subnets
      ? ['--subnets', '--security-groups']
      : ['--security-groups', '--subnets'];
    throw new HarrierError('bad-option', `${given} needs ${missing}`, {
      next: 'A job in your VPC has both: subnets to be in, and security groups that say what may pass.',
    });
  }
  const reserved = Object.keys(tags).find((key) => /^(aws:|harrier(:|$))/i.test(key));
  if (reserved === undefined) return;
  throw new HarrierError('bad-option', 'this tag is reserved', {
    where: '--tag',
    expected: 'a key that begins neither with "aws:" nor with "harrier"',
    received: `"${reserved}"`,
  });
}

const WRITING = new Set(['PutObjectCommand', 'CreateMultipartUploadCommand', 'CopyObjectCommand']);

/** Has S3 encrypt all that is uploaded from here on with the user's key. */
export function encryptUploads(aws: Aws, { kmsKey }: Protection): void {
  if (kmsKey === undefined) return;
  aws.s3.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (!WRITING.has(commandName ?? '')) return next(args);
        const input = { ...args.input, ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKey };
        return next({ ...args, input });
      },
    { step: 'initialize', name: 'encryptUploads' },
  );
}
