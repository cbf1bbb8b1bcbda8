import type {
  CorrectedImages,
  CorrectionChange,
  CorrectionChanges,
  ImageEntry,
  Split,
} from 'harrier/src/studio-server/api.ts';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { send } from '../api.ts';
import { inParts, undoing } from './entries.ts';

/** What was done to images here, and can be taken back. */
export interface Step {
  readonly dataset: string;
  readonly split: Split;
  /** `SplitInfo.hash` of the images as they were shown. */
  readonly hash: string;
  /** As they were. */
  readonly before: readonly ImageEntry[];
  /** What was done, for people: `test #17 is now an image of dog.` */
  readonly words: string;
}

/** What is to be done to images, and how to tell it. */
export interface Wish {
  readonly dataset: string;
  readonly split: Split;
  readonly hash: string;
  readonly indices: readonly number[];
  readonly words: string;
}

export interface Corrections {
  /** The last step, which `undo` takes back. */
  readonly last: Step | undefined;
  readonly error: unknown;
  /** @returns whether it was kept */
  readonly change: (wish: Wish, change: CorrectionChange) => Promise<boolean>;
  readonly undo: () => Promise<void>;
  readonly dismiss: () => void;
}

/** Corrects labels and takes that back, the last step first. `onEntries` is told what became of images. */
export function useCorrections(
  onEntries: (entries: readonly ImageEntry[], split: Split) => void = () => {},
): Corrections {
  const [done, setDone] = useState<readonly Step[]>([]);
  // One after another: what is taken back is what was done last, also where its answer is not there yet.
  const steps = useRef<readonly Step[]>([]);
  const acting = useRef<Promise<unknown>>(Promise.resolve());
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const result = acting.current.then(act);
    acting.current = result;
    return result;
  };
  const keep = (now: readonly Step[]) => {
    steps.current = now;
    setDone(now);
  };
  const told = useRef(onEntries);
  told.current = onEntries;
  const [shown, setShown] = useState(false);
  const [error, setError] = useState<unknown>();
  const put = async (
    { dataset, split, hash }: Pick<Step, 'dataset' | 'split' | 'hash'>,
    changes: CorrectionChanges['changes'],
  ): Promise<readonly ImageEntry[] | undefined> => {
    const before: ImageEntry[] = [];
    try {
      for (const part of inParts(changes)) {
        const body: CorrectionChanges = { changes: part, hash };
        const answer = await send<CorrectedImages>('PUT', `datasets/${dataset}/${split}/marks`, body);
        before.push(...answer.before);
        told.current(answer.after, split);
      }
      setError(undefined);
      return before;
    } catch (reason) {
      setError(reason);
      return undefined;
    }
  };
  const corrections: Corrections = {
    last: shown ? done.at(-1) : undefined,
    error,
    change: ({ indices, words, ...where }, change) =>
      inTurn(async () => {
        const before = await put(where, [{ ...change, indices }]);
        if (!before) return false;
        keep([...steps.current, { ...where, before, words }]);
        setShown(true);
        return true;
      }),
    undo: () =>
      inTurn(async () => {
        const step = steps.current.at(-1);
        if (step && (await put(step, undoing(step.before)))) keep(steps.current.slice(0, -1));
      }),
    dismiss: () => {
      setShown(false);
      setError(undefined);
    },
  };
  useLayoutEffect(() => {
    const undo = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox';
      if (event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey)) return;
      if (event.shiftKey || typing) return;
      event.preventDefault();
      void corrections.undo();
    };
    addEventListener('keydown', undo);
    return () => removeEventListener('keydown', undo);
  });
  return corrections;
}
