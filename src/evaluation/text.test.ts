import { describe, expect, it } from 'vitest';
import { formatCount, formatDuration, formatInterval, formatQuantity } from '../format/format.ts';
import { evaluatePredictions } from './evaluate.ts';
import { classTable, confusionLines, evaluationText, headline } from './text.ts';

const evaluation = evaluatePredictions({
  probabilities: new Float32Array([
    0.75, 0.25, 0, 0.25, 0.5, 0.25, 1, 0, 0, 0, 1, 0, 0.5, 0.25, 0.25, 0, 1, 0,
  ]),
  labels: [0, 0, 0, 1, 1, 2],
  classNames: ['airplane', 'dog', 'bird'],
});

describe('text for a terminal', () => {
  it('begins with how many of how many', () => {
    const seed = { ...evaluation, correct: 6939, total: 10000, accuracy: 0.6939, loss: 0.93212 };
    expect(headline({ ...seed, interval95: [0.684794, 0.702857] })).toBe(
      '6,939 of 10,000 right: 69.39% (95% interval 68.48–70.29%), loss 0.9321',
    );
  });

  it('aligns the table', () => {
    expect(classTable(evaluation).split('\n')).toEqual([
      'class     images  precision  recall      F1',
      'airplane       3     66.67%  66.67%  66.67%',
      'dog            2     33.33%  50.00%  40.00%',
      'bird           1      0.00%   0.00%   0.00%',
      'mean                 33.33%  38.89%  35.56%',
    ]);
  });

  it('shows the weakest of many classes', () => {
    const lines = classTable(evaluation, { classes: 2 }).split('\n');
    expect(lines[0]).toBe('The 2 classes with the lowest F1, of 3:');
    expect(lines.slice(2, 4).map((line) => line.split(' ')[0])).toEqual(['bird', 'dog']);
  });

  it('lists confused pairs in order', () => {
    expect(confusionLines(evaluation)).toBe('airplane ↔ dog: 2\ndog ↔ bird: 1');
    expect(confusionLines(evaluation, { pairs: 1 })).toBe('airplane ↔ dog: 2');
  });

  it('keeps alignment when styled, and has no trailing newline', () => {
    const style = { strong: (text: string) => `\u001b[1m${text}\u001b[0m`, faint: (text: string) => text };
    const styled = evaluationText(evaluation, { style });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes that were put in
    expect(styled.replace(/\u001b\[\dm/g, '')).toBe(evaluationText(evaluation));
    expect(styled).toMatch(/bird: 1$/);
  });

  it('lets no class name reach the terminal as a control code', () => {
    const names = ['a\u001b[2Jb', 'dog', 'bird'];
    const odd = evaluatePredictions({
      probabilities: new Float32Array([0, 1, 0]),
      labels: [0],
      classNames: names,
    });
    expect(evaluationText(odd)).not.toContain('\u001b');
  });

  it('leaves the list of pairs out when nothing was confused', () => {
    const right = evaluatePredictions({
      probabilities: new Float32Array([1, 0]),
      labels: [0],
      classNames: ['a', 'b'],
    });
    expect(evaluationText(right)).not.toContain('Most confused');
  });
});

describe('formats', () => {
  it('groups thousands and names units', () => {
    expect([0, 999, 1000, 4200842].map(formatCount)).toEqual(['0', '999', '1,000', '4,200,842']);
    expect([1.234, 47.4, 1112, 7500, 3599.7].map(formatDuration)).toEqual([
      '1.2 s',
      '47 s',
      '18 min 32 s',
      '2 h 05 min',
      '1 h 00 min',
    ]);
    expect(formatInterval([0, 1])).toBe('0.00–100.00%');
    expect([formatQuantity(1, 'image'), formatQuantity(2000, 'image')]).toEqual(['1 image', '2,000 images']);
  });
});
