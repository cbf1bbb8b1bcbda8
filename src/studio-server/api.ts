import type { ImageShape } from '../data/dataset.ts';
import type { Progress } from '../data/progress.ts';
import type { EpochRecord, Evaluation } from '../evaluation/index.ts';
import type { Inspection } from '../inspection/index.ts';
import type { FittedLayer } from '../report/fitting.ts';
import type { StepInfo } from '../training/step-info.ts';

// What Studio's server and its page say to each other, in JSON: types alone, which either side can import.
//
// A GET of JSON at `api/…` is, in an exported site, the file `api/….json`: `api/runs` is `api/runs.json`, and
// `api/runs/mine/predictions` is `api/runs/mine/predictions.json`. An exported page knows that it is one by
// `<meta name="harrier-exported" content="true">`. Ids hold no character that a URL would have to escape.
//
// The page is built to dist/page (dist/studio is what the server's own source is compiled to).

/** GET api/state */
export interface StudioState {
  /** Harrier's version. */
  readonly version: string;
  /** Where runs lie: an absolute path; none in an exported site. */
  readonly runsFolder?: string;
  /** Ids of the data sets that can be looked at; the first is the one to show at first. */
  readonly datasets: readonly string[];
  /** Whether runs can be started, paused and stopped here. */
  readonly canTrain: boolean;
  /** The page stands alone, without a server. */
  readonly exported?: boolean;
  /** Whether a folder is labelled here: `harrier label`. */
  readonly canLabel?: boolean;
}

export type Split = 'train' | 'test' | 'validation';

/**
 * GET api/datasets/:id. Asking for a data set opens it, and fetches CIFAR-10 where it is not in the cache: until that
 * is done the answer has status 202, and `dataset` events tell how far it is.
 */
export type DatasetAnswer = DatasetInfo | DatasetOpening;

export interface DatasetInfo {
  readonly id: string;
  readonly state: 'ready';
  /** For people: `cifar10`, or the folder's path. */
  readonly name: string;
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  /** `validation` only where a folder brings such a part. */
  readonly splits: Readonly<Partial<Record<Split, SplitInfo>>> & {
    readonly train: SplitInfo;
    readonly test: SplitInfo;
  };
  readonly sheet: SheetLayout;
  /** Whether images are files of their own, which `photo` gives as they are. */
  readonly hasPhotos: boolean;
  /** Sentences about the data that its owner should read. */
  readonly notes: readonly string[];
  /** Files that are no usable image and were left out. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

export interface SplitInfo {
  readonly size: number;
  /** Images of each class, as the data has them: without label corrections. */
  readonly counts: readonly number[];
  /** SHA-256 (hex) of the data without label corrections. */
  readonly hash: string;
  readonly marks: CorrectionCounts;
}

export interface CorrectionCounts {
  readonly relabelled: number;
  readonly excluded: number;
}

export interface DatasetOpening {
  readonly id: string;
  readonly state: 'opening';
  readonly name: string;
  readonly progress?: Progress;
}

/** How the images of a sheet stand: rows of `columns` squares of `cell` pixels, `perPage` in all. */
export interface SheetLayout {
  readonly cell: number;
  readonly columns: number;
  readonly perPage: number;
}

/** Which images `mark=` asks for. `none`: those without a label correction. */
export type CorrectionFilter = 'any' | 'none' | 'relabelled' | 'excluded';

/**
 * GET api/datasets/:id/:split/images?class=&mark=&q=&offset=&limit=
 *
 * `class` is an index, of the label that counts (the correction's, where there is one); each word of `q` is looked for
 * in class names and sources; at most 1,000 images are given at a time. In order of index.
 *
 * GET api/datasets/:id/:split/indices?class=&mark=&q= is an array of the indices of all images of the same list.
 *
 * GET api/datasets/:id/:split/sheet?class=&mark=&q=&page= is a WebP with images `page * perPage` to
 * `(page + 1) * perPage - 1` of the same list; `sheet?indices=3,1,2` one of at most `perPage` images in that order.
 * In an exported site: `api/datasets/:id/:split/sheet/:page.webp`, of the whole list.
 *
 * GET api/datasets/:id/:split/image/:index?size= is a PNG; `size` enlarges it pixel by pixel, or shrinks it.
 *
 * GET api/datasets/:id/:split/photo/:index?size= is the file of an image in its own size, where there is one
 * (`hasPhotos`); with `size` a WebP in its shape, its longer side at most that.
 *
 * GET api/datasets/:id/:split/seen/:index?run= is a PNG of an image as the model of a run takes it.
 *
 * GET api/datasets/:id/:split/pixels?indices=1,2,3 is uint8 `[images, height, width, 3]`, at most 256 images.
 */
export interface ImageList {
  readonly total: number;
  readonly images: readonly ImageEntry[];
}

export interface ImageEntry {
  readonly index: number;
  /** As the data has it. */
  readonly label: number;
  /** A path below the data's folder, or `test #17`. */
  readonly source: string;
  readonly mark?: Correction;
}

/** What its owner says of an image, without changing it. */
export interface Correction {
  /** The class that it is of. */
  readonly label?: number;
  /** Left out of training and of evaluation. */
  readonly excluded?: boolean;
}

/** PUT api/datasets/:id/:split/marks/:index, answered with the ImageEntry. Null takes a label back. */
export interface CorrectionChange {
  readonly label?: number | null;
  readonly excluded?: boolean;
}

/** PUT api/datasets/:id/:split/marks, answered with CorrectedImages: many images at once, at most 5,000 of them. */
export interface CorrectionChanges {
  readonly changes: readonly (CorrectionChange & { readonly indices: readonly number[] })[];
}

export interface CorrectedImages {
  /** As they were, in the order asked for. */
  readonly before: readonly ImageEntry[];
  /** As they are now. */
  readonly after: readonly ImageEntry[];
}

/**
 * GET api/datasets/:id/duplicates. Asking starts the search; until it is done the answer has status 202, and
 * `duplicates` events tell how far it is.
 */
export type DuplicatesAnswer =
  | { readonly state: 'searching'; readonly progress?: Progress }
  | { readonly state: 'done'; readonly groups: readonly DuplicateGroup[] };

export interface DuplicateGroup {
  /** `exact`: the same pixels; `near`: images that hardly differ. */
  readonly kind: 'exact' | 'near';
  /** Two or more, all splits together. */
  readonly images: readonly { readonly split: Split; readonly index: number; readonly label: number }[];
}

/** What `harrier inspect` says; the `index` of each image is its place in its part, `file` its source here. */
export type StudioInspection = Omit<Inspection, 'map'>;

/** GET api/datasets/:id/inspection/map: all images as points, by what the inspection's network makes of them. */
export interface ImageMap {
  readonly split: readonly Split[];
  readonly index: readonly number[];
  /** From −1 to 1. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** The class that counted when it was inspected. */
  readonly label: readonly number[];
  /** The class that a head said that had not seen the image; null where there was none. */
  readonly predicted: readonly (number | null)[];
}

/**
 * GET api/datasets/:id/inspection. POST there begins one, a process of its own; POST api/datasets/:id/inspection/stop
 * ends it. `inspection` events tell how far it is, and when to ask again. api/datasets/:id/inspection/page is the page
 * that the command writes.
 */
export type InspectionAnswer =
  | { readonly state: 'none' }
  | { readonly state: 'inspecting'; readonly progress?: Progress }
  | { readonly state: 'failed'; readonly error: StudioError }
  | {
      readonly state: 'done';
      readonly inspection: StudioInspection;
      /** Labels were corrected since. */
      readonly isOld: boolean;
    };

/** GET api/recipes: an array of these. */
export interface RecipeForm {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** What it should reach on CIFAR-10's test set, as a fraction, and where that figure comes from. */
  readonly target: { readonly accuracy: number; readonly note: string };
  readonly fields: readonly RecipeField[];
}

export interface RecipeField {
  /** The key in `options` of POST api/runs. */
  readonly name: string;
  /** For people. */
  readonly label: string;
  readonly type: 'number' | 'integer' | 'choice' | 'boolean' | 'list';
  /** Null: off until given. */
  readonly default: OptionValue | null;
  /** Of a `choice`: all; of a `list` (words with commas between): some to begin with. */
  readonly choices?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** One sentence. */
  readonly help: string;
  /** What most people leave as it is. */
  readonly advanced: boolean;
}

export type OptionValue = number | string | boolean;

/** `paused`: can go on; `stopped`: ended before its last epoch, as somebody wished; `failed`: `message` says why. */
export type RunState = 'running' | 'paused' | 'finished' | 'stopped' | 'failed';

/** GET api/runs: an array of these, the newest first; and the event `run`. */
export interface RunSummary {
  readonly id: string;
  readonly recipe: string;
  /** As it was given: `cifar10` or a path. */
  readonly data: string;
  /** The data set here that it was made with, where there is one. */
  readonly dataset?: string;
  readonly state: RunState;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly epochs: number;
  /** Of a last layer that was fitted on features: its kind, such as `linear`. It has no epochs to speak of. */
  readonly head?: string;
  readonly epochsDone: number;
  /** Of the last epoch: on validation images where there are some, else on training images. */
  readonly accuracy?: number;
  readonly testAccuracy?: number;
  readonly etaSeconds?: number;
  /** Whether this server started it. */
  readonly startedHere: boolean;
  readonly hasModel: boolean;
  /** What is being done besides steps, or why it failed. */
  readonly message?: string;
}

/** GET api/runs/:id */
export interface RunDetails {
  readonly summary: RunSummary;
  /** run.json; absent while the data is being opened. */
  readonly record?: RunRecordInfo;
  readonly history: readonly EpochRecord[];
  /** The newest step, while it runs. */
  readonly step?: RunStep;
  /** evaluation.json, once it is finished. */
  readonly evaluation?: Evaluation;
  /** Why evaluation.json cannot be read: a sentence. */
  readonly evaluationProblem?: string;
  /** Which of `api/runs/:id/files/:name` there are. */
  readonly files: readonly RunFileName[];
}

/** What run.json says, as far as the page uses it. */
export interface RunRecordInfo {
  readonly command: string;
  readonly created: string;
  readonly options: Readonly<Record<string, unknown>> & {
    readonly recipe: string;
    readonly data: string;
    readonly epochs: number;
    readonly batchSize: number;
    readonly seed: number;
  };
  readonly data: {
    readonly train: { readonly name: string; readonly images: number; readonly hash: string };
    readonly validation?: { readonly name: string; readonly images: number; readonly hash: string };
    readonly test: { readonly name: string; readonly images: number; readonly hash: string };
    readonly classNames: readonly string[];
    readonly imageShape: ImageShape;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly hardware: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly platform: string;
    readonly architecture: string;
  };
  readonly result?: {
    readonly ended: 'finished' | 'early';
    readonly finished: string;
    readonly seconds: number;
    readonly epochs: number;
    readonly bestEpoch?: number;
    readonly trainingAccuracy: number;
    readonly testAccuracy: number;
    /** How a last layer was fitted on features. */
    readonly head?: FittedLayer;
  };
}

/** GET api/runs/:id/files/:name */
export type RunFileName =
  | 'model.onnx'
  | 'report.html'
  | 'README.md'
  | 'history.csv'
  | 'predictions.csv'
  | 'evaluation.json'
  | 'run.json';

/** GET api/runs/:id/predictions: of test image i of the run, in four columns. */
export interface RunPredictions {
  /** The data set here whose images these are, where it is the same still. */
  readonly dataset?: string;
  /** Its index in the test images of that data set. */
  readonly index: readonly number[];
  /** The true class. */
  readonly label: readonly number[];
  readonly predicted: readonly number[];
  /** Of the predicted class. */
  readonly probability: readonly number[];
}

/**
 * POST api/runs/:id/pause, resume and stop are answered with its RunSummary; POST api/runs/:id/delete, which deletes
 * the folder of a run that does not run, with `{ id }`.
 */

/** POST api/runs, answered with status 201 and the RunSummary. */
export interface NewRunRequest {
  readonly recipe: string;
  /** Id of a data set. */
  readonly data: string;
  /** By the names of the recipe's fields; what is left out is as the recipe has it. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** GET api/models: an array of these; the model itself is at api/models/:id/model.onnx. */
export interface ModelInfo {
  readonly id: string;
  readonly name: string;
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  /** The one that comes with Harrier, or a run's. */
  readonly source: 'shipped' | 'run';
  readonly bytes: number;
  /** On its own test images. */
  readonly accuracy?: number;
}

/**
 * GET api/backbone: a pretrained network for the view Teach, or null where there is none; the model itself is at
 * api/backbone/model.onnx.
 */
export interface BackboneInfo {
  readonly name: string;
  /** SHA-256 of the file that it was made from, hex. */
  readonly hash: string;
  /** SPDX identifier, or what the publisher says in its place. */
  readonly license?: string;
  /** What its licence asks for, where it is more than to be named: a sentence. */
  readonly warning?: string;
  /** Height and width. */
  readonly imageSize: readonly [number, number];
  /** Numbers that it makes of an image. */
  readonly features: number;
  readonly bytes: number;
}

/**
 * GET api/labelling?shown=: the folder of `harrier label`. Until its images are read the answer has status 202;
 * `labelling` events say when it is worth asking again. `shown` is the id of the image that a page shows: it is the first
 * of `next` as long as it has no label, so that no image changes under a hand.
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
  /** What proposes; absent until two classes have labels, where no run does. */
  readonly head?: LabellingHead;
  /** Whether a head is being fitted. */
  readonly training: boolean;
  /** The act that undo takes back, in words. */
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

/** POST api/labelling/acts. Images by id, labels by name: a new name makes a new class. */
export type LabellingAct =
  | {
      readonly act: 'confirm';
      readonly images: readonly number[];
      readonly label: string;
      /** Images of a group that are of another class: they come next, one by one. */
      readonly doubted?: readonly number[];
    }
  | { readonly act: 'skip'; readonly image: number }
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

/** GET api/events: server-sent events, the name of each with its data. */
export interface StudioEvents {
  /** First of all. Another `server` than before: it was started anew, and what the page knows may be stale. */
  readonly hello: { readonly server: string; readonly version: string };
  /** A run that is new, or of which anything changed. */
  readonly run: RunSummary;
  /** A run whose folder is gone. */
  readonly gone: { readonly id: string };
  readonly step: RunStep;
  readonly epoch: { readonly id: string; readonly record: EpochRecord };
  /** Also when a label correction was changed. */
  readonly dataset:
    | DatasetAnswer
    | { readonly id: string; readonly state: 'failed'; readonly error: StudioError };
  readonly duplicates: { readonly id: string } & DuplicatesAnswer;
  readonly inspection: {
    readonly id: string;
    readonly state: InspectionAnswer['state'];
    readonly progress?: Progress;
  };
  /** The folder that is labelled has changed: its answer has this number. */
  readonly labelling: { readonly revision: number; readonly progress?: Progress };
}

/** How far a run is, about once a second while it runs. */
export interface RunStep extends StepInfo {
  readonly id: string;
}

/** Every refusal, with the fitting status. */
export interface ErrorAnswer {
  readonly error: StudioError;
}

export interface StudioError {
  /** As HarrierError has them, or `internal`. */
  readonly code: string;
  /** A whole sentence. */
  readonly message: string;
  readonly expected?: string;
  readonly received?: string;
  readonly where?: string;
  readonly next?: string;
  /** What is wrong with single fields of a form, by name: a sentence each. */
  readonly fields?: Readonly<Record<string, string>>;
}
