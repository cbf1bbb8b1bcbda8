import { expect, it } from 'vitest';
import { keyAct, keyOf } from './keys.ts';

const press = (key: string, modifiers: Partial<KeyboardEvent> = {}) =>
  keyAct({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, ...modifiers });

it('gives every class a key of its own, which none of the acts has', () => {
  const keys = Array.from({ length: 34 }, (_, place) => keyOf(place)!);
  expect(new Set(keys).size).toBe(34);
  keys.forEach((key, place) => {
    expect(press(key)).toEqual({ kind: 'class', place });
    expect(press(key.toUpperCase())).toEqual({ kind: 'class', place });
  });
  expect(keyOf(34)).toBeUndefined();
});

it('takes the keys of other alphabets, and digits below other signs, by their place', () => {
  // French, Czech, Russian, Greek and Arabic keyboards.
  expect([press('&', { code: 'Digit1' }), press('ě', { code: 'Digit2' })]).toEqual([
    { kind: 'class', place: 0 },
    { kind: 'class', place: 1 },
  ]);
  expect([press('ы', { code: 'KeyS' }), press('س', { code: 'KeyS' })]).toEqual(
    Array(2).fill({ kind: 'skip' }),
  );
  expect(press('я', { code: 'KeyZ', ctrlKey: true })).toEqual({ kind: 'undo' });
  expect(press('θ', { code: 'KeyU' })).toEqual({ kind: 'undo' });
  // A Latin letter is the one that is printed on the key, wherever it lies.
  expect(press('a', { code: 'KeyQ' })).toEqual(press('a'));
  expect(press('1', { code: 'Numpad1' })).toEqual({ kind: 'class', place: 0 });
  expect(press(',', { code: 'Comma' })).toBeUndefined();
});

it('knows the acts, and leaves the browser its own keys', () => {
  expect(press('Enter')).toEqual({ kind: 'confirm' });
  expect([press('s'), press('ArrowRight')]).toEqual([{ kind: 'skip' }, { kind: 'skip' }]);
  expect([press('u'), press('z', { ctrlKey: true }), press('z', { metaKey: true })]).toEqual(
    Array(3).fill({ kind: 'undo' }),
  );
  expect([press('1', { ctrlKey: true }), press('ArrowRight', { altKey: true }), press('Tab')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
