import type { Moved } from '../../calls.ts';
import type { ClassifierAnswer } from '../../models/classifier.ts';

/** What a thread that classifies images is told at its start. */
export interface ClassifyingSetup {
  /** The model's file. */
  readonly bytes: Uint8Array;
  /** What to call the model in errors. */
  readonly where: string;
  /** Threads of one operation. */
  readonly threads: number;
}

/** What such a thread answers. */
export interface ClassifyingCalls {
  /** As `Classifier.answer`. */
  answer(pixels: Uint8Array): Promise<Moved<ClassifierAnswer>>;
  /** Gives the model's memory back, after all answers. */
  end(): Promise<void>;
}
