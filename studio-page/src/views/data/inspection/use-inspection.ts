import type { DatasetInfo, InspectionAnswer, StudioEvents } from 'harrier/src/studio-server/api.ts';
import { useEffect, useState } from 'preact/hooks';
import { getJson, send } from '../../../api.ts';
import { listen, reconnections } from '../../../live.ts';
import { useLoad } from '../../../load.ts';

/** The inspection of a data set, and what can be done about it. */
export interface InspectionState {
  readonly answer: InspectionAnswer | undefined;
  readonly error: unknown;
  readonly again: () => void;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export function useInspection(facts: DatasetInfo): InspectionState {
  const { id } = facts;
  const [told, setTold] = useState<StudioEvents['inspection']>();
  const [failure, setFailure] = useState<unknown>();
  const asked = useLoad(
    `inspection ${id}`,
    (signal) => getJson<InspectionAnswer>(`datasets/${id}/inspection`, { signal }),
    // New facts tell of corrections, which make what was found old.
    facts,
  );
  const { again } = asked;
  // What was told while nobody listened is in the answer.
  const generation = reconnections.value;
  useEffect(() => setTold(undefined), [id, generation]);
  useEffect(
    () =>
      listen('inspection', (event) => {
        if (event.id !== id) return;
        setTold(event);
        if (event.state !== 'inspecting') again();
      }),
    [id, again],
  );
  const ask = async (path: string) => {
    setFailure(undefined);
    try {
      await send('POST', `datasets/${id}/${path}`);
      again();
    } catch (reason) {
      setFailure(reason);
    }
  };
  const isUnderWay = told?.id === id && told.state === 'inspecting';
  return {
    answer: isUnderWay
      ? { state: 'inspecting', ...(told.progress && { progress: told.progress }) }
      : asked.value,
    error: failure ?? asked.error,
    again,
    start: () => ask('inspection'),
    stop: () => ask('inspection/stop'),
  };
}
