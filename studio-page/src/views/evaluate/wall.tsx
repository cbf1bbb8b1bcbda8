import { formatCertainty, formatCount } from 'harrier/src/format/format.ts';
import type { DatasetInfo, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useMemo, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { ImageGrid } from '../../components/image-grid.tsx';
import { imagesAt } from '../../datasets.ts';
import { navigate } from '../../router.ts';

export interface WallProps {
  readonly facts: DatasetInfo;
  readonly predictions: RunPredictions;
  readonly classNames: readonly string[];
  /** Which test images of the run. */
  readonly images: readonly number[];
  readonly size?: number;
  /** What to say below each; by default how sure the model was. */
  readonly caption?: (image: number) => string;
}

/** Test images of a run; a click leads to the image among its data, where it can be relabelled or left out. */
export function Wall({ facts, predictions, classNames, images, size = 68, caption }: WallProps) {
  const { index, label, predicted, probability } = predictions;
  const source = useMemo(
    () =>
      imagesAt(
        facts,
        'test',
        images.map((image) => index[image]),
        (position) => {
          const image = images[position];
          const said = `${classNames[predicted[image]]} with ${formatCertainty(probability[image])}`;
          return `${classNames[label[image]]}, test #${index[image]}; the model said ${said}`;
        },
      ),
    [facts, images, predictions],
  );
  return (
    <ImageGrid
      source={source}
      label="Images"
      size={size}
      caption={(position) => {
        const image = images[position];
        return caption ? caption(image) : formatCertainty(probability[image]);
      }}
      onSelect={(position) =>
        navigate('data', { data: facts.id, split: 'test', image: index[images[position]] })
      }
    />
  );
}

/** Images that a long wall shows until all of them are asked for. */
const SHOWN = 24;

/** A wall of the first images, and of all of them on request. */
export function LongWall({ images, noun = '', ...props }: WallProps & { readonly noun?: string }) {
  const [all, setAll] = useState(false);
  return (
    <>
      <Wall {...props} images={all ? images : images.slice(0, SHOWN)} />
      {images.length > SHOWN && (
        <Button kind="quiet" class="more" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${formatCount(images.length)}${noun}`}
        </Button>
      )}
    </>
  );
}
