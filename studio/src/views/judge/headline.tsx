import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import { formatCount, formatInterval, formatPercent } from 'harrier/src/evaluation/format.ts';
import type { RunDetails, RunFileName, RunSummary } from 'harrier/src/studio/api.ts';
import { apiUrl } from '../../api.ts';
import { Icon } from '../../components/icon.tsx';
import { Link } from '../../components/link.tsx';

interface HeadlineProps {
  readonly run: RunSummary;
  readonly details: RunDetails;
  readonly evaluation: Evaluation;
}

/** Files for who wants to take the result along, and what to call them. */
const FILES: readonly { readonly name: RunFileName; readonly title: string; readonly opens: boolean }[] = [
  { name: 'report.html', title: 'Report', opens: true },
  { name: 'README.md', title: 'Model card', opens: true },
  { name: 'model.onnx', title: 'model.onnx', opens: false },
];

/** The one number, how sure it is, and what there is to take along. */
export function Headline({ run, details, evaluation }: HeadlineProps) {
  const { accuracy, correct, total, interval95, loss, calibration, macro, top5Accuracy } = evaluation;
  const tiles: [string, string][] = [
    ['Loss', loss.toFixed(4)],
    ['Calibration error', formatPercent(calibration.expectedCalibrationError)],
    ['Macro F1', formatPercent(macro.f1)],
    ...(top5Accuracy === undefined
      ? []
      : [['Among the best five', formatPercent(top5Accuracy)] as [string, string]]),
  ];
  const [low, high] = interval95;
  return (
    <section aria-label="In short" class="headline">
      <div class="score">
        <strong>
          {formatPercent(accuracy).slice(0, -1)}
          <small>%</small>
        </strong>
        <p>
          {formatCount(correct)} of {formatCount(total)} test images right
          <span>95% interval {formatInterval(interval95)}</span>
        </p>
      </div>
      <svg class="interval" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" y="7" width="1000" height="6" rx="3" />
        <rect class="done" y="7" width={1000 * accuracy} height="6" rx="3" />
        <rect class="span" x={1000 * low} y="2" width={Math.max(3, 1000 * (high - low))} height="16" rx="2" />
      </svg>
      <dl class="tiles">
        {tiles.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="row files">
        {run.hasModel && (
          <>
            <Link class="button" view="try" query={{ model: run.id }}>
              <Icon name="try" size={18} /> Try it
            </Link>
            <Link class="button" view="inside" query={{ model: run.id }}>
              <Icon name="inside" size={18} /> Look inside
            </Link>
          </>
        )}
        {FILES.filter(({ name }) => details.files.includes(name)).map(({ name, title, opens }) => (
          <a
            key={name}
            class="button"
            href={apiUrl(`runs/${run.id}/files/${name}`)}
            {...(opens ? { target: '_blank', rel: 'noreferrer' } : { download: `${run.id}.onnx` })}
          >
            <Icon name={opens ? 'link' : 'download'} size={18} /> {title}
          </a>
        ))}
      </p>
    </section>
  );
}
