import { basename } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { posixQuote } from '../../platform/node/shell-quote.ts';
import { readPlan } from '../sweep/plan-file.ts';

/** What starts containers. */
export const ENGINES = ['kubernetes', 'skypilot'] as const;
export type Engine = (typeof ENGINES)[number];

/** The options of `cluster init` as they were typed. */
export interface ClusterOptions {
  readonly image: string;
  readonly plan?: string;
  readonly list?: string;
  readonly model?: string;
  readonly jobs?: number;
  readonly atOnce?: number;
  readonly cpus: number;
  readonly memory: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** Work that divides into jobs. */
export interface Work {
  /** For names: `sweep`. */
  readonly kind: 'sweep' | 'predict';
  readonly jobs: number;
  /** The command of a job, for a shell in the shared folder; `index` is the shell's word for its number, from 0. */
  readonly command: (index: string) => string;
  /** Files that must lie in the shared folder. */
  readonly files: readonly string[];
}

/** Reads what is to be done. @throws HarrierError `bad-option` for nothing, or for two things; as `readPlan` does */
export async function workOf({ plan, list, model, jobs }: ClusterOptions): Promise<Work> {
  if ((plan === undefined) === (list === undefined)) {
    throw new HarrierError('bad-option', 'a cluster needs one kind of work', {
      expected: '--plan trials.jsonl, or --list images.txt --jobs 16',
      received: plan === undefined ? 'neither' : 'both',
    });
  }
  if (plan !== undefined) {
    if (jobs !== undefined) {
      throw new HarrierError('bad-option', 'a plan has a job for each of its trials', {
        where: '--jobs',
        next: 'Leave it out; --at-once says how many run at the same time.',
      });
    }
    if (model !== undefined) {
      throw new HarrierError('bad-option', 'the trials of a plan make models of their own', {
        where: '--model',
        next: 'Leave it out; the plan says what they begin with.',
      });
    }
    const { trials } = await readPlan(plan);
    const file = basename(plan);
    return {
      kind: 'sweep',
      jobs: trials.length,
      command: (index) =>
        `exec harrier sweep --plan ${posixQuote(file)} --trial "$((${index} + 1))" --out runs`,
      files: [file, 'the data, at the path that the plan names'],
    };
  }
  if (jobs === undefined) {
    throw new HarrierError('bad-option', 'a list is divided into parts', {
      where: '--list',
      next: 'Say how many: --jobs 16.',
    });
  }
  const [file, network] = [basename(list!), basename(model ?? 'model.onnx')];
  return {
    kind: 'predict',
    jobs,
    command: (index) =>
      `n="$((${index} + 1))"; exec harrier predict ${posixQuote(network)} --list ${posixQuote(file)} --shard "$n/${jobs}" --skip-bad --out "answers-$n.jsonl"`,
    files: [network, file, 'the images, at the paths that the list names'],
  };
}
