/** What reports and every view of Studio need: notes, legends, what scrolls, tables, what folds. */
export const BASICS = `
.note { color: var(--soft); font-size: 0.9rem; max-width: 68ch; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 0.8125rem; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: 7px; max-width: 100%; }
.legend svg { flex: none; }
.legend b { color: var(--ink); }
.scroll { overflow-x: auto; }
.crisp { image-rendering: pixelated; }
/* For screen readers alone. */
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
summary { width: fit-content; color: var(--accent); cursor: pointer; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 32px; }

.table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
.table th, .table td { padding: 8px 12px; border-bottom: 1px solid var(--hair); text-align: left; font-weight: 400; vertical-align: middle; }
.table th:first-child, .table td:first-child { padding-left: 0; }
.table th:last-child, .table td:last-child { padding-right: 0; }
.table thead th { color: var(--soft); font-size: 0.8125rem; white-space: nowrap; vertical-align: bottom; }
.table thead button { padding: 0; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; }
.table thead button:hover, .table thead [aria-sort] { color: var(--ink); }
.table .numeric { text-align: right; }
.table > :last-child > tr:last-child > * { border-bottom: 0; }
.table tfoot tr > * { font-weight: 600; }
.table tr.selected > * { background: var(--accent-soft); }
`;

/** The figures of an evaluation: reports and Studio's view Evaluate show the same. */
export const FIGURES = `
.score { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 8px 24px; }
.score strong { font-size: clamp(3.2rem, 2rem + 6vw, 5.5rem); font-weight: 700; line-height: 0.95; letter-spacing: -0.035em; }
.score strong small { margin-left: 0.06em; color: var(--soft); font-size: 0.5em; font-weight: 600; letter-spacing: 0; }
.score p { line-height: 1.45; }
.score p span { display: block; color: var(--soft); }
.interval { display: block; width: 100%; height: 20px; margin-top: 16px; }
.interval .rail { fill: var(--hair); }
.interval .done { fill: var(--accent); opacity: 0.35; }
.interval .span { fill: var(--accent); }
.tiles { display: flex; flex-wrap: wrap; gap: 12px 48px; margin-top: 16px; }
.tiles dt { color: var(--soft); font-size: 0.8125rem; }
.tiles dd { font-size: 1.2rem; font-weight: 620; }

.swatch { display: inline-block; flex: none; width: 14px; height: 10px; border-radius: 3px; }
.swatch.right { background: color-mix(in srgb, var(--right) 70%, transparent); }
.swatch.wrong { background: color-mix(in srgb, var(--wrong-cell) 70%, transparent); }

p + .charts, .charts + details { margin-top: 16px; }
.line-chart svg { display: block; }
.line-chart > svg { width: 100%; height: auto; }
.line-chart figcaption { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 4px 16px; margin-bottom: 10px; }
.line-chart text { fill: var(--soft); font-size: 12px; }
.line-chart .grid { stroke: var(--hair); }
.line-chart .training { --line: var(--series-1); }
.line-chart .validation { --line: var(--series-2); }
.line-chart .line { fill: none; stroke: var(--line); stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.line-chart .dashed { stroke-dasharray: 6 4.5; }
.line-chart .reference { stroke: var(--edge); stroke-width: 1.75; stroke-dasharray: 1.5 3.5; }
.line-chart .epoch rect { fill: transparent; }
.line-chart .cursor { stroke: var(--edge); opacity: 0; }
.line-chart .dot { fill: var(--line); stroke: var(--card); stroke-width: 1.5; opacity: 0; }
.line-chart .epoch:hover .cursor { opacity: 0.6; }
.line-chart .epoch:hover .dot, .line-chart.single .dot { opacity: 1; }

.matrix { width: 100%; border-collapse: separate; border-spacing: 2px; table-layout: fixed; font-size: 0.86rem; }
.matrix td { height: 38px; padding: 0; border-radius: 4px; text-align: center; }
.matrix .right, .matrix-drawing .right { --kind: var(--right); font-weight: 620; }
.matrix .wrong, .matrix-drawing .wrong { --kind: var(--wrong-cell); }
.matrix .right, .matrix .wrong { background: color-mix(in srgb, var(--kind) var(--a), transparent); }
.matrix .none { color: var(--soft); }
.matrix button { display: block; width: 100%; height: 100%; min-height: 12px; padding: 0; border: 0; border-radius: inherit; background: none; color: inherit; font: inherit; cursor: pointer; }
.matrix button:hover { box-shadow: inset 0 0 0 2px var(--edge); }
.matrix [aria-pressed="true"] { box-shadow: inset 0 0 0 2.5px var(--ink); }
.matrix button:focus-visible { outline-offset: 0; }
.matrix th { color: var(--soft); font-weight: 400; }
.matrix .corner, .matrix tbody th { width: 92px; }
.matrix .corner { height: auto; padding: 0 8px 6px 0; color: var(--soft); font-size: 0.78rem; text-align: right; vertical-align: bottom; }
.matrix tbody th { padding: 0 8px 0 0; text-align: right; }
.matrix th span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.matrix thead th { height: 92px; padding: 0 0 6px; vertical-align: bottom; text-align: center; }
.matrix thead th span { max-height: 100px; margin: 0 auto; writing-mode: vertical-rl; transform: rotate(180deg); }
.matrix.fine { border-spacing: 0; font-size: 0.7rem; }
.matrix.fine td { height: 12px; border-radius: 0; }
.matrix-drawing { display: block; width: 100%; min-width: 640px; height: auto; }
.matrix-drawing text { fill: var(--soft); }
.matrix-drawing .ground { fill: var(--card); stroke: var(--hair); }
.matrix-drawing .right, .matrix-drawing .wrong { fill: color-mix(in srgb, var(--kind) var(--a), transparent); }

/* Bars can be compared when their columns are equally wide. */
.table:has(.score-cell) { table-layout: fixed; }
.table:has(.score-cell) thead th { white-space: normal; }
.table:has(.score-cell) th { overflow-wrap: anywhere; }
.table:has(.score-cell) th:first-child { width: 26%; }
.score-cell { display: grid; grid-template-columns: 3.5em minmax(0, 1fr); align-items: center; gap: 10px; }
.score-cell > i { height: 6px; border-radius: 99px; background: var(--ground); overflow: hidden; }
.score-cell > i > i { display: block; height: 100%; background: var(--accent); }
/* In narrow tables they stand below their numbers. */
.scroll:has(.score-cell) { container-type: inline-size; }
@container (max-width: 640px) {
  .score-cell { grid-template-columns: minmax(0, 1fr); gap: 3px; }
  .score-cell > i { height: 4px; }
}

.pairs { display: grid; gap: 10px; font-size: 0.9rem; }
.pairs li { display: grid; grid-template-columns: minmax(150px, 2fr) 7fr; align-items: center; gap: 0 16px; }
.pairs .pair { overflow-wrap: anywhere; }
.pairs .track { display: flex; align-items: center; gap: 10px; }
.pairs .split { display: flex; gap: 1px; height: 14px; border-radius: 4px; overflow: hidden; }
.pairs .split i { background: var(--wrong); opacity: 0.9; }
.pairs .split i:last-child { opacity: 0.5; }
.pairs small { grid-column: 2; color: var(--soft); font-size: 0.8rem; }
.pairs button { margin: 0 4px 0 -6px; padding: 2px 6px; min-height: 24px; border: 0; border-radius: 6px; background: none; color: var(--soft); font: inherit; cursor: pointer; }
.pairs button:hover { background: var(--ground); color: var(--ink); }
.pairs [aria-pressed="true"] { background: var(--accent-soft); color: var(--ink); }

.reliability svg { display: block; }
.reliability > svg { width: 100%; max-width: 440px; height: auto; margin: 0 auto; }
.reliability text { fill: var(--soft); font-size: 12px; }
.reliability .grid { stroke: var(--hair); }
.reliability .fraction, .swatch.fraction { fill: var(--accent); background: var(--accent); opacity: 0.85; }
.reliability .gap, .swatch.gap { fill: color-mix(in srgb, var(--wrong) 42%, var(--card)); background: color-mix(in srgb, var(--wrong) 42%, var(--card)); }
.reliability .level { stroke: var(--accent); stroke-width: 2.5; }
.reliability .images, .swatch.images { fill: var(--edge); background: var(--edge); opacity: 0.7; }
.reliability .legend { justify-content: center; margin: 8px 0 12px; }
.reliability .ideal { stroke: var(--ink); stroke-width: 1.25; stroke-dasharray: 4 4; }
.reliability-words { display: grid; gap: 10px; max-width: 68ch; }

.people-rows { display: grid; gap: 12px; margin-top: 12px; font-size: 0.9rem; }
.people-rows li { display: grid; grid-template-columns: 140px minmax(0, 1fr); align-items: center; }
.people-rows .both { display: grid; gap: 4px; }
.people-track { display: flex; align-items: center; gap: 10px; font-size: 0.8125rem; line-height: 1; }
.people-track i { height: 11px; border-radius: 3px; }
.people-track .people, .swatch.people { background: var(--edge); }
.people-track .model, .swatch.model { background: var(--wrong); }
.source { margin-top: 16px; font-size: 0.8125rem; }

@media (max-width: 760px) {
  .line-chart > svg text, .reliability > svg text { font-size: 16px; }
  .matrix { font-size: 0.68rem; border-spacing: 1px; }
  .matrix td { height: 29px; border-radius: 2px; }
  .matrix .corner, .matrix tbody th { width: 66px; padding-right: 4px; }
  .matrix .corner span { display: block; }
  .pairs li { grid-template-columns: minmax(0, 1fr); gap: 2px; }
  .pairs small { grid-column: 1; }
  .people-rows li { grid-template-columns: minmax(0, 1fr); gap: 4px; }
}
`;
