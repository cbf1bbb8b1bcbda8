import { useEffect, useState } from 'preact/hooks';

/** Photos that were flown over are not fetched: one must stay in sight for so long. */
const SETTLED_MS = 60;
/** Below this many pixels across they are meant to be seen as squares. */
const CRISP_BELOW = 100;

/** A photo in its own shape, in a square of the grid. Its name stands on the cell. */
export function GridPhoto({ url, side }: { readonly url: string | undefined; readonly side: number }) {
  const [wanted, setWanted] = useState<string>();
  const [isCrisp, setCrisp] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWanted(url), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [url]);
  return (
    <i class="grid-photo" style={{ height: `${side}px` }}>
      {url !== undefined && wanted === url && (
        <img
          key={url}
          src={url}
          alt=""
          decoding="async"
          class={isCrisp ? 'crisp' : undefined}
          onLoad={({ currentTarget }) => setCrisp(currentTarget.naturalWidth < CRISP_BELOW)}
        />
      )}
    </i>
  );
}
