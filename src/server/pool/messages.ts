import type { PlainError } from '../../plain-error.ts';
import type { ImageAnswer, InputImage, ServedModel } from '../service.ts';

/** What a worker starts with. */
export interface WorkerSetup {
  readonly modelBytes: Uint8Array;
  /** What errors call the model. */
  readonly where: string;
  readonly threads: number;
  /** Threads for a batch that runs alone. More than `threads` takes a second copy of the model. */
  readonly threadsAlone: number;
  readonly maxPixels: number;
}

/** What a worker is asked for. */
export interface WorkerCalls {
  /** What the model says of itself. @throws why it cannot be used */
  model(): Promise<Omit<ServedModel, 'version'>>;
  /**
   * @param alone nothing else is under way, so that all cores are free for it
   * @returns for each image the answer, or why there are none
   */
  classify(images: readonly InputImage[], alone: boolean): Promise<(ImageAnswer | PlainError)[]>;
  /** Ends the thread. */
  end(): Promise<void>;
}
