import { formatDuration, formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { type Evaluated, expected, weakestClass } from '../../teach/estimate.ts';
import type { Outcome } from '../../teach/messages.ts';
import { classes, imageUrlOf } from '../../teach/project.ts';
import type { Taught } from '../../teach/taught.ts';

/** What the model makes of the images that it was not trained on: the wrong ones first. */
export function HeldOut({ taught: { outcome } }: { readonly taught: Taught }) {
  const { classNames, heldOut, seconds, history, folds, oneRecording = [] } = outcome;
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
          : `${right} of ${formatQuantity(evaluated.length, 'held-out image')} ${right === 1 ? 'is' : 'are'} right`
      }
      note={evaluated.length === 0 ? undefined : expectation(outcome)}
    >
      <div class="stack">
        {oneRecording.length > 0 && <OneRecording classNames={oneRecording} />}
        <Advice classNames={classNames} evaluated={evaluated} />
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
            ? `Trained in ${formatDuration(seconds)}, ${formatQuantity(history.length, 'epoch')}. These images were not trained on, but the best epoch was chosen by them.`
            : `Trained in ${formatDuration(seconds)}. Each of these images was evaluated by a model that had not learned from it (${folds} parts); your model has learned from all of them.`}
        </p>
      </div>
    </Panel>
  );
}

/** What to expect of other images like these. */
function expectation({ heldOut }: Outcome): string {
  const { lower, upper } = expected(heldOut);
  return `On other images like these, expect ${lower} to ${upper}% right (95% interval).`;
}

/** Why the figure above promises too much. */
function OneRecording({ classNames }: { readonly classNames: readonly string[] }) {
  return (
    <Message>
      All images of {classNames.map((name) => `“${name}”`).join(', ')} come from one recording, so the
      held-out ones are much like those that were learned from: expect less elsewhere. Record again from
      another side, or add photos.
    </Message>
  );
}

/** Which class needs images most. */
function Advice({
  classNames,
  evaluated,
}: {
  readonly classNames: readonly string[];
  readonly evaluated: readonly Evaluated[];
}) {
  const weakest = weakestClass(evaluated);
  if (!weakest) return null;
  const { label, count, wrong, takenFor, times } = weakest;
  return (
    <p>
      <b>{classNames[label]}</b> needs images most: {wrong} of {count} were not recognised, {times} of them
      taken for <b>{classNames[takenFor]}</b>. Add images that show the difference.
    </p>
  );
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
