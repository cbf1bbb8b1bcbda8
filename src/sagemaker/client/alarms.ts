import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { VARIANT } from './endpoint.ts';
import { type Protection, tagsOf } from './protection.ts';
import { checked } from './requests.ts';

/** What takes an update back besides a container that does not start. */
export interface Rollback {
  /** CloudWatch alarms of the user. */
  readonly alarms?: readonly string[];
  /** Answers with an error of the server (5xx) that a minute may have. */
  readonly maxErrors?: number;
  /** Milliseconds that 95 of 100 answers may take. */
  readonly maxLatency?: number;
}

/** Alarms that Harrier makes for an endpoint have these ends. */
const ENDS = ['errors', 'latency', 'from-zero'] as const;

/** The name of an alarm of Harrier's. */
export const alarmName = (endpoint: string, end: (typeof ENDS)[number]): string =>
  `harrier-${endpoint}-${end}`;

/** The requests for the alarms that a limit asks for. @throws HarrierError `bad-option` for what AWS would not take */
export function alarmRequests(
  endpoint: string,
  { maxErrors, maxLatency }: Rollback,
  protection: Protection = {},
) {
  const common = {
    Namespace: 'AWS/SageMaker',
    Dimensions: [
      { Name: 'EndpointName', Value: endpoint },
      { Name: 'VariantName', Value: VARIANT },
    ],
    Period: 60,
    ComparisonOperator: 'GreaterThanThreshold' as const,
    // An endpoint that nobody asks is no worse for it.
    TreatMissingData: 'notBreaching',
    Tags: tagsOf(protection),
  };
  return [
    ...(maxErrors === undefined
      ? []
      : [
          checked('PutMetricAlarm', {
            ...common,
            AlarmName: alarmName(endpoint, 'errors'),
            AlarmDescription: `More than ${maxErrors} answers with status 5xx in a minute: rolls updates back.`,
            MetricName: 'Invocation5XXErrors',
            Statistic: 'Sum' as const,
            EvaluationPeriods: 1,
            Threshold: maxErrors,
          }),
        ]),
    ...(maxLatency === undefined
      ? []
      : [
          checked('PutMetricAlarm', {
            ...common,
            AlarmName: alarmName(endpoint, 'latency'),
            AlarmDescription: `95% of answers take more than ${maxLatency} ms: rolls updates back.`,
            // In microseconds.
            MetricName: 'ModelLatency',
            ExtendedStatistic: 'p95',
            EvaluationPeriods: 2,
            Threshold: maxLatency * 1000,
          }),
        ]),
  ];
}

/** The names of all alarms that watch an update. */
export function rollbackAlarms(endpoint: string, rollback: Rollback): string[] {
  return [...(rollback.alarms ?? []), ...alarmRequests(endpoint, rollback).map(({ AlarmName }) => AlarmName)];
}

/**
 * Checks that the user's alarms are there, and that all are quiet: one that is on already would take any update back.
 * @throws HarrierError `not-found`, `refused`
 */
export async function checkAlarms(aws: Aws, endpoint: string, rollback: Rollback): Promise<void> {
  const names = rollbackAlarms(endpoint, rollback);
  if (names.length === 0) return;
  const states = await alarmStates(aws, names);
  const missing = rollback.alarms?.find((name) => !states.has(name));
  if (missing !== undefined) {
    throw new HarrierError('not-found', 'there is no such CloudWatch alarm', {
      where: missing,
      next: 'Create it first, or let Harrier make alarms: --max-errors, --max-latency.',
    });
  }
  const loud = names.find((name) => states.get(name) === 'ALARM');
  if (loud === undefined) return;
  throw new HarrierError('refused', 'this alarm is on already, so the update would be rolled back', {
    where: loud,
    next: 'Wait until it is off, or update without it.',
  });
}

/** Those of these alarms that are on; none where AWS does not tell. */
export async function loudAlarms(aws: Aws, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const states = await alarmStates(aws, names).catch(() => new Map<string, string>());
  return names.filter((name) => states.get(name) === 'ALARM');
}

/** Those of these alarms that are there, as they are. */
export async function alarmsNow(aws: Aws, AlarmNames: readonly string[]): Promise<MetricAlarm[]> {
  // Asked for none, AWS tells of all.
  if (AlarmNames.length === 0) return [];
  const { MetricAlarms = [] } = await aws.cloudwatch.describeAlarms({ AlarmNames: [...AlarmNames] });
  return MetricAlarms;
}

/** Puts these alarms back as they were before, and removes those that were not there. */
export async function restoreAlarms(
  aws: Aws,
  names: readonly string[],
  before: readonly MetricAlarm[],
): Promise<void> {
  for (const alarm of before) await aws.cloudwatch.putMetricAlarm({ ...alarm, AlarmName: alarm.AlarmName });
  const known = new Set(before.map(({ AlarmName }) => AlarmName));
  await removeNamed(
    aws,
    names.filter((name) => !known.has(name)),
  );
}

/** Removes the alarms that Harrier made for an endpoint. @returns their names */
export async function removeAlarms(
  aws: Aws,
  endpoint: string,
  ends: readonly (typeof ENDS)[number][] = ENDS,
): Promise<string[]> {
  return removeNamed(
    aws,
    ends.map((end) => alarmName(endpoint, end)),
  );
}

async function removeNamed(aws: Aws, names: readonly string[]): Promise<string[]> {
  const found = (await alarmsNow(aws, names)).map(({ AlarmName }) => AlarmName!);
  if (found.length > 0) await aws.cloudwatch.deleteAlarms({ AlarmNames: found });
  return found;
}

async function alarmStates(aws: Aws, AlarmNames: readonly string[]): Promise<Map<string, string>> {
  const { MetricAlarms = [], CompositeAlarms = [] } = await aws.cloudwatch.describeAlarms({
    AlarmNames: [...AlarmNames],
    AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
  });
  return new Map(
    [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName, StateValue }) => [AlarmName!, StateValue ?? '']),
  );
}
