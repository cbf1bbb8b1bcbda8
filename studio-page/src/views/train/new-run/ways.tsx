import type { NewRunRequest, TrainingWay, TrainingWays } from 'harrier/src/studio-server/api.ts';
import { useId } from 'preact/hooks';

/** What tells a way from the others. */
export function keyOf({ kind, recipe }: TrainingWay): string {
  return recipe ?? kind;
}

/** The way to begin with: that of the run whose settings are taken over, else what suits the data. */
export function firstWay(
  { ways, proposed }: TrainingWays,
  like: NewRunRequest | undefined,
  augment: string | undefined,
): TrainingWay {
  const wanted = like && (like.recipe ?? like.trainable ?? 'head');
  const known = ways.find((way) => keyOf(way) === wanted);
  if (known) return known;
  // A last layer sees each image as it is, and mirrored: it has no other augmentation.
  const isChanged = augment !== undefined && !/^(none|light|flip)$/.test(augment);
  const own = ways[proposed];
  return isChanged && own.kind === 'head' ? (ways.find(({ kind }) => kind === 'all') ?? own) : own;
}

interface WaysProps {
  readonly ways: TrainingWays;
  readonly chosen: string;
  readonly onChoose: (way: TrainingWay) => void;
}

/** The ways to train, as cards. */
export function Ways({ ways: { ways, proposed }, chosen, onChoose }: WaysProps) {
  const name = useId();
  return (
    <fieldset class="recipes">
      <legend class="unseen">How to train</legend>
      {ways.map((way, i) => (
        <label key={keyOf(way)} class={way.missing === undefined ? 'recipe' : 'recipe missing'}>
          <input
            type="radio"
            name={name}
            checked={keyOf(way) === chosen}
            disabled={way.missing !== undefined}
            onChange={() => onChoose(way)}
          />
          <span>
            <span class="recipe-title">
              <b>{way.title}</b>
              {i === proposed && <em>Suits this data</em>}
            </span>
            <span>{way.missing ?? way.summary}</span>
            {way.note && way.missing === undefined && <small>{way.note}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
