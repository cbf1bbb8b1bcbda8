import { signal } from '@preact/signals';
import { HarrierError } from 'harrier/src/errors.ts';
import { type Evaluation, evaluatePredictions } from 'harrier/src/evaluation/evaluate.ts';
import { formatPercent } from 'harrier/src/format/format.ts';
import { announce } from '../../../announce.ts';
import { askModel, isOpen } from '../../../inference/model.ts';
import { askBeforeLosing } from '../../../leaving.ts';
import type { LabelledImage, LabelledImages } from './labelled.ts';

/** Failures of an image alone: damaged, too large, or gone since the data was opened. */
const OF_ONE_IMAGE = ['bad-data', 'too-large', 'storage', 'not-found'];

/** An image that could not be read, and why. */
export interface Unread {
  readonly name: string;
  readonly message: string;
}

/** The evaluation of a model in this page, from its beginning to its end. */
export interface Evaluating {
  /** The model that answers: another one makes this stale. */
  readonly model: string;
  readonly data: Omit<LabelledImages, 'images'>;
  readonly total: number;
  readonly done: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly unread: readonly Unread[];
  readonly error?: unknown;
  readonly result?: Evaluated;
}

export interface Evaluated {
  readonly evaluation: Evaluation;
  /** Those that were read, in the order of their names. */
  readonly answers: readonly AnsweredImage[];
  /** Images that the model says show none of its classes; absent where it does not tell. */
  readonly unknown?: number;
}

export interface AnsweredImage {
  readonly image: LabelledImage;
  readonly predicted: number;
  /** Of the predicted class. */
  readonly probability: number;
}

/** The newest one; it stays when the view is left. */
export const evaluating = signal<Evaluating | undefined>(undefined);

askBeforeLosing(() => evaluating.peek()?.state === 'running');

/** How often the page is told how far it is. */
const TELL_MS = 100;

/** Evaluates the open model on images, one after another, until the end or until another evaluation begins. */
export async function evaluateOn(
  model: string,
  classNames: readonly string[],
  { images, ...data }: LabelledImages,
): Promise<void> {
  let state: Evaluating = { model, data, total: images.length, done: 0, state: 'running', unread: [] };
  evaluating.value = state;
  const isCurrent = () => evaluating.peek() === state;
  const tell = (change: Partial<Evaluating>) => {
    state = { ...state, ...change };
    evaluating.value = state;
  };
  const answered: LabelledImage[] = [];
  const probabilities: Float32Array[] = [];
  const unread: Unread[] = [];
  let unknown: number | undefined;
  let told = performance.now();
  try {
    for (const [i, image] of images.entries()) {
      try {
        const bytes = await image.read();
        checkOpen(model);
        const answer = await askModel('answer', bytes, image.name);
        checkOpen(model);
        answered.push(image);
        probabilities.push(answer.probabilities);
        if (answer.isUnknown !== undefined) unknown = (unknown ?? 0) + Number(answer.isUnknown);
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        // Of the image alone; whatever else goes wrong would go wrong with each.
        if (!OF_ONE_IMAGE.includes(code ?? '')) throw error;
        unread.push({ name: image.name, message });
      }
      if (!isCurrent()) return;
      if (performance.now() - told < TELL_MS) continue;
      told = performance.now();
      tell({ done: i + 1, unread: [...unread] });
    }
    const result = evaluated(answered, probabilities, classNames);
    tell({
      state: 'done',
      done: images.length,
      unread,
      result: { ...result, ...(unknown !== undefined && { unknown }) },
    });
    announce(`${data.name} is evaluated: ${formatPercent(result.evaluation.accuracy, 1)} right.`);
  } catch (error) {
    if (isCurrent()) tell({ state: 'failed', error, unread });
  }
}

/** @throws HarrierError `in-use` where another model would answer */
function checkOpen(model: string): void {
  if (isOpen(model)) return;
  throw new HarrierError('in-use', 'another model was opened meanwhile', {
    next: 'Evaluate this one again.',
  });
}

function evaluated(
  images: readonly LabelledImage[],
  rows: readonly Float32Array[],
  classNames: readonly string[],
): Evaluated {
  const classes = classNames.length;
  const probabilities = new Float32Array(images.length * classes);
  rows.forEach((row, i) => {
    probabilities.set(row, i * classes);
  });
  const groups = images.flatMap(({ copies }) => copies ?? []);
  const evaluation = evaluatePredictions({
    probabilities,
    labels: images.map(({ label }) => label),
    classNames,
    ...(groups.length === images.length && { groups }),
  });
  const answers = images.map((image, i) => {
    const predicted = rows[i].indexOf(Math.max(...rows[i]));
    return { image, predicted, probability: rows[i][predicted] };
  });
  return { evaluation, answers };
}
