import { expect, it } from 'vitest';
import { type BenchLine, compareBenchLines, lastOfMachine, parseBenchHistory } from './history.ts';
import { summaryOf } from './measure.ts';

const line = (more: Partial<BenchLine>): BenchLine => ({
  release: '0.1.0',
  date: '2026-11-28',
  cpu: 'a processor',
  threads: 2,
  runtime: 'onnxruntime-node 1.30.0',
  node: '20.20.2',
  ratios: {},
  ...more,
});

it('calls slower or faster only what lies beyond all rounds of the other', () => {
  const before = line({
    ratios: { step: summaryOf([2.1, 1.9, 2]), start: summaryOf([2, 3]), gone: summaryOf([1]) },
  });
  const changes = (step: number[]) =>
    compareBenchLines(
      { ratios: { step: summaryOf(step), start: summaryOf([2.5]), odd: summaryOf([1]) } },
      before,
    ).map(({ figure, verdict }) => [figure, verdict]);
  const others = [
    ['start', 'within noise'],
    ['odd', 'new'],
  ];
  expect(changes([2.2, 2.4, 2.11])).toEqual([['step', 'slower'], ...others]);
  expect(changes([2.2, 2.4, 2.1])).toEqual([['step', 'within noise'], ...others]);
  expect(changes([1.8, 1.7, 1.89])).toEqual([['step', 'faster'], ...others]);
});

it('takes the newest line of the same processor and threads', () => {
  const history = [line({}), line({ release: '0.2.0' }), line({ release: '0.3.0', threads: 4 })];
  expect(lastOfMachine(history, { cpu: 'a processor', threads: 2 })?.release).toBe('0.2.0');
  expect(lastOfMachine(history, { cpu: 'another', threads: 2 })).toBeUndefined();
});

it('reads what it wrote, and says which line it cannot', () => {
  const lines = [line({ ratios: { step: summaryOf([3, 1, 2]) } }), line({})];
  const content = `${lines.map((each) => JSON.stringify(each)).join('\n')}\n`;
  expect(parseBenchHistory(content, 'h.jsonl')).toEqual(lines);
  expect(lines[0].ratios.step).toEqual({ min: 1, median: 2, max: 3 });
  expect(() => parseBenchHistory(`${content}oops`, 'h.jsonl')).toThrow(
    'h.jsonl, line 3: this line does not belong into a history of measurements: expected an object, received "oops"',
  );
  expect(() => parseBenchHistory(content.replace('"min":1', '"min":0'), 'h.jsonl')).toThrow(
    /line 1: ratios\.step\.min .* received 0/,
  );
});
