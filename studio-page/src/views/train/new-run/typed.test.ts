import type { RecipeField } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { changed, optionsOf, typedOf } from './typed.ts';

const field = (name: string, type: RecipeField['type'], value: RecipeField['default']): RecipeField => ({
  name,
  label: name,
  type,
  default: value,
  help: '',
  advanced: false,
});
const EPOCHS = field('epochs', 'integer', 4);
const FIELDS = [EPOCHS, field('augment', 'list', null), field('calibrate', 'boolean', true)];

test('a field that holds what it would hold anyway was not changed', () => {
  expect(changed({}, EPOCHS, '4')).toEqual({});
  expect(changed({}, EPOCHS, '5')).toEqual({ epochs: '5' });
  // Once chosen, a number stays chosen: the values of others may follow from it.
  expect(changed({ epochs: '5' }, EPOCHS, '4')).toEqual({ epochs: '4' });
});

test('numbers go as numbers, and what is none as it was typed', () => {
  expect(optionsOf(FIELDS, { epochs: '12', augment: 'flip', calibrate: false })).toEqual({
    epochs: 12,
    augment: 'flip',
    calibrate: false,
  });
  expect(optionsOf(FIELDS, { epochs: 'many' })).toEqual({ epochs: 'many' });
  expect(optionsOf(FIELDS, { epochs: ' ', other: '1' })).toEqual({});
});

test('settings of another run fill the fields', () => {
  expect(typedOf({ options: { epochs: 12, calibrate: false } })).toEqual({ epochs: '12', calibrate: false });
});
