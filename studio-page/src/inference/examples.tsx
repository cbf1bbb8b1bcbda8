import type { ModelInfo } from 'harrier/src/studio-server/api.ts';
import './examples.css';
import airplane from './examples/airplane.png';
import cat from './examples/cat.png';
import deer from './examples/deer.png';
import dog from './examples/dog.png';
import frog from './examples/frog.png';
import horse from './examples/horse.png';
import ship from './examples/ship.png';
import truck from './examples/truck.png';

/** Test images of CIFAR-10: the model has not learnt from them. */
const EXAMPLES = Object.entries({ horse, ship, dog, frog, airplane, deer, cat, truck });

/** Images to begin with, where the model knows what they show. */
export function Examples(props: {
  readonly facts: ModelInfo | undefined;
  readonly onPick: (blob: Blob, name: string) => void;
}) {
  const { facts, onPick } = props;
  const known = EXAMPLES.filter(([name]) => facts?.classNames.includes(name));
  if (known.length === 0) return null;
  return (
    <div class="examples">
      <span class="note" id="examples">
        or one of these
      </span>
      <ul aria-labelledby="examples">
        {known.map(([name, url]) => (
          <li key={name}>
            <button
              type="button"
              title={`A ${name}`}
              onClick={async () => onPick(await (await fetch(url)).blob(), `${name}.png`)}
            >
              <img src={url} alt={`Example: ${name}`} width={44} height={44} class="crisp" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
