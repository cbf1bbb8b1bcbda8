import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { reconnections } from './live.ts';

/** What is asked for: on its way, there, or refused. While it is asked for again, the value before stays. */
export interface Loaded<T> {
  readonly value?: T;
  readonly error?: unknown;
  readonly loading: boolean;
  /** Asks once more. */
  readonly again: () => void;
}

/**
 * Loads something when a component appears, whenever `key` changes, and when the server was found again. Undefined
 * keys load nothing.
 *
 * @param load must stop when the signal aborts; what it gives after that is dropped
 * @param reason asks once more when it changes, and until then what is known stays
 */
export function useLoad<T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  reason?: unknown,
): Loaded<T> {
  const [state, setState] = useState<{ key?: string; value?: T; error?: unknown; loading: boolean }>({
    loading: key !== undefined,
  });
  const [tries, setTries] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const generation = reconnections.value;
  // Tries, generation and reason are reasons to load anew.
  useEffect(() => {
    if (key === undefined) {
      setState({ loading: false });
      return;
    }
    const abort = new AbortController();
    setState((before) => ({
      key,
      loading: true,
      ...(before.key === key && { value: before.value, error: before.error }),
    }));
    latest.current(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setState({ key, value, loading: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        // A value that is there is better than a message that the server is away: the banner says that.
        setState((before) => ({ key, value: before.value, error, loading: false }));
      },
    );
    return () => abort.abort();
  }, [key, tries, generation, reason]);
  const again = useCallback(() => setTries((count) => count + 1), []);
  // In the render in which the key changes the effect has not run yet: nothing of the key before may be shown.
  const current = state.key === key ? state : { loading: key !== undefined };
  return { ...current, again };
}
