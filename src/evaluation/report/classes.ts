import { formatCount, formatPercent } from '../format.ts';
import type { ClassScores, MacroScores } from '../per-class.ts';
import { type Html, html } from './html.ts';

/** Up to here every class is shown in class order; of more, the weakest first and the rest folded away. */
const ALL_CLASSES = 20;

/** Precision, recall and F1 of every class, as a table whose cells are bars too. */
export function classesSection(perClass: readonly ClassScores[], macro: MacroScores): Html {
  const many = perClass.length > ALL_CLASSES;
  const ordered = many ? [...perClass].sort((a, b) => a.f1 - b.f1) : perClass;
  const shown = ordered.slice(0, ALL_CLASSES);
  const folded = ordered.slice(ALL_CLASSES);
  return html`<section aria-labelledby="classes">
<h2 id="classes">Class by class</h2>
<p class="note">Precision: of the pictures it called so, how many are. Recall: of the pictures that are so, how many it found. F1: both in one number.${many && ' Weakest first.'}</p>
${table(shown, macro)}
${folded.length > 0 && html`<details><summary>The other ${folded.length} classes</summary>${table(folded)}</details>`}
</section>
`;
}

function table(scores: readonly ClassScores[], macro?: MacroScores): Html {
  const rows = scores.map(
    (
      score,
    ) => html`<tr><th scope="row">${score.class}</th><td class="count">${formatCount(score.support)}</td>${bar(score.precision)}${bar(score.recall)}${bar(score.f1)}</tr>
`,
  );
  const mean =
    macro &&
    html`<tfoot><tr><th scope="row">Mean</th><td></td>${bar(macro.precision)}${bar(macro.recall)}${bar(macro.f1)}</tr></tfoot>`;
  return html`<table class="classes">
<thead><tr><th scope="col">Class</th><th scope="col">Images</th><th scope="col">Precision</th><th scope="col">Recall</th><th scope="col">F1</th></tr></thead>
<tbody>
${rows}</tbody>${mean}</table>`;
}

function bar(share: number): Html {
  const percent = formatPercent(share, 1);
  return html`<td><span class="value">${percent}</span><span class="bar" aria-hidden="true"><i style="width:${percent}"></i></span></td>`;
}
