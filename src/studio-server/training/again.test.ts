import { expect, it } from 'vitest';
import { flagOf } from '../../options/option.ts';
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

it.each([{ merge: { dog: ['husky'] } }, { testSplit: 0.1 }, { groupBy: '/(person\\d+)_' }])(
  'is refused for a run whose images the form would read or divide in another way: %j',
  async (how) => {
    const datasets = new DatasetLibrary(
      [{ id: 'photos', spec: '/photos' }],
      new EventHub(),
      new AbortController().signal,
    );
    const sources = { datasets } as Parameters<typeof requestAgain>[1];
    const record = { options: { data: 'photos', ...how }, data: { path: '/photos' } };
    const [name] = Object.keys(how);
    await expect(requestAgain(record as unknown as RunRecord, sources)).rejects.toThrow(
      `how this run read its images cannot be chosen in this form: received ${flagOf(name)}. Begin it in a terminal`,
    );
  },
);
