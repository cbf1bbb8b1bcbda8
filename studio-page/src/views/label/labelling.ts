import { type Signal, signal } from '@preact/signals';
import type { Progress } from 'harrier/src/data/progress.ts';
import type {
  LabelImage,
  LabellingAnswer,
  LabellingDeed,
  LabellingInfo,
  MovedImages,
} from 'harrier/src/studio-server/api.ts';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { getJson, send } from '../../api.ts';
import { listen, onReconnect } from '../../live.ts';
import { newId } from '../../new-id.ts';

/** What the server says of the folder; undefined until it has answered. */
export const labelling = signal<LabellingAnswer | undefined>(undefined);
/** How far reading the images is. */
export const opening = signal<Progress | undefined>(undefined);
/** Why the last act was refused, or the folder could not be asked for. */
export const refused = signal<unknown>(undefined);
/** Images that were acted on here and are not confirmed by the server yet: they are not shown again. */
export const pending = signal<ReadonlySet<number>>(new Set());

/** The image that is shown: it stays until it is acted on, whatever is chosen meanwhile. */
export const shown = signal<LabelImage | undefined>(undefined);

/**
 * The image to show: the one that is shown already, else the first that is to come. A proposal stays as long as its
 * image: what a key confirms is what was on the screen.
 */
export function imageToShow(next: readonly LabelImage[]): LabelImage | undefined {
  const held = shown.value;
  if (!held || pending.value.has(held.id)) return next.find(({ id }) => !pending.value.has(id));
  return held.proposals.length > 0 ? held : (next.find(({ id }) => id === held.id) ?? held);
}

/** Images that are confirmed together as one class. */
export interface Group {
  readonly name: string;
  readonly images: readonly LabelImage[];
  /** As many as the model is sure of, with those that are not shown. */
  readonly total: number;
}

/** The group that is shown: it stays until it is acted on, too. */
export const group = signal<Group | undefined>(undefined);

/** Holds what a view shows, as long as it is open. */
export function useHeld<T>(held: Signal<T | undefined>, now: T | undefined): void {
  // Before anything else can happen: what is on the screen is what a key means.
  useLayoutEffect(() => {
    held.value = now;
  }, [now]);
  useEffect(
    () => () => {
      held.value = undefined;
    },
    [],
  );
}

/** The group to show: the one that is shown already, else the one that the model proposes. */
export function groupToShow({ batch, classes }: LabellingInfo): Group | undefined {
  const offered = batch && { ...batch, name: classes[batch.label].name };
  return [group.value, offered].find((each) => each?.images.some(({ id }) => !pending.value.has(id)));
}

/** Who acts, for the server: this tab, also after it was loaded again. Undo takes back what was done in it. */
const by = ownName();

function ownName(): string {
  const key = 'harrier.label.by';
  const name = newId();
  try {
    const known = sessionStorage.getItem(key);
    if (known !== null) return known;
    sessionStorage.setItem(key, name);
  } catch {
    // Browsers may refuse storage.
  }
  return name;
}

let acting: Promise<unknown> = Promise.resolve();
let waiting = 0;

/** Whether the server may be another one, which counts its revisions anew. */
let isAnew = false;

/** Takes an answer that is no older than what is known. */
function take(answer: LabellingAnswer): void {
  const known = labelling.peek();
  const isOlder =
    !isAnew && answer.state === 'ready' && known?.state === 'ready' && answer.revision < known.revision;
  isAnew = false;
  if (!isOlder) labelling.value = answer;
}

async function load(): Promise<void> {
  const [one, several] = [shown.peek(), group.peek()];
  try {
    const answer = await getJson<LabellingAnswer>('labelling', {
      parameters: { by, shown: one?.id, group: several?.images.map(({ id }) => id).join() },
    });
    if (answer.state === 'ready') {
      // Those that somebody else labelled go; another server may call others by the same numbers.
      const isIn =
        (images: readonly LabelImage[]) =>
        ({ id, file }: LabelImage) =>
          images.some((image) => image.id === id && image.file === file);
      if (one && shown.peek()?.id === one.id && !isIn(answer.next)(one)) shown.value = undefined;
      const isOpen = isIn(answer.group ?? []);
      if (several && group.peek() === several && !several.images.every(isOpen)) {
        group.value = { ...several, images: several.images.filter(isOpen) };
      }
    }
    take(answer);
    if (labelling.peek()?.state !== 'opening') opening.value = undefined;
  } catch (error) {
    refused.value = error;
  }
}

let loading: Promise<void> | undefined;
let again = false;

/** Asks for the state, once at a time. */
export function refresh(): void {
  if (loading) {
    again = true;
    return;
  }
  loading = load().finally(() => {
    loading = undefined;
    if (again) {
      again = false;
      refresh();
    }
  });
}

/** Follows the server as long as the view is open. @returns what ends it */
export function follow(): () => void {
  const ends = [
    onReconnect(() => {
      isAnew = true;
      refresh();
    }),
    listen('labelling', ({ progress }) => {
      if (progress) opening.value = progress;
      // What is being sent is answered with the newest state.
      else if (waiting === 0) refresh();
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Has the server do something; acts go one after another. Images that it is about leave the view at once. */
export function act(what: LabellingDeed): Promise<LabellingInfo | undefined> {
  const images = what.act === 'confirm' ? what.images : what.act === 'skip' ? [what.image] : [];
  pending.value = new Set([...pending.peek(), ...images]);
  waiting++;
  const done = acting.then(async () => {
    try {
      const answer = await send<LabellingInfo>('POST', 'labelling/acts', { ...what, by });
      refused.value = undefined;
      if (what.act === 'undo' || what.act === 'revisit') shown.value = group.value = undefined;
      take(answer);
      return answer;
    } catch (error) {
      refused.value = error;
      return undefined;
    } finally {
      waiting--;
      pending.value = new Set([...pending.peek()].filter((image) => !images.includes(image)));
      if (waiting === 0) refresh();
    }
  });
  acting = done;
  return done;
}

/** Has labelled images moved into class folders. @throws RequestError */
export async function moveImages(): Promise<MovedImages> {
  const moved = await send<MovedImages>('POST', 'labelling/move');
  refresh();
  return moved;
}
