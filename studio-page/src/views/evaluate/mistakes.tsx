import { formatCertainty } from 'harrier/src/format/format.ts';
import type { DatasetInfo, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useMemo } from 'preact/hooks';
import { Panel } from '../../components/panel.tsx';
import { LongWall } from './wall.tsx';

interface ImageSection {
  readonly facts: DatasetInfo;
  readonly predictions: RunPredictions;
}

/** What the model was surest of, and wrong about. */
export function Mistakes({ facts, predictions }: ImageSection) {
  const { classNames } = facts;
  const images = useMemo(() => {
    const { label, predicted, probability } = predictions;
    return label
      .flatMap((each, i) => (each === predicted[i] ? [] : [i]))
      .sort((a, b) => probability[b] - probability[a]);
  }, [predictions]);
  if (images.length === 0) return null;
  return (
    <Panel title="The most confident mistakes" note="Wrong predictions with the highest confidence.">
      <LongWall
        noun=" mistakes"
        facts={facts}
        predictions={predictions}
        classNames={classNames}
        images={images}
        size={104}
        caption={(image) =>
          `${classNames[predictions.label[image]]}, said ${classNames[predictions.predicted[image]]} ${formatCertainty(predictions.probability[image])}`
        }
      />
    </Panel>
  );
}
