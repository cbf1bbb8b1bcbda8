import type { LearningCurve } from './learning-curve.ts';
import type { DuplicateKind } from './near-duplicates.ts';
import type { QualityIssue } from './quality.ts';

/** An image of the data, as an inspection names it. */
export interface ImageName {
  /** Its place among all images: those of training first, then validation, then test. */
  readonly index: number;
  /** Its file, or what stands for one. */
  readonly file: string;
  /** The part of the data that it is in. */
  readonly part: string;
  readonly class: string;
}

/** One class of the data. */
export interface InspectedClass {
  readonly class: string;
  readonly images: number;
  /** Of the images that were held out: the fraction that was recognised, and of those taken for it, the fraction that is. */
  readonly recall?: number;
  readonly precision?: number;
  /** Of several labels: how well its probability puts images that have it before the others, when held out. */
  readonly averagePrecision?: number;
  readonly labelIssues: number;
}

/** Two classes that are taken for each other. */
export interface ConfusedPair {
  readonly classes: readonly [string, string];
  /** Images of either that were taken for the other, without those whose label is probably wrong. */
  readonly count: number;
  /** Examples, the most certain mistakes first. */
  readonly examples: readonly (ImageName & { readonly predicted: string; readonly probability: number })[];
}

/** Something worth doing. */
export interface Advice {
  readonly kind:
    | 'leaks'
    | 'relabel'
    | 'photos'
    | 'more'
    | 'duplicates'
    | 'classes'
    | 'rotate'
    | 'retake'
    | 'outliers'
    | 'good';
  /** What to do and why, in a sentence or two. */
  readonly text: string;
  /** By how much the accuracy would grow, as an estimate: a fraction of all images. */
  readonly worth?: number;
}

/** What an inspection found: plain data, as `--json` prints it. */
export interface Inspection {
  readonly format: 1;
  readonly data: string;
  /** The network whose features were looked at. */
  readonly network: { readonly name: string; readonly features: number };
  readonly images: number;
  readonly parts: readonly { readonly part: string; readonly images: number }[];
  readonly classes: readonly InspectedClass[];
  /** Where images have any number of labels: what to expect, when held out. `accuracy` is then of all labels of an image. */
  readonly multiLabel?: { readonly meanAveragePrecision?: number; readonly microF1?: number };
  /** Absent where no image can be held out. */
  readonly accuracy?: {
    /** Fraction of images that heads were right about that were not fitted on them. */
    readonly accuracy: number;
    readonly correct: number;
    readonly total: number;
    /** 95% interval (Wilson). */
    readonly interval95: readonly [number, number];
    readonly folds: number;
  };
  readonly learningCurve?: LearningCurve;
  readonly labels: {
    /** Estimated fraction of wrong labels. */
    readonly noise: number;
    /** The most certain first. */
    readonly issues: readonly (ImageName & {
      readonly suggested: string;
      readonly probability: number;
      readonly labelProbability: number;
      /** Of several labels: the one that is probably wrong, and whether the data leaves it out. */
      readonly tag?: string;
      readonly isMissing?: boolean;
    })[];
  };
  readonly duplicates: readonly {
    readonly kind: DuplicateKind;
    readonly images: readonly ImageName[];
    /** Whether the images are of several classes: one of the labels is wrong. */
    readonly acrossClasses: boolean;
    /** Whether they are in several parts: test images that are also trained on. */
    readonly acrossParts: boolean;
  }[];
  readonly outliers: readonly (ImageName & { readonly similarity: number })[];
  readonly quality: {
    readonly issues: readonly (ImageName & { readonly issues: readonly QualityIssue[] })[];
    /** Issues that so many images have that it is how these images are; they are not listed. */
    readonly usual: readonly { readonly issue: QualityIssue; readonly images: number }[];
    /** Shorter sides of the files' images in pixels: the smallest, the median and the largest. */
    readonly shorterSide?: readonly [number, number, number];
  };
  /** Absent where it was not checked. */
  readonly rotation?: {
    readonly sample: number;
    readonly recognised: number;
    readonly isReliable: boolean;
    readonly rotated: readonly (ImageName & { readonly turn: number; readonly probability: number })[];
  };
  readonly confusions: readonly ConfusedPair[];
  /** In order of worth. */
  readonly advice: readonly Advice[];
  /** All images as points, where that was asked for. */
  readonly map?: readonly MapPoint[];
}

/** An image among the others, by its features. */
export interface MapPoint extends ImageName {
  /** From −1 to 1, along the two directions in which the features vary most. */
  readonly x: number;
  readonly y: number;
  /** What a head said that was not fitted on it; absent where it was not held out. */
  readonly predicted?: string;
}
