import type { Evaluation } from '../evaluate.ts';
import { formatCount, formatPercent } from '../format.ts';
import { coordinate, type Html, html } from './html.ts';

/** Up to here cells hold numbers and the matrix is a table; beyond, it is a drawing. */
const TABLE_CLASSES = 20;
/** Up to here the drawing names its rows and columns. */
const NAMED_CLASSES = 120;
/** Beyond this a cell is smaller than a pixel. */
const DRAWN_CLASSES = 500;
/** Share of the full colour that the strongest cell gets: text stays readable on it, in light and dark. */
const STRONGEST = 0.72;

type Judged = Pick<Evaluation, 'matrix' | 'classNames'>;

/**
 * The confusion matrix as a heat map. Hits and mistakes have a colour and a scale each: on a common scale
 * the diagonal would leave nothing to see beside it.
 */
export function matrixSection(evaluation: Judged): Html {
  const classes = evaluation.classNames.length;
  const body =
    classes <= TABLE_CLASSES
      ? table(evaluation)
      : classes <= DRAWN_CLASSES
        ? drawing(evaluation)
        : html`<p>With ${formatCount(classes)} classes the matrix is too fine to draw; <code>evaluation.json</code> holds it.</p>`;
  return html`<section aria-labelledby="matrix">
<h2 id="matrix">Confusion matrix</h2>
<p class="note">Row: what the picture is. Column: what the model said. <span class="swatch right"></span> right <span class="swatch wrong"></span> wrong; the stronger, the larger the share of its row.</p>
${body}
</section>
`;
}

function table({ matrix, classNames }: Judged): Html {
  const shade = shading(matrix);
  // Names stand upright only where they fit above their column.
  const upright = classNames.length <= 10 && Math.max(...classNames.map((name) => [...name].length)) <= 10;
  const heads = classNames.map((name) => html`<th scope="col" title="${name}"><span>${name}</span></th>`);
  const rows = matrix.map((row, t) => {
    const cells = row.map((count, p) => {
      if (count === 0) return html`<td class="none">0</td>`;
      const kind = t === p ? 'right' : 'wrong';
      return html`<td class="${kind}" style="--a:${shade(t, p)}" title="${words(classNames, row, t, p)}">${count}</td>`;
    });
    return html`<tr><th scope="row" title="${classNames[t]}"><span>${classNames[t]}</span></th>${cells}</tr>
`;
  });
  return html`<div class="scroll" role="region" aria-label="Confusion matrix" tabindex="0"><table class="matrix${upright && ' upright'}" style="max-width:${120 + 96 * classNames.length}px">
<thead><tr><td class="corner"><span>is ↓</span> <span>said →</span></td>${heads}</tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

function drawing({ matrix, classNames }: Judged): Html {
  const shade = shading(matrix);
  const named = classNames.length <= NAMED_CLASSES;
  const label = named ? 130 : 0;
  const side = 1000 - label;
  const cell = side / classNames.length;
  const at = (index: number) => coordinate(label + index * cell);
  const cells = matrix.flatMap((row, t) =>
    row.flatMap((count, p) => {
      if (count === 0) return [];
      const kind = t === p ? 'right' : 'wrong';
      return html`<rect class="${kind}" style="--a:${shade(t, p)}" x="${at(p)}" y="${at(t)}" width="${coordinate(cell)}" height="${coordinate(cell)}"><title>${words(classNames, row, t, p)}</title></rect>`;
    }),
  );
  const size = coordinate(Math.min(14, cell * 0.82));
  const middle = (index: number) => coordinate(at(index) + cell / 2);
  const names =
    named &&
    classNames.map((name, i) => {
      const text = shortened(name, Math.floor(label / (size * 0.56)));
      return html`<text x="${label - 5}" y="${middle(i)}" dy="0.35em" text-anchor="end" style="font-size:${size}px">${text}</text><text transform="translate(${middle(i)} ${label - 5}) rotate(-90)" dy="0.35em" style="font-size:${size}px">${text}</text>`;
    });
  return html`<div class="scroll" role="region" aria-label="Confusion matrix" tabindex="0"><svg class="matrix-drawing" viewBox="0 0 1000 1000" role="img" aria-label="Confusion matrix of ${classNames.length} classes as a heat map; the largest mistakes stand in the list of pairs">
<rect class="ground" x="${label}" y="${label}" width="${side}" height="${side}"/>
${names}
${cells}
</svg></div>`;
}

/** Opacity of a cell: hits by their share of the row; mistakes against the largest share among mistakes. */
function shading(matrix: Judged['matrix']): (t: number, p: number) => number {
  const sums = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  let largest = 0;
  matrix.forEach((row, t) => {
    row.forEach((count, p) => {
      if (t !== p && count > 0) largest = Math.max(largest, count / sums[t]);
    });
  });
  return (t, p) => {
    const share = matrix[t][p] / sums[t];
    // The square root spreads the many small mistakes, which a linear scale leaves white.
    const strength = t === p ? share : Math.sqrt(share / largest);
    return coordinate(0.04 + (STRONGEST - 0.04) * strength);
  };
}

function words(classNames: readonly string[], row: readonly number[], t: number, p: number): string {
  const share = formatPercent(row[p] / row.reduce((sum, count) => sum + count, 0), 1);
  const what = t === p ? `${classNames[t]}, recognised` : `${classNames[t]} → ${classNames[p]}`;
  return `${what}: ${formatCount(row[p])} (${share})`;
}

function shortened(name: string, length: number): string {
  const letters = [...name];
  return letters.length <= length ? name : `${letters.slice(0, Math.max(1, length - 1)).join('')}…`;
}
