import type { NewRunRequest, RunPlan } from 'harrier/src/studio-server/api.ts';
import { useRef } from 'preact/hooks';
import { send } from '../../../api.ts';
import { type Loaded, useLoad } from '../../../load.ts';
import { optionsOf, type Typed } from './typed.ts';

/** Who types is not asked about at every letter. */
const PAUSE_MS = 250;

/** What a run would be, as the server says; while it is asked again, what it said before stays. */
export function usePlan(method: Omit<NewRunRequest, 'options'>, typed: Typed): Loaded<RunPlan> {
  const known = useRef<{ readonly key: string; readonly plan: RunPlan } | undefined>(undefined);
  const key = JSON.stringify(method);
  const plan = useLoad(
    key,
    async (signal) => {
      const ask = (options: NewRunRequest['options']) =>
        send<RunPlan>('POST', 'runs/plan', { ...method, options });
      const isKnown = known.current?.key === key;
      if (isKnown) await pause(PAUSE_MS, signal);
      // Before the first answer it is not known which fields there are.
      let plan = isKnown ? known.current!.plan : await ask({});
      const options = optionsOf(plan.fields, typed);
      if (isKnown || Object.keys(options).length > 0) plan = await ask(options);
      if (!signal.aborted) known.current = { key, plan };
      return plan;
    },
    JSON.stringify(typed),
  );
  return plan;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
