import { likelyLabelErrors } from 'harrier/src/evaluation/label-errors.ts';
import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type { DatasetInfo, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useMemo } from 'preact/hooks';
import { Panel } from '../../components/panel.tsx';
import { useTestImages } from './images.tsx';
import { LongWall } from './wall.tsx';

/** Images whose label may be wrong, for a person to look at. */
export function LabelErrors(props: { readonly facts: DatasetInfo; readonly predictions: RunPredictions }) {
  const { facts, predictions } = props;
  const errors = useMemo(() => likelyLabelErrors(predictions), [predictions]);
  const { corrected } = useTestImages();
  const images = useMemo(() => errors.map(({ index }) => index), [errors]);
  if (images.length === 0) return null;
  const { classNames } = facts;
  const done = images.filter((image) => corrected.has(predictions.index[image])).length;
  return (
    <Panel
      title="Likely label errors"
      note={`${formatQuantity(images.length, 'image')} that the model assigns to another class with at least its usual confidence in that class. Click one to relabel it or leave it out.${done > 0 ? ` ${formatCount(done)} of them ${done === 1 ? 'is' : 'are'} corrected.` : ''}`}
    >
      <LongWall
        facts={facts}
        predictions={predictions}
        classNames={classNames}
        images={images}
        size={104}
        caption={(image) =>
          `labelled ${classNames[predictions.label[image]]}: ${classNames[predictions.predicted[image]]}?`
        }
      />
    </Panel>
  );
}
