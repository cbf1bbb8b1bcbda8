import { type AnswerCounts, answerOf, noAnswers, readAnswerCounts } from '../evaluation/answer-counts.ts';
import { chiSquaredTest } from '../evaluation/chi-squared.ts';
import { UNKNOWN_FROM } from '../models/contract.ts';
import type { Metrics } from './metrics.ts';
import { givenLabels } from './protocols/details.ts';
import type { Answer, ServedModel } from './service.ts';

/** The newest images that are compared with the model's test images. */
const COMPARED = 1_000;
/** Fewer say nothing. */
const LEAST = 30;

/**
 * What a served model says, in sum and without any image: answers by class, how sure they are, and whether the newest ones
 * differ from those of the model's test images more than by chance.
 *
 * Answers of a classifier tell a shift of its images well: Z. Lipton, Y.-X. Wang, A. Smola, "Detecting and Correcting for
 * Label Shift with Black Box Predictors", ICML 2018; S. Rabanser, S. Günnemann, Z. Lipton, "Failing Loudly", NeurIPS 2019.
 */
export class AnswerStatistics {
  readonly #metrics: Metrics;
  /** Class and tenth of each of the newest images, the oldest first from `#next` on. */
  #newest: (readonly [label: number, part: number])[] = [];
  #next = 0;
  #model: ServedModel | undefined;
  #expected: AnswerCounts | undefined;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    const about = (what: string) =>
      `How often ${what} of the last ${COMPARED} images would differ so much from those of the model's test images by chance (p-value); NaN where that is not known.`;
    metrics.gauge('harrier_drift_classes_p_value', about('the classes'), () => this.#pValue('classes'));
    metrics.gauge('harrier_drift_confidence_p_value', about('the largest probabilities'), () =>
      this.#pValue('confidence'),
    );
  }

  /** Counts the images of a request. */
  add({ model, probabilities, unknown }: Answer): void {
    if (model.version !== this.#model?.version) {
      this.#newest = [];
      this.#next = 0;
      this.#expected = readAnswerCounts(model.metadata, model.classNames.length);
    }
    this.#model = model;
    const { answers, confidence, unknownImages } = this.#metrics;
    probabilities.forEach((row, image) => {
      // Any number of labels: each is counted, and nothing is compared.
      const given = givenLabels(model, row);
      given?.forEach((is, label) => {
        if (is) answers.add({ class: model.classNames[label] });
      });
      if (given) return;
      const answer = answerOf(row);
      answers.add({ class: model.classNames[answer[0]] });
      confidence.observe(row[answer[0]]);
      if (unknown && unknown[image] > UNKNOWN_FROM) unknownImages.add();
      this.#newest[this.#next] = answer;
      this.#next = (this.#next + 1) % COMPARED;
    });
  }

  #pValue(of: keyof AnswerCounts): number {
    if (!this.#expected || !this.#model || this.#newest.length < LEAST) return Number.NaN;
    const counts = noAnswers(this.#model.classNames.length);
    for (const [label, part] of this.#newest) {
      counts.classes[label]++;
      counts.confidence[part]++;
    }
    const expected = this.#expected[of];
    // All in one category on both sides: nothing differs.
    const isOne = expected.filter((count, i) => count + counts[of][i] > 0).length === 1;
    return isOne ? 1 : (chiSquaredTest(expected, counts[of])?.pValue ?? Number.NaN);
  }
}
