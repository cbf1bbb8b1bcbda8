import type { DatasetInfo } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { apiUrl } from '../../../api.ts';
import { Button } from '../../../components/button.tsx';
import { Empty } from '../../../components/empty.tsx';
import { Icon } from '../../../components/icon.tsx';
import { Loading } from '../../../components/loading.tsx';
import { Message } from '../../../components/message.tsx';
import { Progress } from '../../../components/progress.tsx';
import { MapTab } from '../map/index.tsx';
import './inspection.css';
import { Findings } from './findings.tsx';
import { useInspection } from './use-inspection.ts';

interface InspectionTabProps {
  readonly facts: DatasetInfo;
  /** What of it is shown. */
  readonly shows: 'findings' | 'map';
}

/** What these images are worth before anything is trained: the command `harrier inspect`, in the background. */
export function InspectionTab({ facts, shows }: InspectionTabProps) {
  const { answer, error, again, start, stop } = useInspection(facts);
  const [busy, setBusy] = useState(false);
  const doing = (act: () => Promise<void>) => async () => {
    setBusy(true);
    await act();
    setBusy(false);
  };
  const inspect = (label: string, kind: 'primary' | 'plain') => (
    <Button kind={kind} icon="search" busy={busy} onClick={doing(start)}>
      {label}
    </Button>
  );
  const problem = error !== undefined && <Message error={error} onRetry={again} />;
  if (!answer) return problem || <Loading what="the inspection" />;
  if (answer.state === 'inspecting') {
    const { what = 'starting', done = 0, total = 0, unit } = answer.progress ?? {};
    return (
      <div class="opening stack">
        <Progress
          label={`${what[0].toUpperCase()}${what.slice(1)}`}
          done={done}
          total={total}
          {...(unit && { unit })}
        />
        <div class="row">
          <Button icon="stop" busy={busy} onClick={doing(stop)}>
            Stop
          </Button>
          <p class="note">You can go on with other things meanwhile.</p>
        </div>
        {problem}
      </div>
    );
  }
  if (answer.state === 'none' || answer.state === 'failed') {
    return (
      <div class="stack">
        {answer.state === 'failed' && (
          <Message kind="error" title="The inspection failed">
            {answer.error.message}
          </Message>
        )}
        {problem}
        <Empty
          icon="search"
          title="What are these images worth?"
          action={inspect('Inspect these images', 'primary')}
        >
          A pretrained network looks at all of them: how good a model will be, whether more photos would help,
          which labels are probably wrong, what is there twice, which photos are poor, and which lie together.
          Some hundred photos take a minute the first time.
        </Empty>
      </div>
    );
  }
  return (
    <div class="stack">
      {problem}
      <div class="row">
        {inspect('Inspect again', answer.isOld ? 'primary' : 'plain')}
        <a
          class="button"
          href={apiUrl(`datasets/${facts.id}/inspection/page`)}
          target="_blank"
          rel="noreferrer"
        >
          <Icon name="link" size={18} /> As a page
        </a>
        {answer.isOld && <p class="note">Labels were corrected since these images were inspected.</p>}
      </div>
      {shows === 'map' ? (
        <MapTab facts={facts} inspected={answer.inspection} />
      ) : (
        <Findings facts={facts} found={answer.inspection} />
      )}
    </div>
  );
}
