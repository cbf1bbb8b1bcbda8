import { aligned, formatPercent, formatQuantity } from '../../../format/format.ts';
import type { TeachResult } from './measure.ts';

/** The figures as text for people. */
export function teachText({ model, cores, lessons }: TeachResult): string {
  const mean = (of: (lesson: TeachResult['lessons'][number]) => number) =>
    lessons.reduce((sum, lesson) => sum + of(lesson), 0) / lessons.length;
  return [
    `Teach with ${model}, in Chromium on WebAssembly, ${formatQuantity(cores, 'logical core')}. None of the images tested was shown.`,
    '',
    ...aligned(
      [
        ['classes', 'shown', 'tested', 'page', 'Node', 'ms a view', 'Train (s)'],
        ...lessons.map(({ classNames, shown, tested, accuracy, node, viewMs, trainSeconds }) => [
          classNames.join(', '),
          String(shown),
          String(tested),
          formatPercent(accuracy, 1),
          formatPercent(node, 1),
          viewMs.toFixed(0),
          trainSeconds.toFixed(1),
        ]),
      ],
      [0],
    ),
    '',
    `Mean: ${formatPercent(
      mean(({ accuracy }) => accuracy),
      1,
    )} in the page, ${formatPercent(
      mean(({ node }) => node),
      1,
    )} in Node.`,
  ].join('\n');
}
