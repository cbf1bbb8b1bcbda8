import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { HarrierError, unknownName } from '../../errors.ts';
import { type Aws, openAws } from '../../sagemaker/client/aws.ts';
import { awsError } from '../../sagemaker/client/aws-error.ts';
import type { Shift } from '../../sagemaker/client/deployment.ts';
import type { FollowOptions } from '../../sagemaker/client/follow.ts';
import type { Scale } from '../../sagemaker/client/scaling.ts';
import { Exit } from '../failure.ts';
import { watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { duration, number } from '../values.ts';
import { isSetting, PROTECTION_SETTINGS, type ProtectionSettings } from './protection.ts';

/** Options that every command has that speaks to AWS. */
export interface AwsCommandOptions {
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly poll: number;
  readonly json?: boolean;
}

/** What `harrier.sagemaker.mjs` may say; the command line goes before it. */
export interface SageMakerConfig extends ProtectionSettings {
  readonly role?: string;
  readonly region?: string;
  readonly bucket?: string;
  readonly image?: string;
  readonly trainInstanceType?: string;
  readonly deployInstanceType?: string;
}

export const CONFIG_FILE = 'harrier.sagemaker.mjs';
const CONFIG: Readonly<Record<string, 'text' | 'boolean' | 'tags'>> = {
  role: 'text',
  region: 'text',
  bucket: 'text',
  image: 'text',
  trainInstanceType: 'text',
  deployInstanceType: 'text',
  ...PROTECTION_SETTINGS,
};
const KINDS = {
  text: 'text',
  boolean: 'true or false',
  tags: "an object of texts, such as { team: 'vision' }",
};

export function withAwsOptions(command: Command): Command {
  return command
    .option('--region <name>', "such as eu-west-1 (default: AWS_REGION, or the profile's)")
    .option('--endpoint-url <url>', "address to use instead of AWS's own (default: AWS_ENDPOINT_URL)")
    .option('--poll <seconds>', 'time between two queries while waiting', number('--poll', { above: 0 }), 10)
    .option('--json', 'print the result as JSON');
}

/** A command's hold on AWS: clients, configuration, and how to say things. */
export interface AwsSession {
  readonly aws: Aws;
  readonly config: SageMakerConfig;
  readonly reporter: Reporter;
  readonly follow: FollowOptions;
  /** What to say when the user stops waiting: what goes on in AWS, and how to follow or end it. */
  goesOn(...lines: readonly string[]): void;
}

/**
 * Does something in AWS: reads the configuration, opens the clients, and puts what goes wrong into one sentence.
 * Ctrl-C ends the waiting, not what AWS does.
 */
export async function inAws(
  given: AwsCommandOptions,
  services: Parameters<typeof openAws>[1],
  action: (session: AwsSession) => Promise<void>,
): Promise<void> {
  const reporter = new Reporter({ machine: given.json });
  let isStarted = false;
  let lines: readonly string[] = ['Stopped: nothing was started in AWS.'];
  const interruption = watchInterruption(() => {});
  try {
    const config = await readConfig();
    const { region = config.region, endpointUrl } = given;
    const aws = await openAws({ region, endpointUrl }, services);
    await action({
      aws,
      config,
      reporter,
      follow: {
        pollSeconds: given.poll,
        signal: interruption.signal,
        log: (line) => reporter.print(line),
        note: (line) => reporter.note(line),
      },
      goesOn: (...said) => {
        isStarted = true;
        lines = said;
      },
    });
  } catch (error) {
    if (interruption.exitCode === undefined) {
      // Where AWS no longer answers, or not to these credentials, what was started goes on.
      if (isStarted && !(error instanceof HarrierError)) for (const line of lines) reporter.note(line);
      throw awsError(error);
    }
    for (const line of lines) reporter.note(line);
    throw new Exit(interruption.exitCode);
  } finally {
    interruption.end();
  }
}

/** The configuration of this folder; empty when there is none. */
export async function readConfig(): Promise<SageMakerConfig> {
  const path = resolve(CONFIG_FILE);
  if (!(await stat(path).catch(() => undefined))) return {};
  let config: unknown;
  try {
    ({ default: config } = await import(pathToFileURL(path).href));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : `${cause}`;
    throw new HarrierError('bad-option', `this file cannot be read (${reason})`, { where: path, cause });
  }
  if (typeof config !== 'object' || config === null) {
    throw new HarrierError('bad-option', 'this file exports no configuration', {
      where: path,
      expected: 'export default { role: … }',
    });
  }
  for (const [key, value] of Object.entries(config)) {
    if (!Object.hasOwn(CONFIG, key)) throw unknownName(`setting of ${CONFIG_FILE}`, key, Object.keys(CONFIG));
    if (value !== undefined && !isSetting(CONFIG[key], value)) {
      throw new HarrierError('bad-option', key, {
        where: path,
        expected: KINDS[CONFIG[key]],
        received: JSON.stringify(value)?.slice(0, 80) ?? typeof value,
      });
    }
  }
  return config;
}

/** Reads `1..4`; zero is for asynchronous endpoints. @throws HarrierError `bad-option` */
export function scaleRange(option: string): (text: string) => { least: number; most: number } {
  return (text) => {
    const [, least, most] = (/^(\d+)\.\.(\d+)$/.exec(text.trim()) ?? []).map(Number);
    if (least >= 0 && most >= Math.max(1, least)) return { least, most };
    throw new HarrierError('bad-option', 'this is not a range of machines', {
      where: option,
      expected: 'least..most, such as 1..4',
      received: `"${text}"`,
    });
  };
}

/** Reads `2` or `1..4`: copies of a model. @throws HarrierError `bad-option` */
export function copyCount(option: string): (text: string) => number | Scale {
  const readCount = number(option, { whole: true, atLeast: 1 });
  const readRange = scaleRange(option);
  return (text) => {
    if (!text.includes('..')) return readCount(text);
    const range = readRange(text);
    if (range.least >= 1) return range;
    throw new HarrierError('bad-option', 'a model that answers at once needs a copy', {
      where: option,
      expected: 'at least 1, such as 1..4',
      received: `"${text}"`,
    });
  };
}

/** Reads `10%:5m`: a part of the machines, and how long it serves before the next. @throws HarrierError `bad-option` */
export function trafficShift(kind: Shift['kind']): (text: string) => Shift {
  const readSeconds = duration(`--${kind}`);
  return (text) => {
    const [, percent, wait] = /^(\d+)%?:(.+)$/.exec(text.trim()) ?? [];
    if (percent !== undefined)
      return { kind, percent: Number(percent), seconds: Math.round(readSeconds(wait)) };
    throw new HarrierError('bad-option', 'this says not how the traffic moves', {
      where: `--${kind}`,
      expected: 'a part and a time, such as 20%:5m',
      received: `"${text}"`,
    });
  };
}

/** Reads `20` or `20%`. @throws HarrierError `bad-option` */
export function percent(option: string): (text: string) => number {
  const read = number(option, { whole: true, atLeast: 1, atMost: 100 });
  return (text) => read(text.trim().replace(/%$/, ''));
}
