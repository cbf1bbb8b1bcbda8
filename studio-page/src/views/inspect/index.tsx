import type { LayerFeatures, ModelLayer } from 'harrier/src/explanation/index.ts';
import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Dropzone } from '../../components/dropzone.tsx';
import { ImageView } from '../../components/image.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { Examples } from '../../inference/examples.tsx';
import { askModel, chooseFile, useModel } from '../../inference/model.ts';
import { ModelBar, ModelState, NoModel } from '../../inference/model-bar.tsx';
import type { OpenedModel } from '../../inference/protocol.ts';
import { useLoad } from '../../load.ts';
import { place, setQuery } from '../../router.ts';
import { FilterImages } from './filters.tsx';
import { LayerGraph } from './graph.tsx';
import { FeatureImages } from './maps.tsx';
import { sizeText } from './shape.ts';
import './inspect.css';

/** Numbers that all layers may give together; of larger models the layer that is looked at is computed alone. */
const MOST_NUMBERS = 8e6;

/** A model as a graph of layers, and what each of them makes of an image. */
export default function Inside() {
  const chosen = useModel();
  const { models, opened } = chosen;
  if (!models.value || chosen.id === undefined) return <NoModel chosen={chosen} icon="inspect" />;
  return (
    <>
      <header class="view-head">
        <div>
          <h1>Inspect model</h1>
          <p class="note">
            {opened ? summaryOf(opened) : 'The layers of a model, and the output of each for an image.'}
          </p>
        </div>
        <ModelBar chosen={chosen} />
      </header>
      {opened && chosen.note && <Message>{chosen.note}</Message>}
      {opened ? (
        <Opened key={opened.name} opened={opened} facts={chosen.facts} />
      ) : (
        <Panel>
          <ModelState chosen={chosen} />
        </Panel>
      )}
    </>
  );
}

function Opened({
  opened,
  facts,
}: {
  readonly opened: OpenedModel;
  readonly facts: Parameters<typeof Examples>[0]['facts'];
}) {
  const { layers } = opened;
  const filters = useLoad(`filters of ${opened.name}`, () => askModel('filters'));
  const asked = layers.findIndex(({ name }) => name === place.value.query.layer);
  const first = layers.findIndex(({ name }) => name === filters.value?.layer);
  const at = asked >= 0 ? asked : Math.max(0, first);
  const layer = layers[at];
  const [subject, setSubject] = useState<{ readonly blob: Blob; readonly name: string }>();
  const { pixels, features, error, busy } = useFeatures(opened, subject, layer);
  const select = (name: string) => setQuery({ layer: name }, { replace: true });
  const beside = (by: number): ModelLayer | undefined => layers[at + by];
  const take = ([file]: readonly File[]) => {
    if (/\.onnx$/i.test(file.name)) chooseFile(file);
    else setSubject({ blob: file, name: file.name });
  };
  const shown = features?.get(layer.name);
  const { imageShape } = opened;
  return (
    <div class="inspect">
      <Panel title="Layers" class="layers">
        <LayerGraph
          layers={layers}
          imageShape={imageShape}
          selected={layer.name}
          onSelect={select}
          features={features}
          pixels={pixels}
        />
      </Panel>
      <div class="stack">
        <Panel class="subject">
          {pixels && (
            <ImageView
              pixels={pixels}
              width={imageShape.width}
              height={imageShape.height}
              alt={`${subject?.name}, as the model sees it`}
            />
          )}
          <div class="stack">
            <Dropzone
              title={pixels ? 'Another image' : 'Drop an image to see the output of each layer'}
              compact
              paste
              onFiles={take}
            />
            <Examples facts={facts} onPick={(blob, name) => setSubject({ blob, name })} />
            {error !== undefined && <Message title="This image cannot be used" error={error} />}
          </div>
        </Panel>
        <Panel
          title={layer.name}
          class="layer"
          note={factsOf(layer)}
          aside={
            <div class="row">
              <Button
                icon="left"
                aria-label="The layer before"
                disabled={!beside(-1)}
                onClick={() => select(beside(-1)!.name)}
              />
              <Button
                icon="right"
                aria-label="The layer after"
                disabled={!beside(1)}
                onClick={() => select(beside(1)!.name)}
              />
            </div>
          }
        >
          {filters.value?.layer === layer.name && <FilterImages filters={filters.value} />}
          {shown ? (
            <FeatureImages key={layer.name} features={shown} classNames={opened.classNames} />
          ) : busy ? (
            <Loading what="the layer’s output" />
          ) : (
            <p class="note">Choose an image above to see this layer’s output.</p>
          )}
        </Panel>
      </div>
    </div>
  );
}

/** What layers make of an image: of all of them at once, where that is not too much. */
function useFeatures(
  opened: OpenedModel,
  subject: { readonly blob: Blob; readonly name: string } | undefined,
  layer: ModelLayer,
) {
  const [decoded, setDecoded] = useState<{ of: Blob; pixels?: Uint8Array; error?: unknown }>();
  const [found, setFound] = useState<{
    of: Uint8Array;
    features?: ReadonlyMap<string, LayerFeatures>;
    error?: unknown;
  }>();
  useEffect(() => {
    if (!subject) return;
    let gone = false;
    const done = (result: { pixels?: Uint8Array; error?: unknown }) => {
      if (!gone) setDecoded({ of: subject.blob, ...result });
    };
    askModel('decode', subject.blob, subject.name).then(
      (pixels) => done({ pixels }),
      (error: unknown) => done({ error }),
    );
    return () => {
      gone = true;
    };
  }, [opened, subject]);
  const current = decoded?.of === subject?.blob ? decoded : undefined;
  const pixels = current?.pixels;
  const names = opened.layers.map(({ name }) => name);
  const all = useRef(
    opened.layers.reduce((total, each) => total + numbersOf(each), 0) <= MOST_NUMBERS,
  ).current;
  const wanted = all ? names : [layer.name];
  const key = wanted.join('\n');
  useEffect(() => {
    if (!pixels) return;
    let gone = false;
    askModel('features', pixels, wanted).then(
      (features) => {
        if (!gone) setFound({ of: pixels, features: new Map(features.map((each) => [each.layer, each])) });
      },
      (error: unknown) => {
        if (!gone) setFound({ of: pixels, error });
      },
    );
    return () => {
      gone = true;
    };
  }, [opened, pixels, key]);
  const known = found && found.of === pixels ? found : undefined;
  const error = current?.error ?? known?.error;
  return {
    ...(pixels && { pixels }),
    ...(known?.features && { features: known.features }),
    ...(error !== undefined && { error }),
    busy: subject !== undefined && error === undefined && !known?.features?.has(layer.name),
  };
}

function numbersOf({ outputShape }: ModelLayer): number {
  return outputShape.slice(1).reduce<number>((product, size) => product * (Number(size) || 1), 1);
}

function factsOf({ ops, outputShape, parameters, inputs }: ModelLayer): string {
  return [
    ops.join(', '),
    `gives ${sizeText(outputShape)}`,
    parameters > 0 ? formatQuantity(parameters, 'parameter') : undefined,
    inputs.length > 1 ? `takes ${inputs.join(' and ')}` : undefined,
  ]
    .filter(Boolean)
    .join(' · ');
}

function summaryOf({ name, layers, classNames, imageShape: { width, height } }: OpenedModel): string {
  const parameters = layers.reduce((total, layer) => total + layer.parameters, 0);
  return `${name}: ${formatCount(layers.length)} layers with ${formatQuantity(parameters, 'parameter')}, from images of ${width} × ${height} to ${formatQuantity(classNames.length, 'class', 'classes')}. What runs is the file itself; views that it averages are left out here.`;
}
