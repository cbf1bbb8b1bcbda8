import { appendFile } from 'node:fs/promises';
import type { Evaluation } from '../../evaluation/index.ts';
import { formatCount, formatInterval, formatPercent, formatQuantity } from '../../format/format.ts';
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
  const { accuracy, interval95, correct, total, perClass, confusions } = evaluation;
  const rows = perClass
    .slice(0, LISTED)
    .map(
      (each) =>
        `| ${cell(each.class)} | ${formatCount(each.support)} | ${[each.precision, each.recall, each.f1].map((value) => formatPercent(value)).join(' | ')} |`,
    );
  const more =
    perClass.length > LISTED
      ? `\n${formatQuantity(perClass.length - LISTED, 'class', 'classes')} more.\n`
      : '';
  const pairs = confusions
    .slice(0, 5)
    .map(({ classes, count }) => `- ${classes.map(cell).join(' ↔ ')}: ${formatCount(count)}`);
  return `## ${cell(shortPath(folder))}: ${formatPercent(accuracy)} correct

${formatCount(correct)} of ${formatQuantity(total, 'test image')}; 95% interval ${formatInterval(interval95)}.

| Class | Images | Precision | Recall | F1 |
| --- | ---: | ---: | ---: | ---: |
${rows.join('\n')}
${more}${pairs.length > 0 ? `\nMost confused:\n\n${pairs.join('\n')}\n` : ''}
`;
}

/** Text within a table of Markdown. */
function cell(text: string): string {
  return text.replace(/[\\|`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
}
