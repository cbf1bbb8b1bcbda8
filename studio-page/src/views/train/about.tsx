import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { send } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Input } from '../../components/field.tsx';
import { Link } from '../../components/link.tsx';
import { Message } from '../../components/message.tsx';
import { setQuery } from '../../router.ts';
import { loadRuns } from '../../runs.ts';
import { studio } from '../../studio.ts';
import { Remove } from './remove.tsx';

/** The tags of a run; each finds the runs that have it. */
export function Tags({ tags = [] }: Pick<RunSummary, 'tags'>) {
  if (tags.length === 0) return null;
  return (
    <ul class="row run-tags" aria-label="Tags">
      {tags.map((tag) => (
        <li key={tag}>
          <button
            type="button"
            class="run-tag"
            title={`Find runs with ${tag}`}
            onClick={() => setQuery({ q: tag })}
          >
            {tag}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** What can be done with a run: name and tags, another like it, delete. */
export function RunActions({ run }: { readonly run: RunSummary }) {
  const [edits, setEdits] = useState(false);
  if (!studio.value?.canTrain) return null;
  if (edits) return <Edit run={run} onDone={() => setEdits(false)} />;
  return (
    <div class="row run-actions">
      <Button icon="label" onClick={() => setEdits(true)}>
        Name and tags
      </Button>
      {run.dataset !== undefined && (
        <Link class="button" view="train" query={{ new: 1, like: run.id }}>
          New run like this
        </Link>
      )}
      <Remove run={run} />
    </div>
  );
}

function Edit({ run, onDone }: { readonly run: RunSummary; readonly onDone: () => void }) {
  const [name, setName] = useState(run.name ?? '');
  const [tags, setTags] = useState(run.tags?.join(', ') ?? '');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), []);
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await send('POST', `runs/${run.id}/about`, { name, tags: tags.split(',') });
      await loadRuns();
      onDone();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <form
      ref={form}
      class="stack run-edit"
      onSubmit={(event) => void save(event)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onDone();
      }}
    >
      <div class="form-fields">
        <Input
          label="Name"
          value={name}
          onValue={setName}
          placeholder={run.id}
          help="Commands take it too, where they take a run. Empty: the name of its folder."
        />
        <Input label="Tags" value={tags} onValue={setTags} placeholder="none" help="With commas between." />
      </div>
      <div class="row">
        <Button kind="primary" type="submit" busy={busy}>
          Save
        </Button>
        <Button onClick={onDone}>Cancel</Button>
      </div>
      {error !== undefined && <Message error={error} onClose={() => setError(undefined)} />}
    </form>
  );
}
