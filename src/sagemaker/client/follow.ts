import { setTimeout as sleep } from 'node:timers/promises';
import type { DescribeTrainingJobResponse } from '@aws-sdk/client-sagemaker';
import type { Aws } from './aws.ts';
import { isAws, isMissing, isPassing } from './aws-error.ts';

export interface FollowOptions {
  /** Seconds between two looks. */
  readonly pollSeconds: number;
  readonly signal?: AbortSignal;
  readonly log: (line: string) => void;
  readonly note: (line: string) => void;
}

/** Seconds for which AWS may not be reached. */
const PATIENCE = 600;

/** How `lookUntil` looks. */
export type LookOptions = Pick<FollowOptions, 'pollSeconds' | 'signal'> &
  Partial<Pick<FollowOptions, 'note'>> & {
    /** Seconds for which AWS may not be reached, or may be busy. Default 600. */
    readonly patience?: number;
  };

/**
 * Looks again and again until it is done. The SDK's own waiters look every two minutes, take a stopped job for a
 * finished one and an endpoint that was rolled back for an updated one. That AWS cannot be reached, or is busy, for ten
 * minutes ends nothing: a laptop that wakes has no network yet, and what was started goes on meanwhile.
 *
 * @throws the signal's reason when aborted; what `look` and `isDone` throw
 */
export async function lookUntil<T>(
  look: () => Promise<T>,
  isDone: (found: T) => boolean | Promise<boolean>,
  { pollSeconds, signal, note, patience = PATIENCE }: LookOptions,
): Promise<T> {
  let lostAt: number | undefined;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const found = await look();
      if (await isDone(found)) return found;
      lostAt = undefined;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (lostAt !== undefined && performance.now() - lostAt > 1000 * patience) throw error;
      if (lostAt === undefined) note?.('AWS cannot be reached, or is busy: trying again.');
      lostAt ??= performance.now();
    }
    await sleep(pollSeconds * 1000, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

const ENDED = new Set(['Completed', 'Failed', 'Stopped']);

/** Waits for a training job's end, saying its states and its log as they come. */
export async function followTraining(
  aws: Aws,
  name: string,
  options: FollowOptions,
): Promise<DescribeTrainingJobResponse> {
  const tail = new LogTail(aws, name, options);
  let states = 0;
  return lookUntil(
    () => aws.sagemaker.describeTrainingJob({ TrainingJobName: name }),
    async ({ SecondaryStatusTransitions: transitions = [], TrainingJobStatus: status = '' }) => {
      for (const { Status, StatusMessage } of transitions.slice(states)) {
        options.note(StatusMessage ? `${Status}: ${StatusMessage}` : `${Status}`);
      }
      states = transitions.length;
      await tail.read();
      return ENDED.has(status);
    },
    options,
  );
}

/** CloudWatch's groups of jobs, by what the jobs are. */
export const LOG_GROUPS = {
  training: '/aws/sagemaker/TrainingJobs',
  transform: '/aws/sagemaker/TransformJobs',
  endpoint: '/aws/sagemaker/Endpoints',
  component: '/aws/sagemaker/InferenceComponents',
} as const;

/** The new lines of a job's log, each time it is read. */
export class LogTail {
  readonly #aws: Aws;
  readonly #name: string;
  readonly #options: Pick<FollowOptions, 'log' | 'note'>;
  readonly #group: string;
  /** Whether the group has its name. */
  readonly #isOwn: boolean;
  /** By stream, where the next read begins. */
  readonly #tokens = new Map<string, string | undefined>();
  #refused = false;

  /** @param name a job's; for an endpoint or a component, whose group has its name, its streams are all taken */
  constructor(
    aws: Aws,
    name: string,
    options: Pick<FollowOptions, 'log' | 'note'>,
    kind: keyof typeof LOG_GROUPS = 'training',
  ) {
    this.#aws = aws;
    this.#name = name;
    this.#options = options;
    this.#isOwn = kind === 'endpoint' || kind === 'component';
    this.#group = this.#isOwn ? `${LOG_GROUPS[kind]}/${name}` : LOG_GROUPS[kind];
  }

  /** Whether there is a log at all. */
  get found(): boolean {
    return this.#tokens.size > 0;
  }

  async read(): Promise<void> {
    if (this.#refused) return;
    try {
      await this.#findStreams();
      for (const stream of this.#tokens.keys()) await this.#readStream(stream);
    } catch (error) {
      // The group appears with the account's first job, the stream some time after its start.
      if (isMissing(error)) return;
      if (!isAws(error, 'AccessDenied')) throw error;
      this.#refused = true;
      this.#options.note(`The log cannot be shown: ${(error as Error).message}`);
    }
  }

  async #findStreams(): Promise<void> {
    let nextToken: string | undefined;
    do {
      const page = await this.#aws.logs.describeLogStreams({
        logGroupName: this.#group,
        ...(!this.#isOwn && { logStreamNamePrefix: `${this.#name}/` }),
        nextToken,
      });
      for (const { logStreamName } of page.logStreams ?? []) {
        if (!this.#tokens.has(logStreamName!)) this.#tokens.set(logStreamName!, undefined);
      }
      nextToken = page.nextToken;
    } while (nextToken);
  }

  async #readStream(logStreamName: string): Promise<void> {
    for (;;) {
      const nextToken = this.#tokens.get(logStreamName);
      const { events = [], nextForwardToken } = await this.#aws.logs.getLogEvents({
        logGroupName: this.#group,
        logStreamName,
        startFromHead: true,
        nextToken,
      });
      for (const { message } of events) this.#options.log(message ?? '');
      this.#tokens.set(logStreamName, nextForwardToken);
      // The same token again: there is no more for now. Before that, a page may be empty.
      if (nextForwardToken === undefined || nextForwardToken === nextToken) return;
    }
  }
}
