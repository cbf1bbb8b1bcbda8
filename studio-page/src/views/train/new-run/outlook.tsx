import { formatCount, formatDuration } from 'harrier/src/format/format.ts';
import type { NewRunRequest, RunPlan } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { send } from '../../../api.ts';
import { Button } from '../../../components/button.tsx';
import { Link } from '../../../components/link.tsx';
import { messageOf } from '../../../components/message.tsx';

interface OutlookProps {
  readonly plan: RunPlan;
  readonly request: NewRunRequest;
}

/** What will happen: images, size, and time. */
export function Outlook({ plan, request }: OutlookProps) {
  const { images, imageShape, estimate } = plan;
  const { train, validation, test } = images;
  const parts = [
    `learns from ${formatCount(train)}`,
    ...(validation > 0 ? [`evaluates epochs on ${formatCount(validation)}`] : []),
    `is tested on ${formatCount(test)}`,
  ];
  return (
    <div class="outlook" role="status">
      <p>
        It {parts.join(', ').replace(/, ([^,]*)$/, ' and $1')} {test === 1 ? 'image' : 'images'} of{' '}
        {imageShape.width} × {imageShape.height} pixels.
      </p>
      {estimate ? (
        <p>
          <b>Trains for about {formatDuration(estimate.seconds)}</b>, by the pace of{' '}
          <Link view="train" query={{ runs: estimate.run }}>
            {estimate.run}
          </Link>{' '}
          on this machine. Opening the data and testing come on top.
        </p>
      ) : (
        <Timing key={JSON.stringify(request)} request={request} />
      )}
    </div>
  );
}

/** How long a run takes of which there is no other yet: a few steps tell, for who asks. */
function Timing({ request }: { readonly request: NewRunRequest }) {
  const [busy, setBusy] = useState(false);
  const [words, setWords] = useState<string>();
  const time = async () => {
    setBusy(true);
    try {
      const { seconds } = await send<{ seconds: number }>('POST', 'runs/time', request);
      setWords(`Trains for about ${formatDuration(seconds)}, as a few steps on this machine tell.`);
    } catch (error) {
      setWords(`Its time is not known: ${messageOf(error)}`);
    }
    setBusy(false);
  };
  if (words !== undefined) return <p>{words}</p>;
  return (
    <p class="row">
      <span>No run of this kind has finished here, so its time is not known yet.</span>
      <Button kind="quiet" busy={busy} onClick={() => void time()}>
        {busy ? 'Timing a few steps …' : 'Estimate it'}
      </Button>
    </p>
  );
}
