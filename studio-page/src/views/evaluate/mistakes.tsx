import { formatCertainty, formatCount } from 'harrier/src/format/format.ts';
import type { DatasetInfo, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useMemo, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/panel.tsx';
import { Wall } from './wall.tsx';

interface ImageSection {
  readonly facts: DatasetInfo;
  readonly predictions: RunPredictions;
}

const SHOWN = 24;

/** What the model was surest of, and wrong about. */
export function Mistakes({ facts, predictions }: ImageSection) {
  const [all, setAll] = useState(false);
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
      <Wall
        facts={facts}
        predictions={predictions}
        classNames={classNames}
        images={all ? images : images.slice(0, SHOWN)}
        size={104}
        caption={(image) =>
          `${classNames[predictions.label[image]]}, said ${classNames[predictions.predicted[image]]} ${formatCertainty(predictions.probability[image])}`
        }
      />
      {images.length > SHOWN && (
        <Button kind="quiet" class="more" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${formatCount(images.length)} mistakes`}
        </Button>
      )}
    </Panel>
  );
}
