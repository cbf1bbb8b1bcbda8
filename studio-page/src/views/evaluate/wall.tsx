import { formatCertainty, formatCount } from 'harrier/src/format/format.ts';
import type { DatasetInfo, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useMemo, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { ImageGrid } from '../../components/image-grid.tsx';
import { imagesAt } from '../../datasets.ts';
import { correctionWords, withCorrections } from '../../images/corrected-images.ts';
import { useTestImages } from './images.tsx';

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

/** Test images of a run; a click opens the image, where it can be relabelled or left out. */
export function Wall({ facts, predictions, classNames, images, size = 68, caption }: WallProps) {
  const { index, label, predicted, probability } = predictions;
  const { corrected, open } = useTestImages();
  const plain = useMemo(
    () =>
      imagesAt(
        facts,
        'test',
        images.map((image) => index[image]),
        (position) => {
          const image = images[position];
          const said = `${classNames[predicted[image]]} with ${formatCertainty(probability[image])}`;
          // What is seen below it is heard too.
          const below = caption ? `: ${caption(image)}` : '';
          return `${classNames[label[image]]}, test #${index[image]}; the model said ${said}${below}`;
        },
      ),
    [facts, images, predictions],
  );
  const source = withCorrections(plain, corrected, (position) => index[images[position]], facts);
  return (
    <ImageGrid
      source={source}
      label="Images"
      size={size}
      caption={(position) => {
        const image = images[position];
        const done = corrected.get(index[image]);
        if (done) return `✓ ${correctionWords(done, classNames)}`;
        return caption ? caption(image) : formatCertainty(probability[image]);
      }}
      onSelect={(position) => open(images, position, predictions)}
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
