import type { NewRunRequest, TrainingWays } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { getJson } from '../../../api.ts';
import { Button } from '../../../components/button.tsx';
import { Select } from '../../../components/field.tsx';
import { Loading } from '../../../components/loading.tsx';
import { Message } from '../../../components/message.tsx';
import { Panel } from '../../../components/panel.tsx';
import { useDataset } from '../../../datasets.ts';
import { useLoad } from '../../../load.ts';
import { place, setQuery } from '../../../router.ts';
import { nameOf, runs } from '../../../runs.ts';
import { studio } from '../../../studio.ts';
import { Form } from './form.tsx';
import { Found } from './found.tsx';
import './new-run.css';

/** A new run: first its data, then what suits that. */
export function NewRun() {
  const { like, data } = place.value.query;
  const close = () => setQuery({ new: undefined, data: undefined, augment: undefined, like: undefined });
  const again = useLoad(like && `again ${like}`, (signal) =>
    getJson<NewRunRequest>(`runs/${like}/again`, { signal }),
  );
  return (
    <Panel
      class="new-run"
      title={
        like
          ? `A new run like ${nameOf(runs.value?.find(({ id }) => id === like) ?? { id: like })}`
          : 'A new run'
      }
      aside={<Button kind="quiet" icon="close" aria-label="Close the form" onClick={close} />}
    >
      {again.error !== undefined && (
        <Message title="Its settings cannot be taken over" error={again.error} onRetry={again.again} />
      )}
      {again.loading && again.value === undefined && again.error === undefined ? (
        <Loading what="the settings" />
      ) : (
        <DataFirst key={`${like} ${data} ${again.value !== undefined}`} like={again.value} />
      )}
    </Panel>
  );
}

function DataFirst({ like }: { readonly like: NewRunRequest | undefined }) {
  const { query } = place.value;
  const datasets = studio.value?.datasets ?? [];
  const [data, setData] = useState(like?.data ?? query.data ?? datasets[0] ?? '');
  const dataset = useDataset(data === '' ? undefined : data);
  const { facts } = dataset;
  const ways = useLoad(facts && `ways ${facts.id} ${facts.splits.train.hash}`, (signal) =>
    getJson<TrainingWays>(`datasets/${data}/ways`, { signal }),
  );
  if (data === '') {
    return (
      <p>
        There is no data here to learn from. Start Studio with some:{' '}
        <code>npx harrier studio --data PATH</code>.
      </p>
    );
  }
  return (
    <div class="stack steps">
      <section class="stack" aria-label="Data">
        <h3>
          <i aria-hidden="true">1</i> Data
        </h3>
        <div class="form-fields">
          <Select
            label="Data"
            unseen
            value={data}
            onValue={setData}
            options={datasets.map((value) => ({ value, label: value }))}
          />
        </div>
        <Found dataset={dataset} photoSide={ways.value?.photoSide} />
      </section>
      {facts && ways.error !== undefined && <Message error={ways.error} onRetry={ways.again} />}
      {facts && ways.loading && !ways.value && <Loading what="what suits the data" />}
      {facts && ways.value && (
        <Form key={data} facts={facts} ways={ways.value} like={like?.data === data ? like : undefined} />
      )}
    </div>
  );
}
