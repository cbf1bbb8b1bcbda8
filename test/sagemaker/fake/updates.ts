import { setTimeout as sleep } from 'node:timers/promises';
import { invalid } from './api.ts';
import type { Monitoring } from './monitoring.ts';
import type { Json } from './world.ts';

/** Nobody looks any more. */
const SEEN_WITHIN_MS = 5000;

/** Refuses a way to update an endpoint that AWS refuses. */
export function checkUpdate(update: Json | undefined, variant: Json, monitoring: Monitoring): void {
  if (!update) return;
  if (variant.ServerlessConfig) throw invalid('DeploymentConfig is not supported for serverless endpoints.');
  const policy = update.BlueGreenUpdatePolicy;
  const { Type: type, CanarySize: canary, LinearStepSize: step } = policy.TrafficRoutingConfiguration;
  if ((type === 'CANARY') !== (canary !== undefined))
    throw invalid('CanarySize is required for CANARY alone.');
  if ((type === 'LINEAR') !== (step !== undefined))
    throw invalid('LinearStepSize is required for LINEAR alone.');
  const part = canary ?? step;
  if (part) {
    if (part.Value > 50 || (step && part.Value < 10)) throw invalid('The size must be at most 50 percent.');
    if (2 * Math.ceil((variant.InitialInstanceCount * part.Value) / 100) > variant.InitialInstanceCount) {
      throw invalid('The size must be at most 50 percent of the instances of the variant.');
    }
  }
  for (const { AlarmName } of update.AutoRollbackConfiguration?.Alarms ?? []) {
    if (!monitoring.alarms.has(AlarmName)) throw invalid(`Alarm ${AlarmName} does not exist.`);
  }
}

/**
 * Moves the traffic of an update, part by part, while its alarms are watched.
 * @returns the alarm that went off, if one did
 */
export async function moveTraffic(
  endpoint: Json,
  configName: string,
  update: Json,
  monitoring: Monitoring,
  {
    pause,
    seen,
    tripped,
  }: {
    readonly pause: () => Promise<unknown>;
    /** Resolves when the endpoint is described the next time. */
    readonly seen: () => Promise<unknown>;
    readonly tripped: ReadonlySet<string>;
  },
): Promise<string | undefined> {
  const { Type: type, LinearStepSize: step } = update.BlueGreenUpdatePolicy.TrafficRoutingConfiguration;
  const parts = type === 'ALL_AT_ONCE' ? 1 : type === 'CANARY' ? 2 : Math.ceil(100 / step.Value);
  const names = (update.AutoRollbackConfiguration?.Alarms ?? []).map(
    (each: Json) => each.AlarmName as string,
  );
  // In parts, each state lasts until somebody has seen it.
  const lasts = () => (parts === 1 ? pause() : Promise.race([seen(), sleep(SEEN_WITHIN_MS)]));
  const show = (Status: string) => {
    endpoint.PendingDeploymentSummary = {
      EndpointConfigName: configName,
      ProductionVariants: [{ VariantName: 'all', VariantStatus: [{ Status }] }],
    };
    return lasts();
  };
  try {
    for (let i = 0; i < parts; i++) {
      await show('ActivatingTraffic');
      for (const name of names) if (tripped.has(name)) monitoring.alarms.get(name)!.state = 'ALARM';
      await show('Baking');
      const loud = names.find((name: string) => monitoring.alarms.get(name)!.state === 'ALARM');
      if (loud) return loud;
    }
    return undefined;
  } finally {
    delete endpoint.PendingDeploymentSummary;
  }
}
