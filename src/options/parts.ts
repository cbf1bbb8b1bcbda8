import type { Option } from './option.ts';
import { FRACTION } from './range.ts';

/** Options of optimizers and networks that are settings where a recipe has them; checked by what they belong to. */
export const PARTS = {
  momentum: {
    type: { kind: 'number', atLeast: 0, atMost: 1 },
    help: 'fraction of the last step that the next step keeps',
    form: { help: 'Fraction of the last step that the next step keeps.' },
  },
  nesterov: {
    type: { kind: 'boolean' },
    help: 'look ahead along the momentum',
    form: { help: 'Look ahead along the momentum.' },
  },
  weightDecay: {
    type: { kind: 'number', atLeast: 0 },
    help: 'weight decay: how much weights shrink at each step',
    form: { help: 'How much weights shrink at each step.' },
  },
  clipNorm: {
    type: { kind: 'number', above: 0 },
    help: "largest norm of each parameter's gradient",
    form: { help: "Largest norm of each parameter's gradient." },
  },
  globalClipNorm: {
    type: { kind: 'number', above: 0 },
    help: 'largest norm of all gradients together',
    form: { help: 'Largest norm of all gradients together.', shownWhenOff: true },
  },
  clipValue: {
    type: { kind: 'number', above: 0 },
    help: 'largest value of a gradient',
    form: { help: 'Largest value of a gradient.' },
  },
  dropout: {
    type: { kind: 'number', ...FRACTION },
    help: 'fraction of values that a step drops',
    form: { help: 'Fraction of values that a step drops.' },
  },
  activation: {
    type: { kind: 'text' },
    help: 'the function between layers',
    form: { help: 'The function between layers.' },
  },
} as const satisfies Readonly<Record<string, Option>>;
