import { h } from 'preact';
import type { Evaluation } from '../evaluation/evaluate.ts';
import { type FactRow, factRows, type RunInfo } from '../evaluation/facts.ts';
import type { History } from '../evaluation/history.ts';
import type { ClassRanking } from '../evaluation/ranking.ts';
import { rejectionLines } from '../evaluation/rejection.ts';
import { CLASS_TABLE_NOTE, ClassTable } from './classes.ts';
import { Curves } from './curves.ts';
import { Facts } from './facts.ts';
import { type FittedLayer, Fitting, hasFitting } from './fitting.ts';
import { ImageList, type ReportImage } from './images.ts';
import { LABEL_TABLE_NOTE, LabelTable } from './labels.ts';
import { swatch } from './legend.ts';
import { ConfusionMatrix, MATRIX_NOTE } from './matrix.ts';
import { renderPage, section } from './page.ts';
import { PAIRS_NOTE, Pairs } from './pairs.ts';
import { People, PeopleNote } from './people.ts';
import { RANKINGS_NOTE, RANKINGS_STYLE, Rankings } from './rankings.ts';
import { Reliability, ReliabilityWords } from './reliability.ts';
import { Score } from './score.ts';
import { SETS_NOTE, Sets } from './sets.ts';

const PAIRS = 12;

/** The content of a report. */
export interface ReportOptions {
  /** `keras-cnn on CIFAR-10`. */
  readonly title: string;
  /** Recipe, data, optimizer and versions of the run. */
  readonly facts: RunInfo;
  /** Facts beyond the usual ones, shown after them. */
  readonly extraFacts?: readonly FactRow[];
  /** The evaluation on the test images. */
  readonly evaluation: Evaluation;
  /** Left out or empty for a model that was not trained here: then there are no curves. */
  readonly history?: History;
  /** In place of curves: how a last layer was fitted on features. */
  readonly fitted?: FittedLayer;
  /** How well the probability of each class tells its images: curves are drawn of it. */
  readonly rankings?: readonly ClassRanking[];
  /** The most confident mistakes, most confident first. */
  readonly mistakes?: readonly ReportImage[];
}

/**
 * The report of a run as one HTML page that needs nothing else: no script, no network, no other file. Its figures are
 * those of Studio's view Evaluate. It follows the reader's light or dark setting, fits phones, and prints. Whatever comes
 * from outside (class names, titles, file names) is escaped, and a content security policy in the page forbids scripts
 * and requests besides.
 *
 * @returns the whole of `report.html`
 * @throws HarrierError `bad-data` when an image is not an image data URI
 */
export function renderReport(options: ReportOptions): string {
  const { title, facts, extraFacts = [], evaluation, fitted, rankings = [], mistakes = [] } = options;
  // A layer that was fitted has no epochs to draw.
  const { history = [] } = fitted ? {} : options;
  const {
    perClass,
    macro,
    confusions,
    humanBaseline,
    calibration,
    multiLabel,
    predictionSets: sets,
  } = evaluation;
  const rejection = rejectionLines(evaluation);
  const version = facts.versions?.harrier;
  return renderPage({
    title: `${title} – Harrier report`,
    style: rankings.length > 0 ? RANKINGS_STYLE : '',
    children: [
      h(
        'header',
        null,
        h('p', { class: 'brand' }, 'Harrier report'),
        h('h1', null, title),
        h(Score, { evaluation, evaluatedOn: facts.testData?.name }),
      ),
      section(
        'facts',
        'How it was trained',
        undefined,
        h(Facts, { rows: [...factRows(facts), ...extraFacts], command: facts.command }),
      ),
      history.length > 0 &&
        section('training', 'How it learned', undefined, h(Curves, { history, test: evaluation })),
      fitted &&
        hasFitting(fitted) &&
        section(
          'training',
          'How its last layer was fitted',
          undefined,
          h(Fitting, { layer: fitted, test: evaluation }),
        ),
      multiLabel
        ? section(
            'classes',
            'Label by label',
            LABEL_TABLE_NOTE,
            h(LabelTable, { multiLabel, macro, still: true }),
          )
        : section(
            'classes',
            'Class by class',
            CLASS_TABLE_NOTE,
            h(ClassTable, { perClass, macro, still: true }),
          ),
      confusions.length > 0 &&
        section('pairs', 'Most confused classes', PAIRS_NOTE, h(Pairs, { confusions, most: PAIRS })),
      humanBaseline &&
        section(
          'people',
          'Human baseline',
          h(PeopleNote, { baseline: humanBaseline }),
          h(People, { baseline: humanBaseline }),
        ),
      // An image of several labels is not taken for something else: no pair of classes is confused.
      !multiLabel &&
        section(
          'matrix',
          'Confusion matrix',
          [MATRIX_NOTE, ' ', swatch('right'), ' right ', swatch('wrong'), ' wrong'],
          h(ConfusionMatrix, evaluation),
        ),
      mistakes.length > 0 &&
        section(
          'mistakes',
          mistakes.length === 1
            ? 'The most confident mistake'
            : `The ${mistakes.length} most confident mistakes`,
          'Wrong predictions with the highest confidence. Some of these images may have a wrong label.',
          h(ImageList, { images: mistakes }),
        ),
      calibration.bins.some(({ count }) => count > 0) &&
        section(
          'calibration',
          'Are its probabilities accurate?',
          undefined,
          h('div', { class: 'beside' }, h(Reliability, { calibration }), h(ReliabilityWords, { evaluation })),
        ),
      rankings.some(({ rocAuc }) => rocAuc !== undefined) &&
        section(
          'thresholds',
          `${multiLabel ? 'Label by label' : 'Class by class'}, at every threshold`,
          RANKINGS_NOTE,
          h(Rankings, { rankings }),
        ),
      sets &&
        sets.coverages.length > 0 &&
        section('sets', 'Which classes can it be?', SETS_NOTE, h(Sets, { sets })),
      rejection.length > 0 &&
        section(
          'unknown',
          'None of the classes',
          undefined,
          rejection.map((line) => h('p', { key: line }, line.trim())),
        ),
      h(
        'footer',
        null,
        `Made by Harrier${version ? ` ${version}` : ''}. The numbers are in `,
        h('code', null, 'evaluation.json'),
        history.length > 0 && [' and ', h('code', null, 'history.csv')],
        '.',
      ),
    ],
  });
}
