import { HarrierError } from '../../../errors.ts';

/** A failed read of the user's own files as a sentence. A HarrierError passes unchanged. */
export function readError(error: unknown, path: string, kind: 'file' | 'folder'): HarrierError {
  if (error instanceof HarrierError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new HarrierError('not-found', `there is no such ${kind}`, {
      where: path,
      next: 'Check the path.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new HarrierError('storage', 'no permission to read it', {
      where: path,
      next: 'Change its permissions.',
      cause: error,
    });
  }
  if (code === 'EISDIR') {
    return new HarrierError('bad-data', 'this is a folder', {
      where: path,
      expected: 'a file',
      cause: error,
    });
  }
  return new HarrierError('storage', `it cannot be read (${message})`, { where: path, cause: error });
}
