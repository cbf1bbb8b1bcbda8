import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type { StudioInspection } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { Button } from '../../../components/button.tsx';
import type { PlacedImage } from '../../../images/tiles.tsx';
import type { SectionsState } from './sections.tsx';

type Group = StudioInspection['duplicates'][number];

interface CopiesProps {
  readonly groups: readonly Group[];
  readonly Section: SectionsState['Section'];
  readonly placed: (image: Group['images'][number], caption: string) => PlacedImage;
}

/** Groups that are shown until more are asked for: thousands of photos may have hundreds. */
const SHOWN = 8;

const KINDS: Readonly<Record<string, string>> = {
  exact: 'the same pixels',
  near: 'hardly different',
  alike: 'much alike',
};

/** Images that are there more than once: those that spoil a test first, then those that contradict each other. */
export function Copies({ groups, Section, placed }: CopiesProps) {
  const [shown, setShown] = useState(SHOWN);
  const harm = ({ acrossParts, acrossClasses }: Group) => 2 * Number(acrossParts) + Number(acrossClasses);
  const ordered = groups.toSorted((a, b) => harm(b) - harm(a));
  return (
    <>
      {ordered.slice(0, shown).map((group, i) => (
        <Section
          key={`${group.images[0]?.part} ${group.images[0]?.index}`}
          id={i === 0 ? 'duplicates' : undefined}
          title={`Copies ${formatCount(i + 1)} of ${formatCount(groups.length)}: ${formatQuantity(group.images.length, 'image')}, ${KINDS[group.kind] ?? group.kind}`}
          note={noteOf(group)}
          images={group.images.map((image) => placed(image, `${image.class}, ${image.part}`))}
        />
      ))}
      {ordered.length > shown && (
        <div class="row">
          <Button onClick={() => setShown(shown + 4 * SHOWN)}>
            Show more copies ({formatCount(ordered.length - shown)} left)
          </Button>
        </div>
      )}
    </>
  );
}

function noteOf({ images, acrossParts, acrossClasses }: Group): string {
  const notes = [
    acrossParts &&
      (images.some(({ part }) => part === 'test')
        ? 'They are in several parts of the data: the test accuracy becomes too high.'
        : 'They are in several parts of the data: the validation accuracy becomes too high.'),
    acrossClasses && 'Their labels differ: at most one is right.',
  ].filter(Boolean);
  return notes.join(' ') || 'Copies teach a model nothing new.';
}
