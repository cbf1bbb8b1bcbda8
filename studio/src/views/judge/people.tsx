import { formatPercent } from 'harrier/src/evaluation/format.ts';
import type { HumanBaseline } from 'harrier/src/evaluation/human-baseline.ts';
import { Panel } from '../../components/panel.tsx';

/** What people mix up most, beside the model. */
export function People({ baseline }: { readonly baseline: HumanBaseline }) {
  const { accuracy, majorityAccuracy, confusions, source } = baseline;
  const most = Math.max(...confusions.flatMap(({ people, model }) => [people, model ?? 0]));
  return (
    <Panel
      title="And people?"
      note={
        <>
          Of single judgements <b>{formatPercent(accuracy)}</b> are right, and{' '}
          <b>{formatPercent(majorityAccuracy)}</b> where most of those asked agree. What they mix up most, as
          a share of the pictures of the first class:
        </>
      }
    >
      <ul class="legend people-legend">
        <li>
          <i class="swatch people" /> people
        </li>
        <li>
          <i class="swatch model" /> this model
        </li>
      </ul>
      <ul class="people-rows">
        {confusions.map(({ trueClass, takenFor, people, model }) => (
          <li key={trueClass + takenFor}>
            <span>
              {trueClass} → {takenFor}
            </span>
            <span class="both">
              <Track kind="people" share={people} most={most} />
              {model !== null && <Track kind="model" share={model} most={most} />}
            </span>
          </li>
        ))}
      </ul>
      <p class="note source">{source}</p>
    </Panel>
  );
}

function Track(props: { readonly kind: 'people' | 'model'; readonly share: number; readonly most: number }) {
  const { kind, share, most } = props;
  return (
    <span class="people-track">
      <i class={kind} aria-hidden="true" style={{ width: `${(85 * share) / most}%` }} />
      <span class="unseen">{kind === 'people' ? 'people' : 'this model'}</span>
      <b>{formatPercent(share, 1)}</b>
    </span>
  );
}
