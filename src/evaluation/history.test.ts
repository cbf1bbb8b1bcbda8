import { describe, expect, it } from 'vitest';
import { type EpochRecord, historyFromCsv, historyToCsv } from './history.ts';

const HISTORY: EpochRecord[] = [
  { epoch: 1, loss: 1.8400000000000003, accuracy: 1 / 3, learningRate: 0.01, seconds: 37.25 },
  { epoch: 2, loss: 1e-9, accuracy: 0.5, validationLoss: 1.5, validationAccuracy: 0.46, learningRate: 0.01 },
];

describe('history.csv', () => {
  it('has the columns that scripts rely on, with empty cells for what is not there', () => {
    expect(historyToCsv([HISTORY[0]])).toBe(
      'epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds\n1,1.8400000000000003,0.3333333333333333,,,0.01,37.25\n',
    );
  });

  it('comes back exactly', () => {
    expect(historyFromCsv(historyToCsv(HISTORY))).toEqual(HISTORY);
    expect(historyFromCsv(historyToCsv([]))).toEqual([]);
  });

  it('keeps a loss that is NaN', () => {
    const [record] = historyFromCsv(historyToCsv([{ epoch: 1, loss: Number.NaN, accuracy: 0.1 }]));
    expect(record.loss).toBeNaN();
  });

  it('reads what a spreadsheet made of it', () => {
    expect(historyFromCsv('\uFEFFaccuracy,epoch,loss,remark\r\n0.5,3,1.25,good\r\n')).toEqual([
      { epoch: 3, loss: 1.25, accuracy: 0.5 },
    ]);
  });

  it.each([
    ['a missing column', 'epoch,loss\n1,2\n', '"accuracy" is missing'],
    ['an empty file', '', '"epoch" is missing'],
    ['a word', 'epoch,loss,accuracy\n1,much,0.5\n', 'line 2: "loss" is no number'],
    ['an empty required cell', 'epoch,loss,accuracy\n1,,0.5\n', 'line 2: "loss" is no number'],
    ['a cut line', 'epoch,loss,accuracy\n1,2,0.5\n2,1\n', 'line 3'],
  ])('refuses %s and says where', (_, text, words) => {
    expect(() => historyFromCsv(text, 'runs/a/history.csv')).toThrow(words);
    expect(() => historyFromCsv(text, 'runs/a/history.csv')).toThrow('runs/a/history.csv');
  });
});
