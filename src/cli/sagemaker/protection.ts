import { type Command, Option } from 'commander';
import { HarrierError } from '../../errors.ts';
import type { OptionType } from '../../options/option.ts';
import { kebabCase } from '../../options/option.ts';
import { isObject } from '../../options/values.ts';
import { checkProtection, type Protection } from '../../sagemaker/client/protection.ts';
import { collectWhole } from './collect-whole.ts';

/** Options as they were typed; those that are absent may stand in the settings file. */
export interface ProtectionOptions {
  readonly subnets?: string;
  readonly securityGroups?: string;
  readonly kmsKey?: string;
  readonly networkIsolation?: boolean;
  readonly encryptTraffic?: boolean;
  readonly tag?: readonly string[];
}

/** The same as settings of `harrier.sagemaker.mjs`. */
export interface ProtectionSettings {
  readonly subnets?: string;
  readonly securityGroups?: string;
  readonly kmsKey?: string;
  readonly networkIsolation?: boolean;
  readonly encryptTraffic?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Described {
  readonly type: OptionType;
  readonly value?: string;
  readonly help: string;
}

/** The one list of these options: flags, help and settings of the file are made from it. */
const PROTECTION = {
  subnets: {
    type: { kind: 'text' },
    value: '<ids>',
    help: 'subnets of your VPC to run in, with commas between (needs --security-groups)',
  },
  securityGroups: {
    type: { kind: 'text' },
    value: '<ids>',
    help: 'security groups of your VPC, with commas between (needs --subnets)',
  },
  kmsKey: {
    type: { kind: 'text' },
    value: '<key>',
    help: 'KMS key that encrypts disks, uploads and results: its id, ARN or alias/NAME',
  },
  networkIsolation: {
    type: { kind: 'boolean' },
    help: 'the container has no network; SageMaker moves the data',
  },
  encryptTraffic: { type: { kind: 'boolean' }, help: 'encrypt the traffic between the machines of a job' },
  tag: {
    type: { kind: 'texts' },
    value: '<key=value>',
    help: 'tag for everything that the command creates, for bills and policies; may be repeated',
  },
} as const satisfies Record<keyof ProtectionOptions, Described>;

type ProtectionName = keyof typeof PROTECTION;

/** Those that a job, a hosted model, and a job or package that runs nothing new have. */
export const JOB_PROTECTION = Object.keys(PROTECTION) as ProtectionName[];
export const HOSTING_PROTECTION = JOB_PROTECTION.filter((name) => name !== 'encryptTraffic');
export const STORAGE_PROTECTION: readonly ProtectionName[] = ['kmsKey', 'tag'];

/** Names of the settings of the file, with the kinds of their values. */
export const PROTECTION_SETTINGS: Readonly<Record<string, 'text' | 'boolean' | 'tags'>> = Object.fromEntries(
  Object.entries(PROTECTION).map(([name, { type }]) =>
    type.kind === 'texts' ? ['tags', 'tags'] : [name, type.kind],
  ),
);

/** Gives a command the flags. */
export function withProtection(target: Command, names: readonly ProtectionName[]): Command {
  for (const name of names) {
    const { type, value, help }: Described = PROTECTION[name];
    const option = new Option([`--${kebabCase(name)}`, value].filter(Boolean).join(' '), help);
    target.addOption(type.kind === 'texts' ? option.argParser(collectWhole) : option);
  }
  return target;
}

/** Flags before settings. @throws HarrierError `bad-option` for parts that do not fit, or a tag that is none */
export function protectionOf(
  given: ProtectionOptions,
  settings: ProtectionSettings,
  names: readonly ProtectionName[] = JOB_PROTECTION,
): Protection {
  const known = new Set<string>(names);
  const { subnets, securityGroups, kmsKey, networkIsolation, encryptTraffic } = { ...settings, ...given };
  const tags = { ...settings.tags, ...Object.fromEntries((given.tag ?? []).map(tagOf)) };
  const protection: Protection = {
    ...(known.has('subnets') && subnets !== undefined && { subnets: idsOf(subnets) }),
    ...(known.has('securityGroups') &&
      securityGroups !== undefined && { securityGroups: idsOf(securityGroups) }),
    ...(kmsKey !== undefined && { kmsKey }),
    ...(known.has('networkIsolation') && networkIsolation && { networkIsolation }),
    ...(known.has('encryptTraffic') && encryptTraffic && { encryptTraffic }),
    ...(Object.keys(tags).length > 0 && { tags }),
  };
  checkProtection(protection);
  return protection;
}

function idsOf(text: string): string[] {
  return text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
}

function tagOf(text: string): [key: string, value: string] {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key !== undefined) return [key, value];
  throw new HarrierError('bad-option', 'this is not a tag', {
    where: '--tag',
    expected: 'key=value, such as team=vision',
    received: `"${text}"`,
  });
}

/** Whether a setting of the file is of its kind. */
export function isSetting(kind: 'text' | 'boolean' | 'tags', value: unknown): boolean {
  if (kind === 'boolean') return typeof value === 'boolean';
  if (kind === 'text') return typeof value === 'string';
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}
