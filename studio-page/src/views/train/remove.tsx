import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { send } from '../../api.ts';
import { Asking } from '../../components/asking.tsx';
import { Message } from '../../components/message.tsx';
import { setQuery } from '../../router.ts';
import { loadRuns, nameOf } from '../../runs.ts';
import { studio } from '../../studio.ts';

/** Deletes a run, after asking; one that is training cannot be. */
export function Remove({ run }: { readonly run: RunSummary }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  if (!studio.value?.canTrain || run.state === 'running') return null;
  const remove = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await send('POST', `runs/${run.id}/delete`);
      setQuery({ runs: undefined }, { replace: true });
      await loadRuns();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <div class="stack">
      <div class="row">
        <Asking
          icon="trash"
          kind="danger"
          busy={busy}
          question={`Delete ${nameOf(run)} with its model and results? This cannot be undone.`}
          yes="Delete it"
          onYes={() => void remove()}
        >
          Delete
        </Asking>
      </div>
      {error !== undefined && <Message error={error} onClose={() => setError(undefined)} />}
    </div>
  );
}
