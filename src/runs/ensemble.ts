import { HarrierError } from '../errors.ts';
import { historyFromCsv } from '../evaluation/index.ts';
import { decodeModel, type Model } from '../onnx/index.ts';
import type { FitResult } from '../training/index.ts';
import { utf8Decode } from '../utf8.ts';
import type { StoredRun } from './stored-run.ts';

/** Models whose probabilities a run averages in place of training one, and what is said of their training. */
export interface Ensemble {
  readonly models: readonly Model[];
  /** The most that one of them was trained. */
  readonly epochs: number;
  readonly fit: FitResult;
}

/**
 * Reads the models of several finished runs.
 * @throws HarrierError `bad-checkpoint` when one is missing or damaged
 */
export async function ensembleOf(runs: readonly StoredRun[]): Promise<Ensemble> {
  const models: Model[] = [];
  const results: { trainingAccuracy: number; seconds: number; epochs: number; loss: number }[] = [];
  for (const run of runs) {
    const bytes = await run.read('model');
    if (!bytes) {
      throw new HarrierError('bad-checkpoint', 'a model of this average is missing', {
        where: run.file('model'),
        next: 'Remove the folder of its run and resume: it is then trained again.',
      });
    }
    models.push(decodeModel(bytes, run.file('model')));
    const history = historyFromCsv(
      utf8Decode((await run.read('history')) ?? new Uint8Array()),
      run.file('history'),
    );
    results.push({ ...(await run.record()).result!, loss: history.at(-1)?.loss ?? 0 });
  }
  const sum = (of: 'trainingAccuracy' | 'seconds' | 'loss') =>
    results.reduce((total, each) => total + each[of], 0);
  const { length: count } = runs;
  const seconds = sum('seconds');
  const history = [
    { epoch: 1, loss: sum('loss') / count, accuracy: sum('trainingAccuracy') / count, seconds },
  ];
  const position = { step: 1, epoch: 1, stepInEpoch: 0, lossSum: 0, correct: 0, seen: 0, seconds, history };
  const epochs = Math.max(...results.map((each) => each.epochs));
  return { models, epochs, fit: { history, weights: new Map(), ended: 'finished', position } };
}
