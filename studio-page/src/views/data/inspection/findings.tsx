import { formatCertainty, formatCount, formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import { CurveChart } from 'harrier/src/report/curve-chart.ts';
import type { DatasetInfo, Split, StudioInspection } from 'harrier/src/studio-server/api.ts';
import { contentIn } from '../../../datasets.ts';
import 'virtual:report/figures.css';
import 'virtual:report/curve.css';
import { Button } from '../../../components/button.tsx';
import { Panel } from '../../../components/panel.tsx';
import type { PlacedImage } from '../../../images/tiles.tsx';
import { Advice } from './advice.tsx';
import { Copies } from './copies.tsx';
import { Sections, useSections } from './sections.tsx';

interface FindingsProps {
  readonly facts: DatasetInfo;
  readonly found: StudioInspection;
}

type Named = StudioInspection['duplicates'][number]['images'][number];

/** What an inspection found, in order of what it is for; every image can be opened and corrected. */
export function Findings({ facts, found }: FindingsProps) {
  const sections = useSections(facts);
  const { corrections } = sections;
  const { classNames } = facts;
  const { labels, duplicates, outliers, quality, rotation, confusions, learningCurve } = found;
  const placed = (image: Named, caption: PlacedImage['caption']): PlacedImage => ({
    split: image.part as Split,
    index: image.index,
    name: `${image.class}, ${image.file}`,
    caption,
  });
  const relabel = (issue: StudioInspection['labels']['issues'][number]) => {
    const label = classNames.indexOf(issue.suggested);
    const words = `${issue.file} is now an image of ${issue.suggested}.`;
    const split = issue.part as Split;
    const wish = { ...contentIn(facts, split), indices: [issue.index], words };
    return (
      <Button
        aria-label={`It is ${issue.suggested}: relabel ${issue.file}`}
        onClick={() => void corrections.change(wish, { label })}
      >
        It is {issue.suggested}
      </Button>
    );
  };
  return (
    <Sections {...sections}>
      <Worth found={found} />
      <Advice advice={found.advice} />
      {learningCurve && learningCurve.points.length > 1 && (
        <Panel title="Would more photos help?" note={curveWords(found)}>
          <CurveChart curve={learningCurve} />
        </Panel>
      )}
      {labels.issues.length > 0 && (
        <sections.Section
          id="relabel"
          title={`${formatQuantity(labels.issues.length, 'label')} to check`}
          note={`${found.multiLabel ? '' : `About ${formatPercent(labels.noise, 1)} of all labels are wrong, by confident learning. `}The most certain come first.`}
          images={labels.issues.map((issue) => ({
            ...placed(
              issue,
              <>
                <bdi>{issue.class || 'no label'}</bdi>
                {issue.tag === undefined ? ' → ' : issue.isMissing ? ': also ' : ': not '}
                <b>
                  <bdi>{issue.tag ?? issue.suggested}</bdi>
                </b>{' '}
                {formatCertainty(issue.probability)}
              </>,
            ),
            ...(issue.tag === undefined && { action: relabel(issue) }),
          }))}
        />
      )}
      {duplicates.length > 0 && <Copies groups={duplicates} Section={sections.Section} placed={placed} />}
      {rotation && rotation.rotated.length > 0 && (
        <sections.Section
          id="rotate"
          title={`${formatQuantity(rotation.rotated.length, 'photo')} to turn upright`}
          note="Turn the files themselves, in any photo program."
          images={rotation.rotated.map((image) => placed(image, `turn by ${image.turn}° clockwise`))}
        />
      )}
      {quality.issues.length > 0 && (
        <sections.Section
          id="retake"
          title={formatQuantity(quality.issues.length, 'poor photo')}
          note="Blurred, dark, bright, plain or tiny, as the network sees them."
          images={quality.issues.map((image) => placed(image, `${image.class}: ${image.issues.join(', ')}`))}
        />
      )}
      {outliers.length > 0 && (
        <sections.Section
          id="outliers"
          title="Unlike all others"
          note="Photos whose nearest neighbours are far away, the farthest first. Do they belong here?"
          images={outliers.map((image) => placed(image, image.class))}
        />
      )}
      {confusions.map(({ classes, count, examples }, i) => (
        <sections.Section
          key={classes.join('\n')}
          id={i === 0 ? 'classes' : undefined}
          title={`${classes.join(' and ')} will be confused`}
          note={`${formatQuantity(count, 'image')} of one ${count === 1 ? 'was' : 'were'} taken for the other in cross-validation.`}
          images={examples.map((image) =>
            placed(
              image,
              <>
                <bdi>{image.class}</bdi> →{' '}
                <b>
                  <bdi>{image.predicted}</bdi>
                </b>{' '}
                {formatCertainty(image.probability)}
              </>,
            ),
          )}
        />
      ))}
    </Sections>
  );
}

/** How good a model will be. */
function Worth({ found: { accuracy, network, images, multiLabel } }: { readonly found: StudioInspection }) {
  if (!accuracy) {
    return (
      <p class="note">
        Too few images to say how good a model will be: each class needs some that can be held out.
      </p>
    );
  }
  const [low, high] = accuracy.interval95;
  return (
    <section class="worth" aria-label="Expected accuracy">
      <p>
        <strong>{formatPercent(accuracy.accuracy, 1)}</strong>
      </p>
      <div>
        <p>
          expected accuracy on photos like these: {formatCount(accuracy.correct)} of{' '}
          {formatCount(accuracy.total)} right{multiLabel && ' in every label'} in {accuracy.folds}-fold
          cross-validation
        </p>
        {multiLabel?.meanAveragePrecision !== undefined && (
          <p>
            mAP <b>{formatPercent(multiLabel.meanAveragePrecision, 1)}</b>
            {multiLabel.microF1 !== undefined && (
              <>
                , micro F1 <b>{formatPercent(multiLabel.microF1, 1)}</b>
              </>
            )}
          </p>
        )}
        <p class="note">
          95% interval {formatPercent(low, 1)} to {formatPercent(high, 1)}. {formatQuantity(images, 'image')},
          seen through {network.name}.
        </p>
      </div>
    </section>
  );
}

function curveWords({ learningCurve }: StudioInspection): string {
  const forecast = learningCurve?.forecast;
  if (!forecast) return 'Too few images to say how much more of them would bring.';
  const [low, high] = forecast.gainInterval95.map((value) => (100 * value).toFixed(1));
  return `Twice as many photos of the same kind would add about ${(100 * forecast.gain).toFixed(1)} points (95% interval ${low} to ${high}).`;
}
