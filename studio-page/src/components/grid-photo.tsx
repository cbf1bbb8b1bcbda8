import { useEffect, useRef, useState } from 'preact/hooks';
import { reconnections } from '../live.ts';

/** Photos that were flown over are not fetched: one must stay in sight for so long. */
const SETTLED_MS = 60;
/** Below this many pixels across they are meant to be seen as squares. */
const CRISP_BELOW = 100;

/** A photo in its own shape, in a square of the grid. Its name stands on the cell. */
export function GridPhoto({ url, side }: { readonly url: string | undefined; readonly side: number }) {
  const [wanted, setWanted] = useState<string>();
  const [isCrisp, setCrisp] = useState(false);
  const [tries, setTries] = useState(0);
  // One that did not come while the server was away is asked for again.
  const isBroken = useRef(false);
  const generation = reconnections.value;
  useEffect(() => {
    if (isBroken.current) setTries((count) => count + 1);
    isBroken.current = false;
  }, [generation]);
  useEffect(() => {
    const timer = setTimeout(() => setWanted(url), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [url]);
  return (
    <i class="grid-photo" style={{ height: `${side}px` }}>
      {url !== undefined && wanted === url && (
        <img
          key={`${url} ${tries}`}
          src={url}
          alt=""
          decoding="async"
          class={isCrisp ? 'crisp' : undefined}
          onError={() => {
            isBroken.current = true;
          }}
          onLoad={({ currentTarget }) => setCrisp(currentTarget.naturalWidth < CRISP_BELOW)}
        />
      )}
    </i>
  );
}
