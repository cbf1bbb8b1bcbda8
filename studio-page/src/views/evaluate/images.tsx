import { formatCertainty, formatCount } from 'harrier/src/format/format.ts';
import type { DatasetInfo, ImageEntry, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useMemo, useState } from 'preact/hooks';
import { useCorrected } from '../../images/corrected.ts';
import { useCorrections } from '../../images/corrections.ts';
import { ImageLightbox } from '../../images/image-lightbox.tsx';
import { Undo } from '../../images/undo.tsx';

/** What the walls of this view share: one image of them is looked at, and corrected, at a time. */
export interface TestImages {
  /** Test images that were corrected, by their index in the data. */
  readonly corrected: ReadonlyMap<number, ImageEntry>;
  /** Shows one of a list of test images of a run, large. */
  readonly open: (images: readonly number[], position: number, predictions: RunPredictions) => void;
}

const Shared = createContext<TestImages>({ corrected: new Map(), open: () => {} });

export function useTestImages(): TestImages {
  return useContext(Shared);
}

interface Opened {
  readonly images: readonly number[];
  readonly position: number;
  readonly predictions: RunPredictions;
}

/** Lets the walls below it open their images in place. */
export function TestImagesOf(props: {
  readonly facts: DatasetInfo | undefined;
  readonly run: string;
  readonly children: ComponentChildren;
}) {
  const { facts, run, children } = props;
  const corrections = useCorrections();
  const corrected = useCorrected(facts, 'test');
  const [opened, setOpened] = useState<Opened>();
  const shared = useMemo<TestImages>(
    () => ({
      corrected,
      open: (images, position, predictions) => setOpened({ images, position, predictions }),
    }),
    [corrected],
  );
  const go = (position: number) => opened && setOpened({ ...opened, position });
  const { images, position, predictions } = opened ?? { images: [], position: 0 };
  const image = images[position];
  return (
    <Shared.Provider value={shared}>
      {children}
      {facts && opened && predictions ? (
        <ImageLightbox
          facts={facts}
          split="test"
          index={predictions.index[image]}
          corrections={corrections}
          run={run}
          note={`${formatCount(position + 1)} of ${formatCount(images.length)}`}
          onPrevious={position > 0 ? () => go(position - 1) : undefined}
          onNext={position + 1 < images.length ? () => go(position + 1) : undefined}
          onClose={() => setOpened(undefined)}
        >
          <p>
            The model said <b>{facts.classNames[predictions.predicted[image]]}</b>,{' '}
            {formatCertainty(predictions.probability[image])} sure.
          </p>
        </ImageLightbox>
      ) : (
        <Undo corrections={corrections} />
      )}
    </Shared.Provider>
  );
}
