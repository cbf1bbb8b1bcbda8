import { formatBytes, formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type { DatasetInfo } from 'harrier/src/studio-server/api.ts';
import { Empty } from '../../components/empty.tsx';
import { Select } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { LeftOut } from '../../components/left-out.tsx';
import { Link } from '../../components/link.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Progress } from '../../components/progress.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { contentOf, type OpenedDataset, splitsOf, useDataset } from '../../datasets.ts';
import { exported, place, setQuery } from '../../router.ts';
import { runs } from '../../runs.ts';
import { loadStudio, studio, studioError } from '../../studio.ts';
import { AddData } from './add/index.tsx';
import { Augmentation } from './augmentation.tsx';
import './data.css';
import { Duplicates } from './duplicates.tsx';
import { ImagesTab } from './images.tsx';
import { InspectionTab } from './inspection/index.tsx';

const TABS = [
  { id: 'images', label: 'Images' },
  { id: 'inspection', label: 'Inspection' },
  { id: 'map', label: 'Map' },
  { id: 'duplicates', label: 'Duplicates' },
  { id: 'augmentation', label: 'Augmentation' },
];

/** What a model learns from: every image, how the classes are balanced, what is there twice, what may be wrong. */
export default function Data() {
  const state = studio.value;
  const { query } = place.value;
  // In an exported site the images are those of the runs in it.
  const id =
    query.data ?? state?.datasets[0] ?? runs.value?.find(({ dataset }) => dataset !== undefined)?.dataset;
  const dataset = useDataset(query.add === undefined ? id : undefined);
  if (!state && studioError.value !== undefined) {
    return <Message error={studioError.value} onRetry={() => void loadStudio()} />;
  }
  if (!state) return <Loading what="the data sets" />;
  if (query.add !== undefined && !exported) return <AddData />;
  if (id === undefined) {
    return (
      <Empty isView icon="data" title="There is no data set to look at" action={!exported && <AddLink />}>
        {exported ? (
          'An exported site contains images only if --data named their data set.'
        ) : (
          <>
            Start Studio with one: <code>npx harrier studio --data PATH</code>, where PATH holds a folder of
            images for each class.
          </>
        )}
      </Empty>
    );
  }
  const { facts } = dataset;
  return (
    <>
      <header class="view-head">
        <div>
          <h1>{facts?.name ?? id}</h1>
          {facts && <p class="note">{summaryOf(facts)}</p>}
        </div>
        <div class="data-choice">
          {!exported && <AddLink />}
          {state.datasets.length > 1 && (
            <Select
              label="Data set"
              unseen
              value={id}
              onValue={(data) => setQuery({ data, class: undefined, image: undefined, q: undefined })}
              options={state.datasets.map((value) => ({ value, label: value }))}
            />
          )}
        </div>
      </header>
      {facts ? <Facts key={contentOf(facts)} facts={facts} /> : <Opening dataset={dataset} id={id} />}
    </>
  );
}

function AddLink() {
  return (
    <Link class="button quiet" view="data" query={{ add: 1 }}>
      <Icon name="upload" size={18} /> Add data
    </Link>
  );
}

function Facts({ facts }: { readonly facts: DatasetInfo }) {
  const { tab = 'images' } = place.value.query;
  return (
    <>
      {facts.notes.map((note) => (
        <Message key={note}>{note}</Message>
      ))}
      {facts.skipped.length > 0 && (
        <LeftOut
          summary={
            facts.skipped.length === 1
              ? '1 file is not a usable image and was skipped'
              : `${formatCount(facts.skipped.length)} files are not usable images and were skipped`
          }
          files={facts.skipped.map(({ file, reason }) => ({
            key: file,
            words: (
              <>
                <code>{file}</code> {reason}
              </>
            ),
          }))}
        />
      )}
      {exported ? (
        // Inspection, duplicates and pixels are the server's work.
        <ImagesTab facts={facts} />
      ) : (
        <Tabs
          label="What to look at"
          tabs={TABS}
          selected={tab}
          onSelect={(id) => setQuery({ tab: id === 'images' ? undefined : id })}
        >
          {tab === 'inspection' || tab === 'map' ? (
            <InspectionTab facts={facts} shows={tab === 'map' ? 'map' : 'findings'} />
          ) : tab === 'duplicates' ? (
            <Duplicates facts={facts} />
          ) : tab === 'augmentation' ? (
            <Augmentation facts={facts} />
          ) : (
            <ImagesTab facts={facts} />
          )}
        </Tabs>
      )}
    </>
  );
}

function Opening({ dataset, id }: { readonly dataset: OpenedDataset; readonly id: string }) {
  const { error, progress, again } = dataset;
  if (error !== undefined)
    return <Message title={`“${id}” cannot be opened`} error={error} onRetry={again} />;
  if (!progress) return <Loading what="the data" />;
  const { what, done, total, unit } = progress;
  return (
    <div class="opening">
      <Progress
        label={`${what[0].toUpperCase()}${what.slice(1)}`}
        done={done}
        total={total}
        {...(unit === 'bytes' ? { format: formatBytes } : { unit })}
      />
    </div>
  );
}

function summaryOf(facts: DatasetInfo): string {
  const { splits, classNames, imageShape, hasPhotos } = facts;
  const { width, height } = imageShape;
  const names = splitsOf(facts);
  const parts = names.map((name) => `${formatCount(splits[name]!.size)} ${name}`);
  const images = splits[names.at(-1)!]?.size === 1 ? 'image' : 'images';
  const words = `${parts.join(' and ')} ${images} ${facts.multiLabel ? `with ${formatQuantity(classNames.length, 'label')}` : `of ${formatQuantity(classNames.length, 'class', 'classes')}`}`;
  // Photos have sizes of their own.
  return hasPhotos && !exported ? words : `${words}, ${width} × ${height} pixels each`;
}
