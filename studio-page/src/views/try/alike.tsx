import { type Neighbour, nearest } from 'harrier/src/explanation/neighbours.ts';
import { formatCount } from 'harrier/src/format/format.ts';
import { openStorage } from 'harrier/src/platform/web/storage.ts';
import type { DatasetInfo, ImageList } from 'harrier/src/studio-server/api.ts';
import { useEffect, useState } from 'preact/hooks';
import { apiUrl, getBytes, getJson } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { ImageView } from '../../components/image.tsx';
import { Link } from '../../components/link.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { Progress } from '../../components/progress.tsx';
import { imageUrl, useDataset } from '../../datasets.ts';
import { askModel } from '../../inference/model.ts';
import type { OpenedModel } from '../../inference/protocol.ts';
import { exported } from '../../router.ts';
import { runs } from '../../runs.ts';
import { studio } from '../../studio.ts';
import { type AlikeIn, alikeIn } from './trained-on.ts';

/** Training images that are looked through, spread evenly over all of them. */
const SAMPLE = 2000;
/** Images that are fetched and evaluated together; between them the model has time for the user's own. */
const PART = 100;
const SHOWN = 8;

/** The user asked for it once: then it is wanted of every image. */
let wanted = false;

/** Embeddings of training images, by model and data. */
const indices = new Map<string, { readonly images: readonly number[]; readonly rows: Float32Array }>();

interface Props {
  readonly opened: OpenedModel;
  /** A run's, or the shipped model's; undefined for a file. */
  readonly modelId: string | undefined;
  /** What the embeddings are kept under. */
  readonly modelKey: string;
  /** Whether they are kept for the next visit, which may give the key of a file to another one. */
  readonly isKept: boolean;
  /** Of the image, as the model takes it. */
  readonly pixels: Uint8Array;
}

/**
 * The images that the model takes for most like the image: of its own training data where that is here, else of other
 * data, which is then said. Needs the server, which has the images.
 */
export function Alike(props: Props) {
  const [on, setOn] = useState(wanted);
  const place = alikeIn(props.modelId, runs.value ?? [], studio.value?.datasets ?? []);
  if (exported || place === undefined) return null;
  if (on) return <Found key={place.dataset} {...props} {...place} />;
  return (
    <div class="alike-offer">
      <Button
        icon="search"
        onClick={() => {
          wanted = true;
          setOn(true);
        }}
      >
        {place.isTrainedOn ? 'Find alike training images' : 'Find alike images'} in {place.dataset}
      </Button>
    </div>
  );
}

function Found({ opened, modelKey, isKept, pixels, dataset, isTrainedOn }: Props & AlikeIn) {
  const { facts, progress: opening, error: refused, again } = useDataset(dataset);
  const [done, setDone] = useState<number>();
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  const [found, setFound] = useState<{
    readonly of: Uint8Array;
    readonly neighbours: readonly Neighbour[];
  }>();
  const count = Math.min(SAMPLE, facts?.splits.train.size ?? 0);
  useEffect(() => {
    if (!facts) return;
    const abort = new AbortController();
    setError(undefined);
    (async () => {
      const index = await indexOf(opened, { modelKey, isKept }, facts, setDone, abort.signal);
      const embedding = await askModel('embed', pixels);
      if (abort.signal.aborted) return;
      const neighbours = nearest(embedding, index.rows, SHOWN).map(({ index: place, similarity }) => ({
        index: index.images[place],
        similarity,
      }));
      setFound({ of: pixels, neighbours });
    })().catch((reason: unknown) => {
      if (!abort.signal.aborted) setError(reason);
    });
    return () => abort.abort();
  }, [opened, facts, pixels, tries]);
  return (
    <Panel
      title={isTrainedOn ? 'Alike in training' : `Alike in ${facts?.name ?? dataset}`}
      class="alike"
      note={
        facts &&
        `The images that the model finds most similar, among ${formatCount(count)} of the ${formatCount(facts.splits.train.size)} training images of ${facts.name}.${isTrainedOn ? '' : ' The model may have learned from other images: Studio was not started with its training data.'}`
      }
    >
      {refused !== undefined && <Message error={refused} onRetry={again} />}
      {error !== undefined && <Message error={error} onRetry={() => setTries(tries + 1)} />}
      {!facts && refused === undefined && (
        <Progress
          label={opening?.what ?? 'Opening the data'}
          done={opening?.done ?? 0}
          total={opening?.total ?? 0}
        />
      )}
      {facts && !found && error === undefined && (
        <Progress label="Looking through training images" done={done ?? 0} total={count} />
      )}
      {facts && found && (
        <ul class={found.of === pixels ? '' : 'stale'}>
          {found.neighbours.map((each) => (
            <Neighbouring key={each.index} facts={facts} {...each} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Neighbouring({ facts, index, similarity }: Neighbour & { readonly facts: DatasetInfo }) {
  const [label, setLabel] = useState<string>();
  useEffect(() => {
    const abort = new AbortController();
    getJson<ImageList>(`datasets/${facts.id}/train/images`, {
      parameters: { offset: index, limit: 1 },
      signal: abort.signal,
    }).then(
      ({ images: [image] }) => setLabel(facts.classNames[image.mark?.label ?? image.label]),
      // Without a name the image still shows what it is.
      () => undefined,
    );
    return () => abort.abort();
  }, [facts.id, index]);
  return (
    <li>
      <Link view="data" query={{ data: facts.id, split: 'train', image: index }}>
        <ImageView
          src={imageUrl(facts.id, 'train', index)}
          alt={label ?? 'A training image'}
          pixelsWide={facts.imageShape.width}
        />
        <span>{label ?? ' '}</span>
        <small>{Math.round(100 * similarity)}% similar</small>
      </Link>
    </li>
  );
}

/** Embeddings of the sample: known, kept from an earlier visit, or computed now. */
async function indexOf(
  { imageShape }: OpenedModel,
  { modelKey, isKept }: Pick<Props, 'modelKey' | 'isKept'>,
  { id, splits: { train } }: DatasetInfo,
  onDone: (done: number) => void,
  abort: AbortSignal,
): Promise<{ readonly images: readonly number[]; readonly rows: Float32Array }> {
  const count = Math.min(SAMPLE, train.size);
  const images = Array.from({ length: count }, (_, i) => Math.floor((i * train.size) / count));
  const name = `${modelKey} ${train.hash.slice(0, 16)} ${count} whole`;
  const known = indices.get(name);
  if (known) return known;
  const storage = isKept ? await openStorage('embeddings').catch(() => undefined) : undefined;
  const kept = await storage?.read(name).catch(() => undefined);
  if (kept && kept.length > 0 && kept.length % (4 * count) === 0) {
    const index = { images, rows: new Float32Array(kept.buffer, kept.byteOffset, kept.length / 4) };
    indices.set(name, index);
    return index;
  }
  const parts: Float32Array[] = [];
  for (let start = 0; start < count; start += PART) {
    abort.throwIfAborted();
    const part = images.slice(start, start + PART);
    const parameters = { indices: part.join(','), shape: JSON.stringify(imageShape) };
    const pixels = await getBytes(apiUrl(`datasets/${id}/train/pixels`, parameters), abort);
    parts.push(await askModel('embed', pixels));
    onDone(start + part.length);
  }
  const rows = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  parts.reduce((at, part) => {
    rows.set(part, at);
    return at + part.length;
  }, 0);
  indices.set(name, { images, rows });
  // Where there is no room, it is computed again at the next visit.
  await storage?.write(name, new Uint8Array(rows.buffer)).catch(() => undefined);
  return { images, rows };
}
