import { formatCertainty, formatCount } from 'harrier/src/format/format.ts';
import { useState } from 'preact/hooks';
import { Button } from '../../../components/button.tsx';
import { Lightbox } from '../../../components/lightbox.tsx';
import '../../../images/image-lightbox.css';
import '../../../images/tiles.css';
import type { AnsweredImage } from './evaluating.ts';

interface AnswerWallProps {
  readonly classNames: readonly string[];
  readonly answers: readonly AnsweredImage[];
  readonly caption: (answer: AnsweredImage) => string;
}

/** Images that a wall shows until all of them are asked for. */
const SHOWN = 24;
/** For tiles on screens of two pixels a point. */
const THUMBNAIL = 240;

/** Images in their own shape with what the model said; a click shows one large. */
export function AnswerWall({ classNames, answers, caption }: AnswerWallProps) {
  const [all, setAll] = useState(false);
  const [at, setAt] = useState<number>();
  const shown = all ? answers : answers.slice(0, SHOWN);
  const opened = at === undefined ? undefined : answers[at];
  return (
    <>
      <ul class="tiles">
        {shown.map((answer, position) => (
          <li key={answer.image.name}>
            <button type="button" onClick={() => setAt(position)}>
              <img src={answer.image.url(THUMBNAIL)} alt={answer.image.name} loading="lazy" />
            </button>
            <p>{caption(answer)}</p>
          </li>
        ))}
      </ul>
      {answers.length > SHOWN && (
        <Button kind="quiet" class="more" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${formatCount(answers.length)}`}
        </Button>
      )}
      {opened && at !== undefined && (
        <Lightbox
          title={classNames[opened.image.label]}
          note={`${formatCount(at + 1)} of ${formatCount(answers.length)}`}
          onPrevious={at > 0 ? () => setAt(at - 1) : undefined}
          onNext={at + 1 < answers.length ? () => setAt(at + 1) : undefined}
          onClose={() => setAt(undefined)}
          stage={
            <div class="photo">
              <img key={opened.image.name} src={opened.image.url()} alt={opened.image.name} />
            </div>
          }
        >
          <div class="image-facts">
            <p>{opened.image.name}</p>
          </div>
          <p>
            The model said <b>{classNames[opened.predicted]}</b>, {formatCertainty(opened.probability)} sure.
          </p>
        </Lightbox>
      )}
    </>
  );
}
