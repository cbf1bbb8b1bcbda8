import { type AugmentationConfig, augmentationsFrom } from 'harrier/src/data/augmentation/index.ts';
import { augmentationList } from 'harrier/src/data/augmentation/words.ts';
import { imageBytes } from 'harrier/src/data/dataset.ts';
import type { DatasetInfo, ImageList } from 'harrier/src/studio-server/api.ts';
import { useMemo, useState } from 'preact/hooks';
import { apiUrl, getBytes, getJson } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox, Field, Select, Slider } from '../../components/field.tsx';
import { ImageView } from '../../components/image.tsx';
import { Link } from '../../components/link.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { labelOf } from '../../images/entries.ts';
import { useLoad } from '../../load.ts';
import { exported, place, setQuery } from '../../router.ts';
import { KNOBS, SETS, type Settings, settingsOf, wordsOf } from './knobs.ts';

const IMAGES = 6;
/** As many as the server lists at once. */
const MOST_LISTED = 1_000;
const EPOCHS = 6;

/** What random changes make of training images, computed here as training computes them. */
export function Augmentation({ facts }: { readonly facts: DatasetInfo }) {
  const { augment = 'standard', class: classText } = place.value.query;
  const [seed, setSeed] = useState(1);
  const [first, setFirst] = useState(0);
  const parsed = useMemo(() => parse(augment), [augment]);
  const settings = 'error' in parsed ? {} : settingsOf(parsed.configs);
  const change = (next: Settings) => setQuery({ augment: wordsOf(next) || 'none' }, { replace: true });
  // Every change of a correction comes as new facts.
  const samples = useLoad(
    `samples ${facts.id} ${classText} ${first}`,
    (signal) => loadSamples(facts, classText, first, signal),
    facts,
  );
  return (
    <div class="augmentation">
      <Panel
        title="What is changed"
        note="Each image changes differently in every epoch. Classes stay the same."
      >
        <div class="stack">
          <Select
            label="Begin with a set"
            value={SETS.find(({ words }) => words === augment)?.words ?? ''}
            onValue={(words) => words && setQuery({ augment: words }, { replace: true })}
            options={[
              { value: '', label: 'Of my own' },
              ...SETS.map(({ words, label }) => ({ value: words, label })),
            ]}
          />
          {KNOBS.map((knob) => {
            const value = settings[knob.word];
            return (
              <div class="knob" key={knob.word}>
                <Checkbox
                  label={knob.label}
                  checked={value !== undefined}
                  onValue={(on) => change({ ...settings, [knob.word]: on ? knob.start : undefined })}
                />
                {value !== undefined && knob.maximum !== undefined && (
                  <Slider
                    label={`${knob.label}: strength`}
                    unseen
                    value={value}
                    minimum={knob.minimum}
                    maximum={knob.maximum}
                    step={knob.step}
                    format={knob.format}
                    onValue={(next) => change({ ...settings, [knob.word]: next })}
                  />
                )}
                {value !== undefined && knob.maximum !== undefined && (
                  <span class="knob-value">{knob.format(value)}</span>
                )}
              </div>
            );
          })}
          <Field label="On the command line">
            {(control) => <input {...control} class="input code" readOnly value={`--augment ${augment}`} />}
          </Field>
          {!exported && (
            <Link class="button" view="train" query={{ new: 1, data: facts.id, augment }}>
              Train with these
            </Link>
          )}
        </div>
      </Panel>
      <div class="stack">
        <div class="row">
          <Button icon="refresh" onClick={() => setSeed(seed + 1)}>
            Draw again
          </Button>
          <Button icon="image" onClick={() => setFirst(first + IMAGES)}>
            Other images
          </Button>
        </div>
        {'error' in parsed && <Message error={parsed.error} />}
        {samples.error !== undefined && <Message error={samples.error} onRetry={samples.again} />}
        {!samples.value && samples.loading && <Loading what="images" />}
        {samples.value?.indices.length === 0 && <p class="note">No image here is trained on.</p>}
        {samples.value && samples.value.indices.length > 0 && 'configs' in parsed && (
          <Variants facts={facts} samples={samples.value} configs={parsed.configs} seed={seed} />
        )}
      </div>
    </div>
  );
}

interface Samples {
  readonly pixels: Uint8Array;
  readonly labels: readonly number[];
  readonly indices: readonly number[];
}

function Variants(props: {
  readonly facts: DatasetInfo;
  readonly samples: Samples;
  readonly configs: readonly AugmentationConfig[];
  readonly seed: number;
}) {
  const { facts, samples, configs, seed } = props;
  const { imageShape, classNames } = facts;
  const bytes = imageBytes(imageShape);
  const result = useMemo(() => variantsOf(facts, samples, configs, seed), [facts, samples, configs, seed]);
  if ('error' in result) return <Message error={result.error} />;
  const cell = (pixels: Uint8Array, i: number, alt: string) => (
    <ImageView
      pixels={pixels.subarray(i * bytes, (i + 1) * bytes)}
      width={imageShape.width}
      height={imageShape.height}
      alt={alt}
    />
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="scroll" aria-label="Images as training would see them" tabIndex={0}>
      <table class="variants">
        <thead>
          <tr>
            <td />
            {samples.labels.map((label, i) => (
              <th key={samples.indices[i]} scope="col">
                {classNames[label]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr class="original">
            <th scope="row">as it is</th>
            {samples.labels.map((label, i) => (
              <td key={samples.indices[i]}>{cell(samples.pixels, i, `${classNames[label]}, as it is`)}</td>
            ))}
          </tr>
          {result.epochs.map((pixels, epoch) => (
            <tr key={epoch}>
              <th scope="row">epoch {epoch + 1}</th>
              {samples.labels.map((label, i) => (
                <td key={samples.indices[i]}>
                  {cell(pixels, i, `${classNames[label]}, epoch ${epoch + 1}`)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The images of each epoch, as a run with this seed would see them. */
function variantsOf(
  { imageShape, classNames }: DatasetInfo,
  { pixels, labels, indices }: Samples,
  configs: readonly AugmentationConfig[],
  seed: number,
): { readonly epochs: Uint8Array[] } | { readonly error: unknown } {
  try {
    const apply = augmentationsFrom(configs);
    const epochs = Array.from({ length: EPOCHS }, (_, epoch) => {
      const changed = pixels.slice();
      const targets = new Float32Array(labels.length * classNames.length);
      labels.forEach((label, i) => {
        targets[i * classNames.length + label] = 1;
      });
      apply(
        { pixels: changed, targets, imageShape },
        { seed, purpose: 'augmentation', epoch, step: epoch, images: indices },
      );
      return changed;
    });
    return { epochs };
  } catch (error) {
    // Such as a translation that is larger than the image.
    return { error };
  }
}

function parse(
  text: string,
): { readonly configs: readonly AugmentationConfig[] } | { readonly error: unknown } {
  try {
    return { configs: augmentationList(text) };
  } catch (error) {
    return { error };
  }
}

/** A few images as they are trained on, of different classes or of the class that is looked at. */
async function loadSamples(
  facts: DatasetInfo,
  classText: string | undefined,
  first: number,
  signal: AbortSignal,
): Promise<Samples> {
  const path = `datasets/${facts.id}/train`;
  const ofClass = classText !== undefined && Number(classText) < facts.classNames.length;
  // The list has those too that are left out.
  const listed = (offset: number) =>
    getJson<ImageList>(`${path}/images`, {
      parameters: { ...(ofClass && { class: classText }), offset, limit: MOST_LISTED },
      signal,
    });
  const trained = ({ images }: ImageList) => images.filter(({ mark }) => !mark?.excluded);
  const found = await listed(first);
  const { total } = found;
  // Behind the last image comes the first one.
  const own = first < total ? found : await listed(total === 0 ? 0 : first % total);
  const more = trained(own).length < IMAGES && first > 0 ? trained(await listed(0)) : [];
  const all = new Map([...trained(own), ...more].map((image) => [image.index, image]));
  const used = [...all.values()].slice(0, IMAGES);
  const indices = used.map(({ index }) => index);
  if (indices.length === 0) return { pixels: new Uint8Array(), indices, labels: [] };
  const pixels = await getBytes(apiUrl(`${path}/pixels`, { indices: indices.join(',') }), signal);
  return { pixels, indices, labels: used.map(labelOf) };
}
