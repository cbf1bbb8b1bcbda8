import type { Evaluation } from './evaluate.ts';
import type { FactRow, RunFacts } from './facts.ts';
import type { History } from './history.ts';
import { classesSection } from './report/classes.ts';
import { curvesSection } from './report/curves.ts';
import { Html, html } from './report/html.ts';
import { matrixSection } from './report/matrix.ts';
import { pairsSection } from './report/pairs.ts';
import { peopleSection } from './report/people.ts';
import { picturesSection, type ReportPicture } from './report/pictures.ts';
import { reliabilitySection } from './report/reliability.ts';
import { STYLE } from './report/style.ts';
import { factsSection, header } from './report/summary.ts';

export type { ReportPicture } from './report/pictures.ts';

export interface ReportOptions {
  /** `keras-cnn on CIFAR-10`. */
  readonly title: string;
  readonly facts: RunFacts;
  /** Facts beyond the usual ones, shown after them. */
  readonly extraFacts?: readonly FactRow[];
  readonly evaluation: Evaluation;
  /** Left out or empty for a model that was not trained here: then there are no curves. */
  readonly history?: History;
  /** The most confident mistakes, most confident first. */
  readonly mistakes?: readonly ReportPicture[];
}

/**
 * The report of a run as one HTML page that needs nothing else: no script, no network, no other file. It
 * follows the reader's light or dark setting, fits phones, and prints. Whatever comes from outside (class
 * names, titles, file names) is escaped, and a content security policy in the page forbids scripts and
 * requests besides.
 *
 * @returns the whole of `report.html`
 * @throws HarrierError `bad-data` when a picture is not an image data URI
 */
export function renderReport(options: ReportOptions): string {
  const { title, facts, extraFacts, evaluation, history = [], mistakes = [] } = options;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title} – Harrier report</title>
<link rel="icon" href="data:,">
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${header(title, evaluation, facts.testData?.name)}
${factsSection(facts, extraFacts)}
${curvesSection(history, evaluation)}
${classesSection(evaluation.perClass, evaluation.macro)}
${pairsSection(evaluation.confusions)}
${peopleSection(evaluation.humanBaseline)}
${matrixSection(evaluation)}
${picturesSection(mistakes)}
${reliabilitySection(evaluation)}
<footer>Made by Harrier${facts.versions?.harrier && ` ${facts.versions.harrier}`}. The numbers behind it stand in <code>evaluation.json</code>${history.length > 0 && html` and <code>history.csv</code>`}.</footer>
</main>
</body>
</html>
`;
  return page.markup;
}
