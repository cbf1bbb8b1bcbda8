import type { ImageShape } from '../../data/dataset.ts';

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
  /** What leaving it empty means, in words: `off`, `all 1,200`. */
  readonly empty?: string;
  /** One sentence. */
  readonly help: string;
  /** What most people leave as it is. */
  readonly advanced: boolean;
}

export type OptionValue = number | string | boolean;

/**
 * How a run is trained. `head`: a last layer on the features of a model; `all`: all layers of a model, gently;
 * `recipe`: a network from scratch.
 */
export type WayKind = 'head' | 'all' | 'recipe';

/** A way to train on a data set. */
export interface TrainingWay {
  readonly kind: WayKind;
  /** Of a recipe. */
  readonly recipe?: string;
  /** For people. */
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** A few words on how good it is, or for what. */
  readonly note?: string;
  /** Why it cannot be chosen: a sentence. */
  readonly missing?: string;
}

/** A model that can be trained on. */
export interface StartingPoint {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** A network of the catalogue, which knows photos. */
  readonly pretrained?: true;
}

/** GET api/datasets/:id/ways: how one may train on a data set, and what suits it. Asking opens the data set. */
export interface TrainingWays {
  readonly ways: readonly TrainingWay[];
  /** The place among `ways` of the one that suits the data. */
  readonly proposed: number;
  /** Why it does: a sentence. */
  readonly why: string;
  /** Models for the ways `head` and `all`; the first is the one to begin with. */
  readonly models: readonly StartingPoint[];
  /** The longer side of the middle one of the photos by size, in pixels; absent for small images. */
  readonly photoSide?: number;
}

/**
 * POST api/runs, answered with status 201 and the RunSummary; POST api/runs/plan, answered with a RunPlan; GET
 * api/runs/:id/again gives that of a run that is like another one.
 * POST api/runs/time times a few steps of it, which takes a while, and is answered with `{ seconds }`.
 */
export interface NewRunRequest {
  /** Id of a data set. */
  readonly data: string;
  /** The recipe to train, where no model is trained on. */
  readonly recipe?: string;
  /** Id of the model to train on. */
  readonly from?: string;
  /** With `from`: a last layer alone, or all layers. Default `head`. */
  readonly trainable?: 'head' | 'all';
  /** By the names of the fields; what is left out is as the plan says. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** What a run would be: nothing is begun. */
export interface RunPlan {
  /** With the values that will be used where nothing else is said. */
  readonly fields: readonly RecipeField[];
  /** Images that are learned from, that epochs are evaluated on, and that the result is. */
  readonly images: { readonly train: number; readonly validation: number; readonly test: number };
  /** The size that the network sees. */
  readonly imageShape: Pick<ImageShape, 'height' | 'width'>;
  /** Sentences for single fields, by name. */
  readonly problems: Readonly<Record<string, string>>;
  /** What does not fit together: a sentence. */
  readonly problem?: string;
  /** How long it will take; absent where no run tells. */
  readonly estimate?: TimeEstimate;
}

/** How long a run will take, and what says so. */
export interface TimeEstimate {
  readonly seconds: number;
  /** The run that was as fast. */
  readonly run: string;
}
