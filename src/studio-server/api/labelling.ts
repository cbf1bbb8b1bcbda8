import type { Progress } from '../../data/progress.ts';
import type { StudioError } from './errors.ts';

/**
 * GET api/labelling?shown=&group=: the folder of `harrier label`. Until its images are read the answer has status 202;
 * `labelling` events say when it is worth asking again. `shown` is the id of the image that a page shows: it is the first
 * of `next` as long as it has no label, so that no image changes under a hand. `group` holds ids of images that it shows
 * together: the answer's `group` has those that are to be labelled still.
 *
 * POST api/labelling/acts with a LabellingAct is answered with the LabellingInfo that follows; POST api/labelling/move
 * moves labelled images into class folders, answered with MovedImages. GET api/labelling/image/:id?size= is a WebP of
 * the image in its own shape, upright, its longer side at most `size`. GET api/labelling/labels.csv is the list.
 */
export type LabellingAnswer =
  | {
      readonly state: 'opening';
      readonly folder: string;
      readonly progress?: Progress;
    }
  | { readonly state: 'failed'; readonly folder: string; readonly error: StudioError }
  | LabellingInfo;

export interface LabellingInfo {
  readonly state: 'ready';
  /** Grows with every change. */
  readonly revision: number;
  /** The folder's path. */
  readonly folder: string;
  /** The path of the list of labels. */
  readonly list: string;
  /** The command that trains on it. */
  readonly train: string;
  /** Usable images, those with a label, and those that were skipped. */
  readonly images: number;
  readonly labelled: number;
  readonly skipped: number;
  /** In the order in which they were named; `images` have the label. */
  readonly classes: readonly { readonly name: string; readonly images: number }[];
  /** The image to label now, then those that come after it. */
  readonly next: readonly LabelImage[];
  /** Of the images that were asked for by `?group=`, those that are to be labelled still. */
  readonly group?: readonly LabelImage[];
  /** What proposes; absent until two classes have labels, where no run does. */
  readonly head?: LabellingHead;
  /** Whether a head is being fitted. */
  readonly training: boolean;
  /** The act of who asks (`?by=`) that undo takes back, in words. */
  readonly undo?: string;
  /** Images whose proposals are alike and sure, to be confirmed together: the largest such group. */
  readonly batch?: { readonly label: number; readonly images: readonly LabelImage[]; readonly total: number };
  /** Files that cannot be read as images, and the number of files that are none. */
  readonly unusable: readonly { readonly file: string; readonly reason: string }[];
  readonly others: number;
}

/** What proposes classes. */
export interface LabellingHead {
  /** The run's own, or one that was fitted on the labels. */
  readonly source: 'run' | 'labels';
  /** Confirmed images that it was fitted on. */
  readonly images: number;
  /** ISO 8601. */
  readonly at: string;
  /**
   * Of confirmed images, each answered without its label: how many there were, how many were right, and the 95% interval
   * of the fraction. The images are chosen for being hard: others come out better.
   */
  readonly estimate?: {
    readonly images: number;
    readonly right: number;
    readonly interval: readonly [number, number];
  };
}

/** An image without a label. */
export interface LabelImage {
  readonly id: number;
  /** Path below the folder. */
  readonly file: string;
  /** Probable classes, the most probable first; empty before anything proposes. */
  readonly proposals: readonly { readonly label: number; readonly probability: number }[];
  /** A labelled image that looks the same. */
  readonly copyOf?: { readonly file: string; readonly label: string };
}

/**
 * POST api/labelling/acts. Images by id, labels by name: a new name makes a new class. `by` is any text that stands for
 * who acts, such as a tab: undo takes back the last act of the same.
 */
export type LabellingAct = LabellingDeed & { readonly by?: string };

export type LabellingDeed =
  | {
      readonly act: 'confirm';
      readonly images: readonly number[];
      /** Their files, in the same order: images of another server or folder are refused (409). */
      readonly files?: readonly string[];
      readonly label: string;
      /** Images of a group that are of another class: they come next, one by one. */
      readonly doubted?: readonly number[];
    }
  | { readonly act: 'skip'; readonly image: number; readonly file?: string }
  /** Looks at what was skipped once more. */
  | { readonly act: 'revisit' }
  | { readonly act: 'undo' }
  | { readonly act: 'class'; readonly name: string };

/** POST api/labelling/move */
export interface MovedImages {
  readonly moved: number;
  /** Those that stayed where they are, and why. */
  readonly left: readonly { readonly file: string; readonly reason: string }[];
}
