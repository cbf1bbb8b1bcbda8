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
