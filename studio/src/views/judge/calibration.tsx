import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import { formatCount, formatPercent } from 'harrier/src/evaluation/format.ts';
import { Panel } from '../../components/panel.tsx';

const SIZE = 320;
const LEFT = 46;
const TOP = 10;
/** Height of the strip below that shows where the images lie. */
const STRIP = 46;

/** The reliability diagram: how often the model is right when it says how sure it is. */
export function Calibration({ evaluation }: { readonly evaluation: Evaluation }) {
  const { bins, expectedCalibrationError } = evaluation.calibration;
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const mean = (of: 'confidence' | 'accuracy') =>
    bins.reduce((sum, bin) => sum + bin.count * (bin[of] ?? 0), 0) / Math.max(1, total);
  const [stated, right] = [mean('confidence'), mean('accuracy')];
  const x = (share: number) => LEFT + share * SIZE;
  const y = (share: number) => TOP + (1 - share) * SIZE;
  const bottom = TOP + SIZE;
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const points = formatPercent(Math.abs(stated - right), 1).slice(0, -1);
  return (
    <Panel title="Does it mean what it says?" note="How often it is right, by how sure it says that it is.">
      <svg
        class="reliability"
        viewBox={`0 0 ${LEFT + SIZE + 4} ${bottom + STRIP + 58}`}
        role="img"
        aria-label={`Share right against stated probability, in ${bins.length} bins. Expected calibration error ${formatPercent(expectedCalibrationError)}`}
      >
        {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={LEFT + SIZE} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 7} y={y(tick)} dy="0.35em" text-anchor="end">
              {100 * tick}%
            </text>
            <text x={x(tick)} y={bottom + 18} text-anchor={tick === 1 ? 'end' : 'middle'}>
              {100 * tick}%
            </text>
          </g>
        ))}
        {bins.map(({ from, to, count, accuracy, confidence }) => {
          if (accuracy === null || confidence === null) return null;
          const width = (to - from) * SIZE - 1.5;
          const [low, high] = [Math.min(accuracy, confidence), Math.max(accuracy, confidence)];
          const height = (count / most) * STRIP;
          return (
            <g key={from}>
              <title>
                {`Stated ${formatPercent(from, 0)}–${formatPercent(to, 0)}, on average ${formatPercent(confidence, 1)}\nright ${formatPercent(accuracy, 1)} of ${formatCount(count)} images`}
              </title>
              <rect class="share" x={x(from)} y={y(accuracy)} width={width} height={accuracy * SIZE} />
              <rect class="gap" x={x(from)} y={y(high)} width={width} height={(high - low) * SIZE} />
              <line class="level" x1={x(from)} x2={x(from) + width} y1={y(accuracy)} y2={y(accuracy)} />
              <rect
                class="images"
                x={x(from)}
                y={bottom + 34 + STRIP - height}
                width={width}
                height={height}
              />
            </g>
          );
        })}
        <line class="ideal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        <text x={LEFT + SIZE / 2} y={bottom + STRIP + 52} text-anchor="middle">
          probability that the model states
        </text>
      </svg>
      <ul class="legend reliability-legend">
        <li>
          <i class="swatch share" /> share that is right
        </li>
        <li>
          <i class="swatch gap" /> distance to what was stated
        </li>
        <li>
          <i class="swatch images" /> where the images lie
        </li>
      </ul>
      <p class="note">
        On average it states <b>{formatPercent(stated, 1)}</b> and is right in{' '}
        <b>{formatPercent(right, 1)}</b>.{' '}
        {Math.abs(stated - right) < 0.01
          ? 'Taken together the two agree.'
          : `It is ${stated > right ? 'too sure of itself' : 'more often right than it claims'}, by ${points} points.`}
      </p>
    </Panel>
  );
}
