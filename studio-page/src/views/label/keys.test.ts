import { expect, it } from 'vitest';
import { keyAct, keyOf } from './keys.ts';

const press = (key: string, modifiers: Partial<KeyboardEvent> = {}) =>
  keyAct({ key, ctrlKey: false, metaKey: false, altKey: false, ...modifiers });

it('gives every class a key of its own, which none of the acts has', () => {
  const keys = Array.from({ length: 34 }, (_, place) => keyOf(place)!);
  expect(new Set(keys).size).toBe(34);
  keys.forEach((key, place) => {
    expect(press(key)).toEqual({ kind: 'class', place });
    expect(press(key.toUpperCase())).toEqual({ kind: 'class', place });
  });
  expect(keyOf(34)).toBeUndefined();
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
