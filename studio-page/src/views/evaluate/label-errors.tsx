import { likelyLabelErrors } from 'harrier/src/evaluation/label-errors.ts';
import { formatQuantity } from 'harrier/src/format/format.ts';
import type { DatasetInfo, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useMemo } from 'preact/hooks';
import { Panel } from '../../components/panel.tsx';
import { LongWall } from './wall.tsx';

/** Images whose label may be wrong, for a person to look at. */
export function LabelErrors(props: { readonly facts: DatasetInfo; readonly predictions: RunPredictions }) {
  const { facts, predictions } = props;
  const errors = useMemo(() => likelyLabelErrors(predictions), [predictions]);
  const images = useMemo(() => errors.map(({ index }) => index), [errors]);
  if (images.length === 0) return null;
  const { classNames } = facts;
  return (
    <Panel
      title="Likely label errors"
      note={`${formatQuantity(images.length, 'image')} that the model assigns to another class with at least its usual confidence in that class. Click one to open it in Data, where it can be relabelled or left out.`}
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
