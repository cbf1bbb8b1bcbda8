import { formatCount } from 'harrier/src/format/format.ts';
import type { DatasetInfo, ImageEntry, Split } from 'harrier/src/studio-server/api.ts';
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { Panel } from '../../../components/panel.tsx';
import { useCorrected } from '../../../images/corrected.ts';
import { type Corrections, useCorrections } from '../../../images/corrections.ts';
import { ImageLightbox } from '../../../images/image-lightbox.tsx';
import { type PlacedImage, Tiles } from '../../../images/tiles.tsx';
import { Undo } from '../../../images/undo.tsx';

interface Opened {
  readonly images: readonly PlacedImage[];
  readonly position: number;
}

interface Shared {
  readonly facts: DatasetInfo;
  readonly corrected: (split: Split, index: number) => ImageEntry | undefined;
  readonly onOpen: (opened: Opened) => void;
}

const Context = createContext<Shared | undefined>(undefined);

export interface SectionsState extends Shared {
  readonly corrections: Corrections;
  readonly opened: Opened | undefined;
  readonly onClose: () => void;
  readonly Section: typeof Section;
}

/** What sections of images share: the image that is looked at, and what was corrected. */
export function useSections(facts: DatasetInfo): SectionsState {
  const corrections = useCorrections();
  const [opened, onOpen] = useState<Opened>();
  const all = {
    train: useCorrected(facts, 'train'),
    test: useCorrected(facts, 'test'),
    validation: useCorrected(facts, 'validation'),
  };
  return {
    facts,
    corrections,
    corrected: (split, index) => all[split].get(index),
    opened,
    onOpen,
    onClose: () => onOpen(undefined),
    Section,
  };
}

/** Sections, and the image over them that one of them has opened. */
export function Sections(props: SectionsState & { readonly children: ComponentChildren }) {
  const { facts, corrections, corrected, opened, onOpen, onClose, children } = props;
  const { images, position } = opened ?? { images: [], position: 0 };
  const image = images[position];
  const go = (to: number) => () => onOpen({ images, position: to });
  return (
    <Context.Provider value={{ facts, corrected, onOpen }}>
      <div class="findings">{children}</div>
      {image ? (
        <ImageLightbox
          facts={facts}
          split={image.split}
          index={image.index}
          corrections={corrections}
          note={`${formatCount(position + 1)} of ${formatCount(images.length)}`}
          onPrevious={position > 0 ? go(position - 1) : undefined}
          onNext={position + 1 < images.length ? go(position + 1) : undefined}
          onClose={onClose}
        >
          <p>{image.caption}</p>
        </ImageLightbox>
      ) : (
        <Undo corrections={corrections} />
      )}
    </Context.Provider>
  );
}

interface SectionProps {
  /** Where advice leads. */
  readonly id?: string | undefined;
  readonly title: string;
  readonly note: string;
  readonly images: readonly PlacedImage[];
}

/** Images that have something in common; how many of them are corrected is said. */
function Section({ id, title, note, images }: SectionProps) {
  const { facts, corrected, onOpen } = useContext(Context)!;
  const done = images.filter(({ split, index }) => corrected(split, index)).length;
  const left = done === 0 ? '' : ` ${formatCount(done)} done, ${formatCount(images.length - done)} left.`;
  return (
    <div {...(id && { id: `found-${id}`, tabIndex: -1 })}>
      <Panel title={title} note={`${note}${left}`}>
        <Tiles
          facts={facts}
          images={images}
          corrected={corrected}
          onOpen={(position) => onOpen({ images, position })}
        />
      </Panel>
    </div>
  );
}
