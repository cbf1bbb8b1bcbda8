import { expect, it } from 'vitest';
import { busyNote } from './busy.ts';

it('names the figure that is furthest above its limit', () => {
  const figures = [
    { figure: 'the training step', fraction: 1.2 },
    { figure: 'convolution 3x3', fraction: 2.25 },
    { figure: 'convolution 1x1', fraction: 0.9 },
  ];
  expect(busyNote(figures)).toMatch(/^The machine was busy: convolution 3x3 came to 225% of the limit/);
});

it('says nothing of figures up to their limit', () => {
  expect(busyNote([{ figure: 'the training step', fraction: 1 }])).toBeUndefined();
});
