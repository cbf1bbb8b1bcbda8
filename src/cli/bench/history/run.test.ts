import { expect, it } from 'vitest';
import { type BenchLine, compareBenchLines, summaryOf } from '../../../benchmark/index.ts';
import { historyText } from './run.ts';

it('shows a figure that the earlier measurement has not, and names what became slower', () => {
  const line = (ratios: BenchLine['ratios']): BenchLine => ({
    release: '0.1.0',
    date: '2026-11-28',
    cpu: 'a processor',
    threads: 2,
    runtime: 'onnxruntime-node 1.30.0',
    node: '20.20.2',
    ratios,
  });
  const before = line({ step: summaryOf([1, 1.5]) });
  const now = line({ step: summaryOf([2]), 'start, from sources': summaryOf([3]) });
  const text = historyText(now, before, compareBenchLines(now, before));
  expect(text).toMatch(/step +1\.50 \(1\.00–1\.50\) +2\.00 \(2\.00–2\.00\) +slower/);
  expect(text).toMatch(/start, from sources +3\.00 \(3\.00–3\.00\)/);
  expect(text).toMatch(/Slower: step\.$/);
  expect(historyText(now, undefined, compareBenchLines(now, undefined))).toMatch(/step +2\.00/);
});
