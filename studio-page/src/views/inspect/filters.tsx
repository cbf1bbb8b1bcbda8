import type { Filters } from 'harrier/src/explanation/index.ts';
import { formatQuantity } from 'harrier/src/format/format.ts';
import { useMemo } from 'preact/hooks';
import { limitsOf, sheetOf } from './pixels.ts';
import { SheetImage } from './sheet-image.tsx';

/** The first convolution's filters, in the colours that they look for. */
export function FilterImages({ filters }: { readonly filters: Filters }) {
  const { layer, count, channels, height, width, data } = filters;
  const sheet = useMemo(() => {
    const size = channels * height * width;
    const most = Array.from({ length: count }, (_, i) => {
      const [low, high] = limitsOf(data.subarray(i * size, (i + 1) * size));
      return Math.max(Math.abs(low), Math.abs(high)) || 1;
    });
    return sheetOf(count, { width, height }, 12, (i, row, column) => {
      const at = (c: number) => data[((i * channels + c) * height + row) * width + column];
      const shade = (value: number) => 128 + (127 * value) / most[i];
      if (channels === 3) return [shade(at(0)), shade(at(1)), shade(at(2))];
      const mean = Array.from({ length: channels }, (_, c) => at(c)).reduce((a, b) => a + b) / channels;
      return [shade(mean), shade(mean), shade(mean)];
    });
  }, [filters]);
  return (
    <div class="maps">
      <h3>Its filters</h3>
      <p class="note">
        {formatQuantity(count, 'filter')} of {height} × {width}: light where a filter looks for light, dark
        where for dark, grey where it does not care; each in its own contrast.
      </p>
      <SheetImage sheet={sheet} label={`The filters of layer ${layer}`} small />
    </div>
  );
}
