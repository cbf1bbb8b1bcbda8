import { type Preprocessing, preprocessingWords } from 'harrier/src/data/preprocessing.ts';
import type { DatasetInfo, RunDetails, Split } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { apiUrl, getJson } from '../api.ts';
import { Select } from '../components/field.tsx';
import { ImageView } from '../components/image.tsx';
import { imageUrl } from '../datasets.ts';
import { useLoad } from '../load.ts';
import { runs } from '../runs.ts';

export interface AsSeenProps {
  readonly facts: DatasetInfo;
  readonly split: Split;
  readonly index: number;
  readonly name: string;
  readonly run?: string;
}

/** The pixels that a model is given of an image: in the model's size, cut or stretched in its way. */
export function AsSeen({ facts, split, index, name, run: wanted }: AsSeenProps) {
  const own = (runs.value ?? []).filter(({ dataset, hasModel }) => dataset === facts.id && hasModel);
  const [chosen, setChosen] = useState(wanted);
  const run = own.find(({ id }) => id === chosen) ?? own[0];
  const details = useLoad(run && `run ${run.id}`, (signal) =>
    getJson<RunDetails>(`runs/${run!.id}`, { signal }),
  );
  const { record } = details.value ?? {};
  const { width, height } = run ? (record?.data.imageShape ?? {}) : facts.imageShape;
  const way = record?.options.preprocessing as Preprocessing | undefined;
  const src = run
    ? apiUrl(`datasets/${facts.id}/${split}/seen/${index}`, { run: run.id })
    : imageUrl(facts.id, split, index);
  return (
    <figure class="as-seen">
      <figcaption>
        <b>As a model sees it</b>
      </figcaption>
      <ImageView src={src} alt={`${name}, as a model sees it`} {...(width && { pixelsWide: width })} />
      <p class="note">
        {width && `${width} × ${height}, ${way ? preprocessingWords(way) : 'stretched'}`}
        {!run && '. No run with this data has a model yet.'}
      </p>
      {run && (
        <Select
          label="Model"
          value={run.id}
          onValue={setChosen}
          options={own.map(({ id }) => ({ value: id, label: id }))}
        />
      )}
    </figure>
  );
}
