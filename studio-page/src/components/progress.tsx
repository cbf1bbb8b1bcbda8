import { formatCount, formatDuration } from 'harrier/src/format/format.ts';
import './progress.css';

export interface ProgressProps {
  /** What is being done: `Downloading the model`. */
  readonly label: string;
  readonly done: number;
  /** How much there is in all; 0 when that is not known. */
  readonly total: number;
  /** How `done` and `total` read; by default as counts. */
  readonly format?: (amount: number) => string;
  /** What is counted: `steps`. */
  readonly unit?: string;
  /** What a second does, in words: `1,200 images/s`. */
  readonly rate?: string;
  readonly etaSeconds?: number;
}

/** How far something has come, how fast it goes and when it will be done. */
export function Progress({
  label,
  done,
  total,
  format = formatCount,
  unit,
  rate,
  etaSeconds,
}: ProgressProps) {
  const fraction = total > 0 ? Math.min(1, done / total) : undefined;
  const words = unit === undefined ? '' : ` ${unit}`;
  const facts = [
    total > 0
      ? `${format(done)} of ${format(total)}${words}`
      : done > 0
        ? `${format(done)}${words}`
        : undefined,
    rate,
    etaSeconds === undefined ? undefined : `${formatDuration(etaSeconds)} left`,
  ].filter((fact) => fact !== undefined);
  return (
    <div class="progress">
      <div class="progress-head">
        <span>{label}</span>
        {fraction !== undefined && <b>{Math.floor(100 * fraction)}%</b>}
      </div>
      <div
        class={`track ${fraction === undefined ? 'unknown' : ''}`}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={fraction === undefined ? undefined : Math.floor(100 * fraction)}
        aria-valuetext={facts.join(', ') || undefined}
      >
        <i style={{ width: fraction === undefined ? undefined : `${100 * fraction}%` }} />
      </div>
      {facts.length > 0 && (
        <p class="progress-facts" aria-hidden="true">
          {facts.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </p>
      )}
    </div>
  );
}
