import { Html, html } from '../format/html.ts';
import { niceTicks } from '../format/ticks.ts';

export interface Frame {
  readonly title: string;
  readonly subtitle: string;
  readonly width: number;
  readonly height: number;
  readonly drawing: Html;
  /** Rules for the drawing, besides those for texts and grids. */
  readonly style: string;
}

/** A drawing as one SVG file that needs nothing else, with title and ground; it follows a light or dark setting. */
export function frame({ title, subtitle, width, height, drawing, style }: Frame): string {
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">
<style>${new Html(STYLE + style)}</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="40" y="44">${title}</text>
<text class="note" x="40" y="68">${subtitle}</text>
${drawing}</svg>
`.markup;
}

/** Round numbers of a logarithmic axis: powers of ten, with 2 and 5 times them where there is room. */
export function logarithmicTicks(from: number, to: number): number[] {
  const factors = to / from > 300 ? [1] : [1, 2, 5];
  const round: number[] = [];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power++) {
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(3));
      if (tick >= from * 0.999 && tick <= to * 1.001) round.push(tick);
    }
  }
  return round.length > 1 ? round : niceTicks(from, to, 6).filter((tick) => tick >= from && tick <= to);
}

const STYLE = `
svg { --page: #fbfaf8; --ink: #1d2126; --soft: #5b636d; --hair: #e4e1db; --blue: #0068a8; --orange: #bf5200; --pale: #9fc3dc;
  font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
.page { fill: #fbfaf8; fill: var(--page); }
.title { font-size: 19px; font-weight: 650; fill: var(--ink); }
.note { font-size: 13.5px; fill: var(--soft); }
.tick { fill: var(--soft); font-size: 12px; }
.halo { stroke: var(--page); stroke-width: 4; paint-order: stroke; stroke-linejoin: round; }
.axis { fill: var(--ink); font-weight: 600; }
.grid { stroke: var(--hair); stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  svg { --page: #14171b; --ink: #e7e9ec; --soft: #a3abb5; --hair: #2d333a; --blue: #5fb4ea; --orange: #f0973d; --pale: #2f5c7c; }
}
`;
