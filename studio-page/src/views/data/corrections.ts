import type { Correction, CorrectionChange, ImageEntry, Split } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { send } from '../../api.ts';

/** A label correction that was set here and can be taken back. */
export interface Step {
  readonly dataset: string;
  readonly split: Split;
  readonly index: number;
  readonly before: Correction | undefined;
  /** What was done, for people: `test #17 is a dog`. */
  readonly words: string;
}

export interface Corrections {
  /** The last step, which `undo` takes back. */
  readonly last: Step | undefined;
  readonly error: unknown;
  readonly change: (step: Step, change: CorrectionChange) => Promise<void>;
  readonly undo: () => Promise<void>;
  readonly dismiss: () => void;
}

/** Sets marks and takes them back, the last one first. `onEntry` is told what became of an image. */
export function useCorrections(onEntry: (entry: ImageEntry, split: Split) => void): Corrections {
  const [done, setDone] = useState<readonly Step[]>([]);
  const [shown, setShown] = useState(false);
  const [error, setError] = useState<unknown>();
  const put = async ({ dataset, split, index }: Step, change: CorrectionChange): Promise<boolean> => {
    try {
      onEntry(await send<ImageEntry>('PUT', `datasets/${dataset}/${split}/marks/${index}`, change), split);
      setError(undefined);
      return true;
    } catch (reason) {
      setError(reason);
      return false;
    }
  };
  return {
    last: shown ? done.at(-1) : undefined,
    error,
    async change(step, change) {
      if (!(await put(step, change))) return;
      setDone((before) => [...before, step]);
      setShown(true);
    },
    async undo() {
      const step = done.at(-1);
      if (!step) return;
      const { label = null, excluded = false } = step.before ?? {};
      if (await put(step, { label, excluded })) setDone((before) => before.filter((each) => each !== step));
    },
    dismiss: () => setShown(false),
  };
}
