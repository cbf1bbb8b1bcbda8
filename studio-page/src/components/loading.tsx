import { useEffect, useState } from 'preact/hooks';
import './loading.css';

/** What is shown before anything is there; quick answers never show it. */
export function Loading({ what }: { readonly what: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="loading" role="status">
      {late && (
        <>
          <i aria-hidden="true" />
          <span>Loading {what} …</span>
        </>
      )}
    </div>
  );
}
