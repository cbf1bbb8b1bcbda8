/**
 * Pages about runs. Apart from `harrier`, so that who writes none does not load what renders them.
 *
 * @module harrier/report
 */
export type { DataInfo, FactRow, FineTunedInfo, RunInfo } from '../evaluation/index.ts';
export { renderComparison } from './comparison-page.ts';
export type { FittedLayer } from './fitting.ts';
export type { ReportImage } from './images.ts';
export { type ReportOptions, renderReport } from './report.ts';
