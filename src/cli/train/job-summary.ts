import { appendFile } from 'node:fs/promises';
import { type Evaluation, headline, type MultiLabelEvaluation, scoreCells } from '../../evaluation/index.ts';
import { formatCount, formatPercent, formatQuantity } from '../../format/format.ts';
import { shortPath } from '../terminal.ts';

/** Classes and confusions that a summary lists. */
const LISTED = 20;

/**
 * Appends the result of a run to the summary of a job of GitHub Actions, where it runs in one (`GITHUB_STEP_SUMMARY`).
 * @throws the system's error when the file cannot be written
 */
export async function writeJobSummary(
  folder: string,
  evaluation: Evaluation,
  file = process.env.GITHUB_STEP_SUMMARY,
): Promise<void> {
  if (file) await appendFile(file, jobSummary(folder, evaluation));
}

/** The result of a run as Markdown. */
export function jobSummary(folder: string, evaluation: Evaluation): string {
  const { accuracy, perClass, confusions, multiLabel } = evaluation;
  const [columns, rows] = multiLabel
    ? [['Label', 'Images', 'Average precision', ...SCORES], multiLabel.labels.map(labelCells)]
    : [['Class', 'Images', ...SCORES], perClass.map(classCells)];
  const others = rows.length - LISTED;
  const more =
    others > 0
      ? `\n${multiLabel ? formatQuantity(others, 'label') : formatQuantity(others, 'class', 'classes')} more.\n`
      : '';
  const pairs = confusions
    .slice(0, 5)
    .map(({ classes, count }) => `- ${classes.map(cell).join(' ↔ ')}: ${formatCount(count)}`);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const result = multiLabel
    ? `micro F1 ${formatPercent(multiLabel.micro.f1)}`
    : `${formatPercent(accuracy)} correct`;
  return `## ${cell(shortPath(folder))}: ${result}

${headline(evaluation)}.

${line(columns)}
${line(columns.map((_, i) => (i === 0 ? '---' : '---:')))}
${rows.slice(0, LISTED).map(line).join('\n')}
${more}${pairs.length > 0 ? `\nMost confused:\n\n${pairs.join('\n')}\n` : ''}
`;
}

const SCORES = ['Precision', 'Recall', 'F1'];

function classCells(row: Evaluation['perClass'][number]): string[] {
  return [cell(row.class), formatCount(row.support), ...scoreCells(row)];
}

function labelCells(row: MultiLabelEvaluation['labels'][number]): string[] {
  const { averagePrecision: average } = row;
  const precision = average === undefined ? '–' : formatPercent(average);
  return [cell(row.class), formatCount(row.support), precision, ...scoreCells(row)];
}

/** Text within a table of Markdown. */
function cell(text: string): string {
  return text.replace(/[\\|`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
}
