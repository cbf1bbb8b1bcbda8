import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type { DatasetInfo, ImageMap, Split } from 'harrier/src/studio-server/api.ts';
import { useMemo, useState } from 'preact/hooks';
import { getJson } from '../../../api.ts';
import { Choice } from '../../../components/choice.tsx';
import { Loading } from '../../../components/loading.tsx';
import { Message } from '../../../components/message.tsx';
import { useCorrected } from '../../../images/corrected.ts';
import { useCorrections } from '../../../images/corrections.ts';
import { labelOf } from '../../../images/entries.ts';
import { ImageLightbox } from '../../../images/image-lightbox.tsx';
import { thumbnailUrl } from '../../../images/tiles.tsx';
import { Undo } from '../../../images/undo.tsx';
import { useLoad } from '../../../load.ts';
import { place, setQuery } from '../../../router.ts';
import { type ColourBy, colouringOf } from './colouring.ts';
import './map.css';
import { Scatter } from './scatter.tsx';

const COLOURS: readonly { readonly value: ColourBy; readonly label: string }[] = [
  { value: 'class', label: 'Class' },
  { value: 'error', label: 'Error' },
  { value: 'part', label: 'Part' },
];

interface MapTabProps {
  readonly facts: DatasetInfo;
  /** Another one brings another map. */
  readonly inspected: unknown;
}

/** All images as points: those that the network finds alike lie together. */
export function MapTab({ facts, inspected }: MapTabProps) {
  const asked = useLoad(
    `map ${facts.id}`,
    (signal) => getJson<ImageMap>(`datasets/${facts.id}/inspection/map`, { signal }),
    inspected,
  );
  if (asked.value) return <Points facts={facts} map={asked.value} />;
  if (asked.error !== undefined) return <Message error={asked.error} onRetry={asked.again} />;
  return <Loading what="the map" />;
}

function Points({ facts, map }: { readonly facts: DatasetInfo; readonly map: ImageMap }) {
  const { query } = place.value;
  const by = COLOURS.find(({ value }) => value === query.colour)?.value ?? 'class';
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [active, setActive] = useState<number>();
  const [opened, setOpened] = useState<number>();
  const corrections = useCorrections();
  const corrected: Readonly<Record<Split, ReturnType<typeof useCorrected>>> = {
    train: useCorrected(facts, 'train'),
    test: useCorrected(facts, 'test'),
    validation: useCorrected(facts, 'validation'),
  };
  const { train, test, validation } = corrected;
  const classOf = (point: number) => {
    const entry = corrected[map.split[point]].get(map.index[point]);
    return entry ? labelOf(entry) : map.label[point];
  };
  const colouring = useMemo(
    () => colouringOf(by, map, facts, classOf),
    [by, map, facts.classNames, train, test, validation],
  );
  const { classNames } = facts;
  const nameOf = (point: number) => {
    const said = map.predicted[point];
    const own = classOf(point);
    const error = said === null || said === own ? '' : `, taken for ${classNames[said]}`;
    return `${classNames[own]}${error}, ${map.split[point]}`;
  };
  const toggle = (group: number) => {
    const next = new Set(hidden);
    if (!next.delete(group)) next.add(group);
    setHidden(next);
  };
  return (
    <div class="stack">
      <div class="map-head">
        <Choice
          label="Colour by"
          options={COLOURS}
          value={by}
          onValue={(value) => {
            setHidden(new Set());
            setQuery({ colour: value === 'class' ? undefined : value }, { replace: true });
          }}
        />
        <ul class="map-legend" aria-label="Colours; choose one to hide its images">
          {colouring.groups.map(({ name, colour, count }, group) => (
            <li key={name}>
              <button type="button" aria-pressed={!hidden.has(group)} onClick={() => toggle(group)}>
                <i style={{ background: colour }} /> {name} <small>{formatCount(count)}</small>
              </button>
            </li>
          ))}
        </ul>
      </div>
      <div class="map">
        <Scatter
          points={map}
          colouring={colouring}
          hidden={hidden}
          active={active}
          onActive={setActive}
          onOpen={setOpened}
          label={`${formatQuantity(map.index.length, 'image')} as points. Arrow keys go from one to the next, Enter opens it.`}
        />
        <div class="map-image" role="status">
          {active === undefined ? (
            <p class="note">Point at an image, or go with the arrow keys. A click or Enter opens it.</p>
          ) : (
            <>
              <img src={thumbnailUrl(facts, map.split[active], map.index[active])} alt="" />
              <p>{nameOf(active)}</p>
            </>
          )}
        </div>
      </div>
      <p class="note">
        Images that the network finds alike lie together. The two directions are those in which its features
        vary most; what lies apart in others may lie together here. Ctrl and the wheel zoom, dragging moves.
      </p>
      {opened === undefined ? (
        <Undo corrections={corrections} />
      ) : (
        <ImageLightbox
          facts={facts}
          split={map.split[opened]}
          index={map.index[opened]}
          corrections={corrections}
          onClose={() => setOpened(undefined)}
        >
          <p>{nameOf(opened)}</p>
        </ImageLightbox>
      )}
    </div>
  );
}
