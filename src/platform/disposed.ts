import { HarrierError } from '../errors.ts';

/** The error of a model that is used after its memory was given back. */
export function disposedError(where: string | undefined): HarrierError {
  return new HarrierError('bad-option', 'this model was disposed of', {
    where,
    next: 'Call dispose when it is no longer needed, or load it again.',
  });
}
