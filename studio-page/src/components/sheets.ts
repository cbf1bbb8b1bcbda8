import { useEffect, useRef, useState } from 'preact/hooks';
import { reconnections } from '../live.ts';

/** Sheets that were flown over are not fetched: one must stay in sight for so long. */
const SETTLED_MS = 60;
/** Decoded sheets that are held on to, newest first. */
const KEPT = 48;

/**
 * Fetches sheets of images once they have been wanted for a moment.
 * @returns those of them that can be drawn without waiting
 */
export function useSheets(wanted: readonly string[]): ReadonlySet<string> {
  const [, setCount] = useState(0);
  const kept = useRef(new Map<string, HTMLImageElement>()).current;
  const ready = useRef(new Set<string>()).current;
  const key = wanted.join(' ');
  // A sheet may come when others are in sight.
  const inSight = useRef(wanted);
  inSight.current = wanted;
  // What did not come while the server was away is asked for again.
  const generation = reconnections.value;
  // The key stands for the list.
  useEffect(() => {
    const missing = wanted.filter((url) => !ready.has(url));
    const timer = setTimeout(() => {
      for (const url of missing) {
        if (kept.has(url)) continue;
        const image = new Image();
        image.src = url;
        kept.set(url, image);
        image.decode().then(
          () => {
            ready.add(url);
            for (const old of kept.keys()) {
              if (kept.size <= KEPT) break;
              if (inSight.current.includes(old)) continue;
              kept.delete(old);
              ready.delete(old);
            }
            setCount((count) => count + 1);
          },
          // Asked for again when it next comes into sight.
          () => kept.delete(url),
        );
      }
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [key, generation]);
  return ready;
}
