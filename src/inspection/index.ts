export type { InspectedPart } from './images.ts';
export { type InspectOptions, inspectImages } from './inspect.ts';
export type { Advice, ConfusedPair, ImageName, InspectedClass, Inspection, MapPoint } from './inspection.ts';
export type { CurvePoint, LearningCurve } from './learning-curve.ts';
export type { DuplicateKind } from './near-duplicates.ts';
export type { QualityIssue } from './quality.ts';
export { inspectionText, KINDS, remarks } from './text.ts';
