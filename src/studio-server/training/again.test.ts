import { expect, it } from 'vitest';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import { DatasetLibrary } from '../datasets/dataset-library.ts';
import { EventHub } from '../events.ts';
import { requestAgain } from './again.ts';

it('shows the data of a run as a shell takes it', async () => {
  const data = "it's; mine";
  const datasets = new DatasetLibrary([], new EventHub(), new AbortController().signal);
  const record = { options: { data }, data: {} } as RunRecord;
  const sources = { datasets } as Parameters<typeof requestAgain>[1];
  await expect(requestAgain(record, sources)).rejects.toThrow(
    `Start it with: npx harrier studio --data ${shellQuote(data)}`,
  );
});
