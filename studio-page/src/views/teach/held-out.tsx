import { formatDuration, formatPercent } from 'harrier/src/format/format.ts';
import { Panel } from '../../components/panel.tsx';
import { classes, imageUrlOf } from '../../teach/project.ts';
import type { Taught } from '../../teach/training.ts';

/** What the model makes of the images that it was not trained on: the wrong ones first. */
export function HeldOut({ taught: { outcome } }: { readonly taught: Taught }) {
  const { classNames, heldOut, seconds, history, folds } = outcome;
  const images = new Map(
    (classes.value ?? []).flatMap((each) => each.images.map((image) => [image.id, image] as const)),
  );
  const evaluated = heldOut.map(({ id, label, probabilities }) => {
    const predicted = probabilities.indexOf(Math.max(...probabilities));
    return { id, label, predicted, fraction: probabilities[predicted], image: images.get(id) };
  });
  const right = evaluated.filter(({ label, predicted }) => label === predicted).length;
  return (
    <Panel
      title={
        evaluated.length === 0
          ? 'Too few images to hold any out'
          : `${right} of ${evaluated.length} held-out images are right`
      }
      note={
        evaluated.length > 0 && evaluated.length < 30
          ? `So few images say little: with as many others it may well be ${wider(right, evaluated.length)}.`
          : undefined
      }
    >
      <div class="stack">
        {classNames.length > 1 && <Confusion classNames={classNames} evaluated={evaluated} />}
        <ul class="held-out">
          {evaluated
            .toSorted(
              (a, b) =>
                Number(a.label === a.predicted) - Number(b.label === b.predicted) || b.fraction - a.fraction,
            )
            .slice(0, 60)
            .map(({ id, label, predicted, fraction, image }) => (
              <li key={id} class={label === predicted ? 'right' : 'wrong'}>
                {image ? <img src={imageUrlOf(image)} alt={image.name} loading="lazy" /> : <i />}
                <span>
                  {label === predicted
                    ? classNames[label]
                    : `${classNames[label]} taken for ${classNames[predicted]}`}{' '}
                  <b>{formatPercent(fraction)}</b>
                </span>
              </li>
            ))}
        </ul>
        <p class="note">
          {folds === undefined
            ? `Trained in ${formatDuration(seconds)}, ${history.length} epochs. These images were not trained on, but the best epoch was chosen by them.`
            : `Trained in ${formatDuration(seconds)}. Each of these images was evaluated by a model that had not learned from it (${folds} parts); your model has learned from all of them.`}
        </p>
      </div>
    </Panel>
  );
}

/** A rough range for another draw of as many: Wilson's interval at 95%. */
function wider(right: number, all: number): string {
  const z = 1.96;
  const fraction = right / all;
  const centre = (fraction + z ** 2 / (2 * all)) / (1 + z ** 2 / all);
  const reach =
    (z * Math.sqrt((fraction * (1 - fraction)) / all + z ** 2 / (4 * all ** 2))) / (1 + z ** 2 / all);
  return `${Math.round(100 * Math.max(0, centre - reach))} to ${Math.round(100 * Math.min(1, centre + reach))}%`;
}

interface Evaluated {
  readonly label: number;
  readonly predicted: number;
}

/** Rows: what the images show; columns: what the model says. */
function Confusion({
  classNames,
  evaluated,
}: {
  readonly classNames: readonly string[];
  readonly evaluated: readonly Evaluated[];
}) {
  const count = (label: number, predicted: number) =>
    evaluated.filter((each) => each.label === label && each.predicted === predicted).length;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" aria-label="Which class was taken for which" tabIndex={0}>
      <table class="confusion">
        <thead>
          <tr>
            <th scope="col">shows ↓ says →</th>
            {classNames.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classNames.map((name, label) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {classNames.map((other, predicted) => {
                const here = count(label, predicted);
                return (
                  <td key={other} class={here === 0 ? 'none' : label === predicted ? 'right' : 'wrong'}>
                    {here}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
