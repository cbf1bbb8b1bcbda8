import { HarrierError } from '../../errors.ts';
import { formatPercent } from '../../format/format.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { imageAddress } from '../../sagemaker/client/account.ts';
import { awsError } from '../../sagemaker/client/aws-error.ts';
import { uniqueName } from '../../sagemaker/client/names.ts';
import { encryptUploads } from '../../sagemaker/client/protection.ts';
import {
  listGroups,
  listPackages,
  type PackageName,
  packageName,
  type Registration,
  register,
  registryRequests,
  removePackage,
  setApproval,
} from '../../sagemaker/client/registry.ts';
import { workBucket } from '../../sagemaker/client/s3.ts';
import { shortTime } from './deploy.ts';
import { modelInAws } from './model-source.ts';
import { type ProtectionOptions, protectionOf, STORAGE_PROTECTION } from './protection.ts';
import { type AwsCommandOptions, type AwsSession, inAws } from './session.ts';

/** Groups, or versions of one, that are listed. */
const MOST = 20;

export interface RegisterOptions extends AwsCommandOptions, ProtectionOptions {
  readonly group?: string;
  readonly image?: string;
  readonly bucket?: string;
  readonly description?: string;
  readonly approve?: boolean;
}

/** `harrier sagemaker registry add`. */
export async function runRegister(source: string, given: RegisterOptions): Promise<void> {
  if (given.group === undefined) {
    throw new HarrierError('bad-option', 'the model needs a name in the registry', {
      where: '--group',
      expected: 'a name such as parts; its models are versions 1, 2, …',
    });
  }
  if (source.startsWith('registry:')) {
    throw new HarrierError('bad-option', 'this model is in the registry', {
      where: source,
      expected: 'a job of SageMaker, a run folder, "latest" or a model file',
    });
  }
  const { group, version } = packageName(given.group);
  if (version !== undefined) {
    throw new HarrierError('bad-option', 'SageMaker counts the versions itself', {
      where: '--group',
      expected: group,
      received: given.group,
    });
  }
  await inAws(given, ['sagemaker', 's3', 'ecr'], async (session) => {
    const { aws, config, reporter, follow, goesOn } = session;
    const image = await imageAddress(aws, given.image ?? config.image);
    const protection = protectionOf(given, config, STORAGE_PROTECTION);
    const { description } = given;
    const base = {
      group,
      image,
      status: given.approve ? ('Approved' as const) : ('PendingManualApproval' as const),
      ...(description && { description }),
      protection,
      notes: { harrier: HARRIER_VERSION, source: plainText(source) },
    };
    // Refused before anything goes up.
    registryRequests({ ...base, model: 's3://bucket/model.tar.gz' });
    encryptUploads(aws, protection);
    const named = given.bucket ?? config.bucket;
    const { address: model, metrics } = await modelInAws(session, source, named);
    const known = await uploadMetrics(session, group, named, metrics);
    const registration: Registration = {
      ...base,
      model,
      ...(known && { metrics: known }),
      notes: {
        ...base.notes,
        ...Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value.toFixed(4)])),
      },
    };
    goesOn(`${group} may have a new version: npx harrier sagemaker registry list ${group}`);
    const { arn, version: made } = await register(aws, registration, follow);
    reporter.print(
      `Registered as ${group}/${made}${given.approve ? ', approved' : ', waiting for approval'}.`,
    );
    if (!given.approve) reporter.print(`  npx harrier sagemaker registry approve ${group}/${made}`);
    reporter.print(`  npx harrier sagemaker deploy registry:${group}/${made}`);
    if (given.json) {
      reporter.json({ group, version: made, arn, model, status: base.status, metrics });
    }
  });
}

/** Only characters that the registry's notes may have. */
function plainText(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.:/=+\-@]/gu, '-').slice(-256);
}

/** What Studio of SageMaker shows of a version: its metrics in SageMaker's form. @returns their address */
async function uploadMetrics(
  { aws }: AwsSession,
  group: string,
  bucket: string | undefined,
  { accuracy }: Readonly<Record<string, number>>,
): Promise<string | undefined> {
  if (accuracy === undefined) return undefined;
  const Bucket = await workBucket(aws, bucket);
  const Key = `harrier/registry/${group}/${uniqueName('metrics')}.json`;
  const report = {
    multiclass_classification_metrics: { accuracy: { value: accuracy, standard_deviation: 'NaN' } },
  };
  await aws.s3.putObject({ Bucket, Key, Body: JSON.stringify(report) });
  return `s3://${Bucket}/${Key}`;
}

/** `harrier sagemaker registry list`: the groups, or the versions of one. */
export async function runRegistryList(text: string | undefined, given: AwsCommandOptions): Promise<void> {
  const group = text === undefined ? undefined : packageName(text).group;
  await inAws(given, ['sagemaker'], async ({ aws, reporter }) => {
    if (group === undefined) {
      const groups = await listGroups(aws, MOST);
      if (given.json) return reporter.json(groups);
      if (groups.length === 0) reporter.print(`The registry holds no models in ${aws.region}.`);
      for (const { group: name, created } of groups) reporter.print(`${name}  ${shortTime(created)}`);
      return;
    }
    const versions = await listPackages(aws, group, MOST);
    if (given.json) return reporter.json(versions);
    if (versions.length === 0) reporter.print(`${group} has no versions.`);
    for (const { version, status, created, description, notes } of versions) {
      const metrics = ['accuracy', 'mAP'].flatMap((name) =>
        notes[name] === undefined ? [] : [`${name} ${formatPercent(Number(notes[name]))}`],
      );
      const said = [...metrics, notes.source, description].filter(Boolean).join(', ');
      reporter.print(
        `${group}/${version}  ${STATUS[status] ?? status}  ${shortTime(created)}  ${said}`.trimEnd(),
      );
    }
  });
}

const STATUS: Readonly<Record<string, string>> = {
  Approved: 'approved',
  Rejected: 'rejected',
  PendingManualApproval: 'pending ',
};

/** `harrier sagemaker registry approve` and `reject`. */
export async function runApproval(
  text: string,
  status: 'Approved' | 'Rejected',
  given: AwsCommandOptions,
): Promise<void> {
  const name = versionOf(text);
  await inAws(given, ['sagemaker'], async ({ aws, reporter }) => {
    await setApproval(aws, name, status);
    reporter.print(`${text} is ${STATUS[status]}.`);
    if (given.json) reporter.json({ ...name, status });
  });
}

function versionOf(text: string): Required<PackageName> {
  const { group, version } = packageName(text);
  if (version !== undefined) return { group, version };
  throw new HarrierError('bad-option', 'this names no version', {
    expected: `${group}/VERSION, such as ${group}/1`,
    received: `"${text}"`,
    next: `npx harrier sagemaker registry list ${group} lists them.`,
  });
}

/** `harrier sagemaker registry remove`: versions, or groups without any. */
export async function runRegistryRemove(names: readonly string[], given: AwsCommandOptions): Promise<void> {
  const packages = names.map((text) => [text, packageName(text)] as const);
  await inAws(given, ['sagemaker'], async ({ aws, reporter }) => {
    for (const [text, name] of packages) {
      await removePackage(aws, name).catch((error) => {
        throw awsError(error);
      });
      reporter.print(`${text} is removed from the registry; its files stay in S3.`);
    }
    if (given.json) reporter.json({ removed: names });
  });
}
