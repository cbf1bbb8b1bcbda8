import { formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import type { RunDetails, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { Message } from '../../components/message.tsx';
import { isKnown } from '../../images/corrected.ts';
import { folderOf } from '../../studio.ts';
import { evaluateAgain } from './again.ts';
import { useTestImages } from './images.tsx';

/** Offers the figures of a run by labels that were corrected since it was evaluated. */
export function Again({
  details,
  predictions,
}: {
  readonly details: RunDetails;
  readonly predictions: RunPredictions;
}) {
  const { corrected } = useTestImages();
  const [shown, setShown] = useState(false);
  const { changed, correct, total, interval95 } = evaluateAgain(predictions, corrected);
  if (changed === 0 || !isKnown(corrected)) return null;
  const images = formatQuantity(changed, 'test image');
  if (!shown) {
    return (
      <Message onRetry={() => setShown(true)} retry="Evaluate again">
        {images} {changed === 1 ? 'was' : 'were'} corrected since this run was evaluated.
      </Message>
    );
  }
  const [lower, upper] = interval95.map((each) => formatPercent(each, 1));
  return (
    <Message kind="good" title={`With your corrections: ${formatPercent(correct / Math.max(1, total), 1)}`}>
      {correct} of {total} right (95% interval {lower} to {upper}), with {images} corrected. The figures below
      are those that the run was evaluated with; <code>npx harrier evaluate {folderOf(details)}</code> prints
      all of them anew.
    </Message>
  );
}
