/** The kind of an error, for programs. */
export type ErrorCode =
  | 'bad-option' // an option, name or argument that does not exist or makes no sense
  | 'bad-shape' // shapes or types that do not fit together
  | 'bad-graph' // an ONNX model that is malformed or holds what Harrier cannot use
  | 'bad-data' // a data set, image or label that cannot be used
  | 'bad-checkpoint' // a checkpoint or run folder that cannot be used
  | 'not-found' // a file, folder, class or package that is not there
  | 'not-supported' // something Harrier does not do
  | 'diverged' // training produced NaN or infinity
  | 'in-use' // another process holds it
  | 'too-large' // beyond a limit that the message states
  | 'overloaded' // too much to do at the moment: try again
  | 'timed-out' // not done by its deadline
  | 'unauthorized' // without the right token
  | 'network' // a download that failed
  | 'refused' // a service that says no: rights, quota, a name that is taken
  | 'storage' // a read or write that failed: full disk, no permission
  | 'device-lost'; // the graphics device went away, and with it what it held

/** The parts of an error's sentence beside its summary. */
export interface ErrorDetails {
  /** What would have been right. */
  expected?: string;
  /** What there was instead. */
  received?: string;
  /** File, layer, op or option in which it happened. */
  where?: string;
  /** What to do about it. */
  next?: string;
  /** Options that `next` speaks of, by their names in the API (`batchSize`); the command line adds its own spelling. */
  options?: readonly string[];
  /** The error that led to this one, if any. */
  cause?: unknown;
}

/**
 * The error that Harrier throws. Its message is a whole sentence for people: the problem, the expected and the
 * received value, the place, and the next step.
 */
export class HarrierError extends Error {
  /** The kind of error, for programs. */
  readonly code: ErrorCode;
  /** What happened, without the details. */
  readonly summary: string;
  /** The parts of the sentence beside `summary`. */
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, summary: string, details: ErrorDetails = {}) {
    super(sentence(summary, details), { cause: details.cause });
    this.name = 'HarrierError';
    this.code = code;
    this.summary = summary;
    this.details = details;
  }
}

function sentence(summary: string, { expected, received, where, next }: ErrorDetails): string {
  let text = where ? `${where}: ${summary}` : summary;
  if (expected && received) text += `: expected ${expected}, received ${received}`;
  else if (expected) text += `: expected ${expected}`;
  else if (received) text += `: received ${received}`;
  if (!/[.!?]$/.test(text)) text += '.';
  return next ? `${text} ${next}` : text;
}

/** The candidate nearest to a mistyped name, or undefined when none is near (edit distance ≤ 1/3 of its length, at least 1). */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= Math.max(1, Math.floor(candidate.length / 3)) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** An error for a name that is not in a list, with the nearest one and the whole list. */
export function unknownName(
  kind: string,
  name: string,
  candidates: Iterable<string>,
  code: ErrorCode = 'bad-option',
): HarrierError {
  const all = [...candidates];
  const near = nearestName(name, all);
  return new HarrierError(code, `unknown ${kind} "${name}"`, {
    next: `${near ? `Did you mean "${near}"? ` : ''}There are: ${all.join(', ')}.`,
  });
}

/** Letters to change, add, remove or swap with their neighbour (Damerau's distance, each place edited once). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? beforePrevious[j - 2] + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(substitution, previous[j] + 1, row[j - 1] + 1, swap));
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length];
}

/** What to think of a file of Harrier's that cannot be understood. */
export const DAMAGED_OR_NEWER = 'The file is damaged, or from a newer version of Harrier.';
