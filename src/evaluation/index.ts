export { type AdaptiveEvaluation, adaptiveViewsLines, evaluateAdaptiveViews } from './adaptive-comparison.ts';
export {
  type AdaptiveViews,
  adaptiveNeedsOneClass,
  answersOf,
  fitAdaptiveViews,
  withAdaptiveViews,
} from './adaptive-views.ts';
export { ANSWER_COUNTS_KEY, countAnswers } from './answer-counts.ts';
export type { Calibration, CalibrationBin } from './calibration.ts';
export { calibrationAdvice } from './calibration-advice.ts';
export {
  type ComparedRun,
  type Comparison,
  compareRuns,
  comparisonText,
  type Difference,
} from './comparison.ts';
export { PREDICTION_SETS_KEY } from './conformal.ts';
export type { Confusion } from './confusion.ts';
export { type CostEvaluation, evaluateCosts, leastExpectedCost, readCosts } from './costs.ts';
export { coverageRank } from './coverage-rank.ts';
export {
  type CrossValidationResult,
  crossValidationResult,
  crossValidationText,
  groupedInterval,
} from './cross-validation.ts';
export { type Evaluation, evaluatePredictions } from './evaluate.ts';
export type { DataInfo, FactRow, FineTunedInfo, RunInfo } from './facts.ts';
export { type EpochRecord, type History, historyFromCsv, historyToCsv } from './history.ts';
export type { HumanBaseline, HumanConfusion } from './human-baseline.ts';
export { type LabelError, likelyLabelErrors, type PredictionColumns } from './label-errors.ts';
export { type LabelMistake, mostConfidentLabelMistakes } from './label-mistakes.ts';
export { isNamedLicence, licenceTerms } from './licence-terms.ts';
export { type McNemar, mcnemar } from './mcnemar.ts';
export { measuresOf, measureText } from './measures.ts';
export { type Mistake, mostConfidentMistakes } from './mistakes.ts';
export { type ModelCardOptions, markdown, renderModelCard } from './model-card.ts';
export {
  bestThresholds,
  EVEN,
  evenThresholds,
  isGiven,
  type LabelScores,
  type MultiLabelEvaluation,
} from './multi-label.ts';
export type { ClassScores, MacroScores } from './per-class.ts';
export {
  coverageOfSets,
  PredictionSets,
  type SetCoverage,
  type SetOptions,
  type SetsEvaluation,
} from './prediction-sets.ts';
export { type Predictions, predictionsFor } from './predictions.ts';
export {
  type LabelPredictionRow,
  labelPredictionsFromCsv,
  type PredictionRow,
  predictionsFromCsv,
  predictionsToCsv,
} from './predictions-csv.ts';
export {
  areaUnderRoc,
  type ClassRanking,
  classRankings,
  type OperatingPoint,
  thresholdFor,
} from './ranking.ts';
export {
  evaluateRejection,
  type RejectionEvaluation,
  type Separation,
  separationOf,
  type UnknownEvaluation,
  type UnknownPredictions,
} from './rejection.ts';
export { accuracyBy, type Slice, slicesText } from './slices.ts';
export { type Spread, spreadOf } from './spread.ts';
export {
  AVERAGES_OTHERS,
  type BeforeAndAfter,
  beforeAndAfter,
  type CalibrationMeasures,
  CROSS_VALIDATED,
  type FittedTemperature,
  fitTemperature,
  labelTemperatureOf,
  NO_VALIDATION,
  type TemperatureScaling,
  withTemperature,
} from './temperature.ts';
export {
  classTable,
  confusionLines,
  evaluationText,
  headline,
  scoreCells,
  type TextOptions,
  type TextStyle,
} from './text.ts';
export { wilsonInterval } from './wilson.ts';
