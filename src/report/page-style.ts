/** What a page needs that stands alone, besides the figures: its ground, its parts, and how it prints. */
export const PAGE_STYLE = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1080px; margin: 0 auto; padding: 56px 32px 40px; }
h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 1.35rem; font-weight: 600; line-height: 1.3; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; font-weight: 650; line-height: 1.3; letter-spacing: -0.01em; margin-bottom: 6px; }
h3 { font-size: 0.95rem; font-weight: 600; }
b { font-weight: 650; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.88em; }
main > section { margin-top: 64px; }
h2 + .note { margin-bottom: 20px; }
.brand { color: var(--soft); font-size: 0.85rem; letter-spacing: 0.04em; margin-bottom: 4px; }
.accuracy { margin-top: 26px; }

.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); gap: 0 48px; margin-top: 14px; }
.facts div { display: grid; grid-template-columns: 136px 1fr; gap: 12px; padding: 8px 0; border-bottom: 1px solid var(--hair); font-size: 0.94rem; }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: anywhere; }
.command { margin-top: 22px; }
.command p { color: var(--soft); font-size: 0.94rem; margin-bottom: 6px; }
.command pre { margin: 0; padding: 13px 16px; border-radius: 8px; background: var(--card); border: 1px solid var(--hair);
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }

.charts { margin-top: 18px; }
details { margin-top: 22px; }
summary { font-size: 0.94rem; padding: 4px 0; border-radius: 4px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
.pairs, .people-rows { font-size: 1rem; }
.beside { display: grid; grid-template-columns: minmax(0, 440px) minmax(0, 1fr); gap: 24px 48px; align-items: center; margin-top: 14px; }
@media (min-width: 900px) {
  .matrix.upright thead th { height: 30px; font-size: 0.82rem; }
  .matrix.upright thead th span { writing-mode: horizontal-tb; transform: none; }
}

.image-list { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 22px 16px; }
.image-list img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; border-radius: 6px; background: var(--ground); }
.image-list figcaption { margin-top: 6px; font-size: 0.8rem; line-height: 1.35; color: var(--soft); overflow-wrap: anywhere; }
.image-list figcaption b { color: var(--ink); }
footer { margin-top: 72px; padding-top: 16px; border-top: 1px solid var(--hair); color: var(--soft); font-size: 0.85rem; }

@media (max-width: 760px) {
  main { padding: 28px 16px 32px; }
  main > section { margin-top: 48px; }
  .facts div { grid-template-columns: 118px 1fr; }
  .tiles { gap: 12px 28px; }
  .table { font-size: 0.86rem; }
  .table th, .table td { padding-inline: 6px; }
  .table thead th { font-size: 0.76rem; white-space: normal; overflow-wrap: anywhere; }
  .beside { grid-template-columns: minmax(0, 1fr); }
  .image-list { grid-template-columns: repeat(3, 1fr); gap: 16px 10px; }
  .image-list figcaption { font-size: 0.74rem; }
}
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { background: none; font-size: 11pt; }
  main { max-width: none; padding: 0; }
  .score strong { font-size: 52pt; }
  .facts, .charts { grid-template-columns: 1fr 1fr; gap: 0 24pt; }
  .facts div { grid-template-columns: 100pt 1fr; font-size: 9.5pt; padding: 4pt 0; }
  .beside { grid-template-columns: 240pt 1fr; }
  .image-list { grid-template-columns: repeat(8, 1fr); gap: 8pt; }
  .image-list figcaption { font-size: 7.5pt; }
  .pairs li { grid-template-columns: 2fr 7fr; }
  .pairs small { grid-column: 2; }
  .score-cell { grid-template-columns: 3.5em minmax(0, 1fr); }
  .table th, .table td { padding-top: 4pt; padding-bottom: 4pt; }
  .matrix { font-size: 8.5pt; }
  .matrix td { height: 26pt; }
  footer { margin-top: 24pt; }
  main > section { margin-top: 28pt; }
  h2, .note { break-after: avoid; break-inside: avoid; }
  section:has(table.matrix) { break-inside: avoid; }
  .line-chart > svg text { font-size: 16px; }
  .scroll { overflow: visible; }
  figure, tr, .pairs li, .image-list li, .facts div, .tiles, .matrix, .beside { break-inside: avoid; }
  details:not([open]) summary::after { content: " (open them to print them)"; color: var(--soft); }
}
`;
