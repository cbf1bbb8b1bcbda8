import type { StudioInspection } from 'harrier/src/studio-server/api.ts';
import { Panel } from '../../../components/panel.tsx';

/** Where the images lie that an advice is about. */
const PLACES: Readonly<Record<string, string>> = {
  leaks: 'duplicates',
  duplicates: 'duplicates',
  relabel: 'relabel',
  rotate: 'rotate',
  retake: 'retake',
  outliers: 'outliers',
  classes: 'classes',
};

/** What to do, in order of worth; each item leads to its images. */
export function Advice({ advice }: { readonly advice: StudioInspection['advice'] }) {
  return (
    <Panel title="What to do, in order of worth">
      <ol class="advice">
        {advice.map(({ kind, text, worth }) => {
          const place = PLACES[kind];
          return (
            <li key={text}>
              <p>{text}</p>
              {worth !== undefined && worth > 0 && <b>up to {(100 * worth).toFixed(1)} points</b>}
              {place && (
                <button
                  type="button"
                  class="button quiet"
                  onClick={() => {
                    const section = document.getElementById(`found-${place}`);
                    section?.scrollIntoView({ block: 'start' });
                    section?.focus({ preventScroll: true });
                  }}
                >
                  Show them
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
