/** How far a long piece of work has come. Library code reports it and never prints. */
export interface Progress {
  /** What is being done, as a person would say it: `downloading CIFAR-10`. */
  readonly what: string;
  /** How much is done, in `unit`. */
  readonly done: number;
  /** How much there is in all, or 0 when that is not known. */
  readonly total: number;
  /** Unit of `done` and `total`. */
  readonly unit: 'bytes' | 'images' | 'files' | 'seconds' | 'steps';
}

/** Is told how far a long piece of work has come. */
export type OnProgress = (progress: Progress) => void;
