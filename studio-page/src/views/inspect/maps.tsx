import type { LayerFeatures } from 'harrier/src/explanation/index.ts';
import { formatNumber, formatQuantity } from 'harrier/src/format/format.ts';
import { useMemo, useState } from 'preact/hooks';
import { Bars } from '../../components/bars.tsx';
import { Button } from '../../components/button.tsx';
import { heatBetween, limitsOf, sheetOf } from './pixels.ts';
import { SheetImage } from './sheet-image.tsx';

/** Maps that are shown at first. */
const FIRST = 64;

/** What one layer makes of an image: a map for each channel, or a row of numbers. */
export function FeatureImages(props: {
  readonly features: LayerFeatures;
  readonly classNames: readonly string[];
}) {
  const { features, classNames } = props;
  const { channels, height, width, data } = features;
  const [all, setAll] = useState(false);
  const [low, high] = useMemo(() => limitsOf(data), [data]);
  const isRow = height * width === 1;
  const count = all || isRow ? channels : Math.min(FIRST, channels);
  const sheet = useMemo(() => {
    const color = heatBetween(low, high);
    return sheetOf(count, { width, height }, isRow ? 32 : 8, (i, row, column) =>
      color(data[(i * height + row) * width + column]),
    );
  }, [data, count, low, high]);
  if (isRow && channels === classNames.length) {
    return (
      <Bars
        label="Output for each class"
        bars={classNames.map((name, i) => ({
          id: name,
          label: name,
          value: low < 0 ? data[i] - low : data[i],
          text: formatNumber(data[i], 3),
        }))}
      />
    );
  }
  return (
    <div class="maps">
      <p class="note">
        {isRow
          ? `${formatQuantity(channels, 'number')}, from ${formatNumber(low, 3)} (dark) to ${formatNumber(high, 3)} (light).`
          : `${formatQuantity(channels, 'feature map')} of ${height} × ${width}, from ${formatNumber(low, 3)} (dark) to ${formatNumber(high, 3)} (light).`}
      </p>
      <SheetImage sheet={sheet} label={`Output of layer ${features.layer} for the image`} />
      {!isRow && channels > FIRST && (
        <Button kind="quiet" onClick={() => setAll(!all)}>
          {all ? `The first ${FIRST}` : `All ${channels} maps`}
        </Button>
      )}
    </div>
  );
}
