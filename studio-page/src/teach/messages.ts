import type { EpochRecord } from 'harrier';
import type { Progress } from 'harrier/src/data/progress.ts';
import type { PlainError } from 'harrier/src/plain-error.ts';
import type { StepInfo } from 'harrier/src/training/step-info.ts';
import type { Way } from './lesson.ts';

/** Held by whichever tab trains. */
export const TEACH_LOCK = 'teach';

/** A backbone as the page knows it: where it is, and the hash of its file. */
export interface PageBackbone {
  readonly url: string;
  readonly name: string;
  readonly hash: string;
}

/** An image of a class, as it was added. */
export interface TaughtImage {
  readonly id: string;
  /** For people: its file's name, or where it came from. */
  readonly name: string;
  readonly blob: Blob;
  /** Images of one recording have the same. */
  readonly burst?: string;
}

/** All that a training is made from. */
export interface Job {
  /** Whatever was trained before has another. */
  readonly id: string;
  readonly classes: readonly { readonly name: string; readonly images: readonly TaughtImage[] }[];
  readonly way: Way;
  /** The address of the model that is fine-tuned. */
  readonly from?: string;
  /** Whether images of one recording are held out together; those of trainings that began before were not. */
  readonly isApart?: boolean;
  /** With `features`: the pretrained network. */
  readonly backbone?: PageBackbone;
  readonly epochs?: number;
  readonly mirrored: boolean;
  readonly seed: number;
  /** `auto`: the graphics card where there is a real one. */
  readonly backend: 'auto' | 'wasm' | 'webgpu';
}

/** What the page says to the worker that trains. */
export type ToTeacher =
  | { readonly type: 'train'; readonly job: Job; readonly resume: boolean }
  | { readonly type: 'pause' };

/** What came of a training, as far as it is not the model file. */
export interface Outcome {
  readonly job: string;
  readonly classNames: readonly string[];
  /** Height and width of the images that the model takes. */
  readonly imageShape: readonly [height: number, width: number];
  readonly history: readonly EpochRecord[];
  readonly bestEpoch?: number;
  /** Where all images were held out in turn: in how many parts. */
  readonly folds?: number;
  /** Classes whose images are all of one recording: their held-out images say little. */
  readonly oneRecording?: readonly string[];
  /** The images that were held out, in order. */
  readonly heldOut: readonly {
    readonly id: string;
    readonly label: number;
    readonly probabilities: readonly number[];
    /** Images with the same number show the same thing at the same moment. */
    readonly group?: number;
  }[];
  readonly engine: string;
  readonly seconds: number;
}

/** What the worker says to the page. */
export type FromTeacher =
  /** No other tab trains from here on. */
  | { readonly type: 'begun' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'engine'; readonly engine: string }
  | { readonly type: 'step'; readonly step: StepInfo }
  | { readonly type: 'epoch'; readonly record: EpochRecord }
  /** Something that the user should know, and that did not stop it. */
  | { readonly type: 'note'; readonly note: string }
  | { readonly type: 'paused' }
  /** Where it stands cannot be kept: there is no pause. */
  | { readonly type: 'unkept' }
  | { readonly type: 'done'; readonly outcome: Outcome; readonly model: Uint8Array<ArrayBuffer> }
  | { readonly type: 'failed'; readonly error: PlainError };
