import type { ImageShape } from '../data/dataset.ts';
import type { Progress } from '../data/progress.ts';
import type { EpochRecord, Evaluation } from '../evaluation/index.ts';
import type { FittedLayer } from '../report/fitting.ts';
import type { StepInfo } from '../training/step-info.ts';
import type { DatasetAnswer, DuplicatesAnswer, InspectionAnswer } from './api/datasets.ts';
import type { StudioError } from './api/errors.ts';

// What Studio's server and its page say to each other, in JSON: types alone, which either side can import.
//
// A GET of JSON at `api/…` is, in an exported site, the file `api/….json`: `api/runs` is `api/runs.json`, and
// `api/runs/mine/predictions` is `api/runs/mine/predictions.json`. An exported page knows that it is one by
// `<meta name="harrier-exported" content="true">`. Ids hold no character that a URL would have to escape.
//
// The page is built to dist/page (dist/studio is what the server's own source is compiled to).

export type * from './api/datasets.ts';
export type * from './api/errors.ts';
export type * from './api/labelling.ts';
export type * from './api/new-datasets.ts';
export type * from './api/new-run.ts';

/** GET api/state */
export interface StudioState {
  /** Harrier's version. */
  readonly version: string;
  /** Where runs lie: an absolute path; none in an exported site. */
  readonly runsFolder?: string;
  /** Ids of the data sets that can be looked at; the first is the one to show at first. */
  readonly datasets: readonly string[];
  /** Where data sets that are made in the page go to: an absolute path; absent where the server was given none. */
  readonly dataFolder?: string;
  /** Whether runs can be started, paused and stopped here. */
  readonly canTrain: boolean;
  /** The page stands alone, without a server. */
  readonly exported?: boolean;
  /** Whether a folder is labelled here: `harrier label`. */
  readonly canLabel?: boolean;
}

/** `paused`: can go on; `stopped`: ended before its last epoch, as somebody wished; `failed`: `message` says why. */
export type RunState = 'running' | 'paused' | 'finished' | 'stopped' | 'failed';

/** A run that is one of several which belong together. */
export interface RunGroup {
  /** The folder that they lie in. */
  readonly id: string;
  readonly kind: 'seeds' | 'folds' | 'sweep';
  /** Which of them it is: `seed 2`, `fold 1 of 5`, `trial 03`; of a cross-validation, `all images` is the finished model; of seeds, `average` is the mean of their models. */
  readonly part: string;
}

/** POST api/runs/:id/about changes what people say of a run, and is answered with its RunSummary. */
export interface RunAbout {
  /** Empty: none. */
  readonly name?: string;
  readonly tags?: readonly string[];
}

/** GET api/runs: an array of these, the newest first; and the event `run`. */
export interface RunSummary {
  readonly id: string;
  /** What it was called; it keeps its id. */
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly group?: RunGroup;
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
  /** Its folder, as one types it in a command; none in an exported site. */
  readonly folder?: string;
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
  /** The true class, as the run was evaluated by it. */
  readonly label: readonly number[];
  /** The class that the data set gives it, without label corrections; where the data set is here. */
  readonly own?: readonly number[];
  readonly predicted: readonly number[];
  /** Of the predicted class. */
  readonly probability: readonly number[];
  /** Images with the same number belong together; absent where none does to another. */
  readonly group?: readonly number[];
}

/**
 * POST api/runs/:id/pause, resume and stop are answered with its RunSummary; POST api/runs/:id/delete, which deletes
 * the folder of a run that does not run, with `{ id }`.
 */

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
