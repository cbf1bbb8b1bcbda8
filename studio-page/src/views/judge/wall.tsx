import { formatCertainty } from 'harrier/src/format/format.ts';
import type { DatasetFacts, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useMemo } from 'preact/hooks';
import { PictureGrid } from '../../components/picture-grid.tsx';
import { picturesAt } from '../../datasets.ts';
import { navigate } from '../../router.ts';

export interface WallProps {
  readonly facts: DatasetFacts;
  readonly predictions: RunPredictions;
  readonly classNames: readonly string[];
  /** Which test images of the run. */
  readonly images: readonly number[];
  readonly size?: number;
  /** What to say below each; by default how sure the model was. */
  readonly caption?: (image: number) => string;
}

/** Test images of a run; a click leads to the picture among its data, where it can be relabelled or left out. */
export function Wall({ facts, predictions, classNames, images, size = 68, caption }: WallProps) {
  const { index, label, predicted, probability } = predictions;
  const source = useMemo(
    () =>
      picturesAt(
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
    <PictureGrid
      source={source}
      label="Pictures"
      size={size}
      caption={(position) => {
        const image = images[position];
        return caption ? caption(image) : formatCertainty(probability[image]);
      }}
      onSelect={(position) =>
        navigate('data', { data: facts.id, split: 'test', picture: index[images[position]] })
      }
    />
  );
}
