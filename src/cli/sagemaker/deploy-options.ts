import type { Shift } from '../../sagemaker/client/deployment.ts';
import type { Scale } from '../../sagemaker/client/scaling.ts';
import type { ProtectionOptions } from './protection.ts';
import type { AwsCommandOptions } from './session.ts';

/** Options of `harrier sagemaker deploy`. */
export interface DeployOptions extends AwsCommandOptions, ProtectionOptions {
  readonly name?: string;
  readonly role?: string;
  readonly image?: string;
  readonly bucket?: string;
  readonly instanceType?: string;
  readonly instances?: number;
  readonly arm64?: boolean;
  readonly serverless?: boolean;
  readonly memory?: number;
  readonly component?: string;
  readonly copies?: number | Scale;
  readonly cores?: number;
  readonly targetModel?: string;
  readonly concurrency?: number;
  readonly async?: boolean;
  readonly notify?: string;
  readonly autoscale?: Scale;
  readonly canary?: Shift;
  readonly linear?: Shift;
  readonly alarm?: readonly string[];
  readonly maxErrors?: number;
  readonly maxLatency?: number;
  /** Percent. */
  readonly capture?: number;
  /** Seconds. */
  readonly expires?: number;
}
