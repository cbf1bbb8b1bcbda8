/**
 * The style sheet of the report. Blue stands for training and for what is right, orange for validation and
 * for what is wrong: the pair of the Okabe–Ito palette that every common kind of colour blindness can tell
 * apart; strokes differ too. `--right` and `--wrong` are bare channels, so that heat maps can set opacity.
 */
export const STYLE = `
:root {
  color-scheme: light;
  --page: #fbfaf8; --card: #ffffff; --ink: #1d2126; --soft: #5b636d; --hair: #e4e1db; --grid: #ebe8e2;
  --blue: #0068a8; --orange: #bf5200; --orange-pale: #f2c08a; --grey: #8a9099;
  --right: 0 114 178; --wrong: 230 120 0;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --page: #14171b; --card: #1b1f24; --ink: #e7e9ec; --soft: #a3abb5; --hair: #2d333a; --grid: #2a3037;
    --blue: #5fb4ea; --orange: #f0973d; --orange-pale: #8a5420; --grey: #7d8691;
    --right: 38 124 190; --wrong: 205 96 10;
  }
}
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
section { margin-top: 64px; }
.note { color: var(--soft); max-width: 68ch; margin-bottom: 20px; font-size: 0.94rem; }

.brand { color: var(--soft); font-size: 0.85rem; letter-spacing: 0.04em; margin-bottom: 4px; }
.score { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 8px 28px; margin-top: 26px; }
.score strong { font-size: clamp(3.6rem, 11vw, 6rem); font-weight: 700; line-height: 0.95; letter-spacing: -0.035em; }
.score strong small { font-size: 0.5em; font-weight: 600; letter-spacing: 0; margin-left: 0.06em; color: var(--soft); }
.score p { max-width: 34ch; line-height: 1.45; padding-bottom: 4px; }
.score p span { color: var(--soft); }
.interval { display: block; width: 100%; height: 22px; margin-top: 22px; overflow: visible; }
.interval .rail { fill: var(--grid); }
.interval .done { fill: var(--blue); opacity: 0.3; }
.interval .span { fill: var(--blue); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 1px; margin-top: 26px;
  background: var(--card); border: 1px solid var(--hair); border-radius: 10px; overflow: hidden; }
.tiles div { box-shadow: 0 0 0 1px var(--hair); padding: 13px 18px 12px; }
.tiles dt { color: var(--soft); font-size: 0.83rem; }
.tiles dd { font-size: 1.22rem; font-weight: 600; }

.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); gap: 0 48px; margin-top: 14px; }
.facts div { display: grid; grid-template-columns: 136px 1fr; gap: 12px; padding: 8px 0; border-bottom: 1px solid var(--hair); font-size: 0.94rem; }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: anywhere; }
.command { margin-top: 22px; }
.command p { color: var(--soft); font-size: 0.94rem; margin-bottom: 6px; }
.command pre { margin: 0; padding: 13px 16px; border-radius: 8px; background: var(--card); border: 1px solid var(--hair);
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 28px 36px; margin-top: 18px; }
.chart svg { display: block; width: 100%; height: auto; }
.chart figcaption { margin-bottom: 10px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; color: var(--soft); font-size: 0.88rem; }
.legend li { display: flex; align-items: center; gap: 7px; }
.legend b { color: var(--ink); }
.legend svg { width: 24px; flex: none; }
.legend.down { flex-direction: column; gap: 6px; margin-top: 18px; }
svg text { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--grid); stroke-width: 1; }
.line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.line.training { stroke: var(--blue); }
.line.validation { stroke: var(--orange); stroke-dasharray: 6 4.5; }
.reference { stroke: var(--grey); stroke-width: 1.5; stroke-dasharray: 1.5 3.5; }
.epoch rect { fill: transparent; }
.epoch .cursor { stroke: var(--grey); stroke-width: 1; opacity: 0; }
.dot { opacity: 0; stroke: var(--page); stroke-width: 1.5; }
.dot.training { fill: var(--blue); }
.dot.validation { fill: var(--orange); }
.epoch:hover .cursor { opacity: 0.6; }
.epoch:hover .dot, .single .dot { opacity: 1; }

details { margin-top: 22px; }
summary { cursor: pointer; color: var(--soft); font-size: 0.94rem; padding: 4px 0; width: fit-content; border-radius: 4px; }
summary:hover { color: var(--ink); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 3px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.94rem; }
th { font-weight: 500; text-align: left; }
thead th { color: var(--soft); font-size: 0.85rem; font-weight: 500; }
.numbers { margin-top: 10px; }
.numbers th, .numbers td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--hair); text-align: right; white-space: nowrap; }
.numbers th:first-child { text-align: left; }

.classes th, .classes td { padding: 8px 0 8px 22px; border-bottom: 1px solid var(--hair); vertical-align: middle; }
.classes th:first-child { padding-left: 0; overflow-wrap: anywhere; }
.classes thead th { padding-bottom: 6px; vertical-align: bottom; }
.classes thead th:nth-child(2), .classes .count { text-align: right; width: 11%; }
.classes thead th:nth-child(n+3) { width: 23%; }
.classes .value { display: inline-block; width: 3.6em; text-align: right; }
.classes .bar { display: inline-block; width: calc(100% - 4.6em); margin-left: 0.9em; height: 8px; border-radius: 4px; background: var(--grid); vertical-align: 0.03em; overflow: hidden; }
.classes .bar i { display: block; height: 100%; background: var(--blue); }
.classes tfoot th, .classes tfoot td { border-bottom: 0; font-weight: 600; }

.pairs { display: grid; gap: 12px; }
.pairs li { display: grid; grid-template-columns: minmax(170px, 2fr) 7fr; align-items: center; gap: 0 18px; }
.pairs .pair { overflow-wrap: anywhere; }
.pairs .track { display: flex; align-items: center; gap: 10px; }
.pairs .split { display: flex; gap: 1px; height: 16px; border-radius: 4px; overflow: hidden; }
.pairs .split i { background: var(--orange); opacity: 0.9; }
.pairs .split i:last-child { opacity: 0.5; }
.pairs small { grid-column: 2; color: var(--soft); font-size: 0.82rem; }

.pairs.people { margin-top: 16px; gap: 16px; }
.pairs .both { display: grid; gap: 4px; }
.people .track { gap: 10px; font-size: 0.9rem; line-height: 1; }
.people .track i { height: 11px; border-radius: 3px; }
.track .people, .swatch.people { background: var(--grey); }
.track .model, .swatch.model { background: var(--orange); opacity: 0.9; }
.source { color: var(--soft); font-size: 0.82rem; margin-top: 14px; max-width: 80ch; }

.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin: 0 2px 0 8px; vertical-align: -1px; }
.swatch.right { background: rgb(var(--right) / 0.72); }
.swatch.wrong { background: rgb(var(--wrong) / 0.72); }
.legend .swatch { width: 24px; height: 10px; margin: 0; }
.matrix { table-layout: fixed; font-size: 0.88rem; border-collapse: separate; border-spacing: 2px; min-width: 300px; }
.matrix td { text-align: center; height: 40px; padding: 0; border-radius: 4px; }
.matrix .right { background: rgb(var(--right) / var(--a)); font-weight: 650; }
.matrix .wrong { background: rgb(var(--wrong) / var(--a)); }
.matrix .none { color: var(--soft); }
.matrix .corner, .matrix tbody th { width: 104px; }
.matrix .corner { color: var(--soft); font-size: 0.8rem; text-align: right; vertical-align: bottom; padding: 0 8px 6px 0; height: auto; }
.matrix tbody th { text-align: right; padding-right: 8px; }
.matrix th span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.matrix thead th { height: 96px; vertical-align: bottom; padding: 0 0 6px; text-align: center; }
.matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 110px; margin: 0 auto; }
.matrix-drawing { display: block; width: 100%; min-width: 640px; height: auto; }
.matrix-drawing .ground { fill: var(--card); stroke: var(--hair); }
.matrix-drawing .right { fill: rgb(var(--right) / var(--a)); }
.matrix-drawing .wrong { fill: rgb(var(--wrong) / var(--a)); }
@media (min-width: 900px) {
  .matrix.upright thead th { height: 30px; font-size: 0.82rem; }
  .matrix.upright thead th span { writing-mode: horizontal-tb; transform: none; }
}

.beside { display: grid; grid-template-columns: minmax(0, 420px) minmax(0, 1fr); gap: 24px 48px; align-items: center; margin-top: 14px; }
.beside p { max-width: 46ch; }
.beside p + p { margin-top: 10px; }
.beside p.soft { color: var(--soft); }
.beside .numbers { font-size: 0.86rem; }
.reliability svg { display: block; width: 100%; height: auto; }
.reliability .share, .swatch.share { fill: var(--blue); background: var(--blue); opacity: 0.85; }
.reliability .gap, .swatch.gap { fill: var(--orange-pale); background: var(--orange-pale); }
.reliability .level { stroke: var(--blue); stroke-width: 2.5; }
.reliability .images, .swatch.images { fill: var(--grey); background: var(--grey); opacity: 0.7; }
.ideal { stroke: var(--ink); stroke-width: 1.25; stroke-dasharray: 4 4; }

.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 22px 16px; }
.pictures img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; border-radius: 6px; background: var(--grid); }
.pictures .crisp { image-rendering: pixelated; }
.pictures figcaption { margin-top: 6px; font-size: 0.8rem; line-height: 1.35; color: var(--soft); overflow-wrap: anywhere; }
.pictures figcaption b { color: var(--ink); }
footer { margin-top: 72px; padding-top: 16px; border-top: 1px solid var(--hair); color: var(--soft); font-size: 0.85rem; }

@media (max-width: 640px) {
  main { padding: 28px 16px 32px; }
  section { margin-top: 48px; }
  .facts div { grid-template-columns: 118px 1fr; }
  .chart svg text, .reliability svg text { font-size: 16px; }
  .classes { font-size: 0.86rem; }
  .classes th, .classes td { padding-left: 12px; }
  .classes th:first-child { min-width: 82px; }
  .classes thead th:nth-child(n+3) { width: 20%; }
  .classes .value { display: block; text-align: left; }
  .classes .bar { display: block; width: 100%; margin: 3px 0 0; height: 5px; }
  .classes thead th { font-size: 0.78rem; }
  .pairs { gap: 14px; }
  .pairs li { grid-template-columns: 1fr; gap: 2px; }
  .pairs small { grid-column: 1; }
  .matrix { font-size: 0.68rem; border-spacing: 1px; }
  .matrix td { height: 28px; border-radius: 2px; }
  .matrix .corner, .matrix tbody th { width: 68px; padding-right: 5px; }
  .matrix .corner span { display: block; }
  .beside { grid-template-columns: 1fr; }
  .pictures { grid-template-columns: repeat(3, 1fr); gap: 16px 10px; }
  .pictures figcaption { font-size: 0.74rem; }
}
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { background: none; font-size: 11pt; }
  main { max-width: none; padding: 0; }
  .score strong { font-size: 52pt; }
  .tiles { grid-template-columns: repeat(3, 1fr); }
  .facts, .charts { grid-template-columns: 1fr 1fr; gap: 0 24pt; }
  .facts div { grid-template-columns: 100pt 1fr; font-size: 9.5pt; padding: 4pt 0; }
  .beside { grid-template-columns: 240pt 1fr; }
  .pictures { grid-template-columns: repeat(8, 1fr); gap: 8pt; }
  .pictures figcaption { font-size: 7.5pt; }
  .pairs li { grid-template-columns: 2fr 7fr; }
  .pairs small { grid-column: 2; }
  .classes th, .classes td { padding-top: 4pt; padding-bottom: 4pt; }
  .matrix { font-size: 8.5pt; }
  .matrix td { height: 26pt; }
  footer { margin-top: 24pt; }
  section { margin-top: 28pt; }
  h2, .note { break-after: avoid; break-inside: avoid; }
  section:has(table.matrix) { break-inside: avoid; }
  .chart svg text { font-size: 16px; }
  figure, tr, .pairs li, .pictures li, .facts div, .tiles, .matrix, .beside { break-inside: avoid; }
  details { display: none; }
}
`;
