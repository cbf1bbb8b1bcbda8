/** The key of each class, in their order: digits, then letters that nothing else stands on. */
const KEYS = [...'1234567890abcdefghijklmnopqrtvwxyz'];

/** The key of a class by its place; undefined where there are more classes than keys. */
export function keyOf(place: number): string | undefined {
  return KEYS[place];
}

/** What a key asks for. */
export type KeyAct =
  | { readonly kind: 'class'; readonly place: number }
  | { readonly kind: 'confirm' }
  | { readonly kind: 'skip' }
  | { readonly kind: 'undo' };

/**
 * What a press of a key asks for; undefined where it is none of labelling. Keys that give neither a digit nor a letter
 * of the Latin alphabet (Cyrillic, Greek and Arabic keyboards; the digits of French ones) count by their place.
 */
export function keyAct({
  key,
  code,
  ctrlKey,
  metaKey,
  altKey,
}: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey'>): KeyAct | undefined {
  const [, printed] = /^(?:Digit|Numpad|Key)([0-9A-Z])$/.exec(code) ?? [];
  const lower = (printed !== undefined && !/^[0-9a-z]$/i.test(key) ? printed : key).toLowerCase();
  if (altKey) return undefined;
  if (ctrlKey || metaKey) return lower === 'z' ? { kind: 'undo' } : undefined;
  if (key === 'Enter') return { kind: 'confirm' };
  if (key === 'ArrowRight' || lower === 's') return { kind: 'skip' };
  if (lower === 'u') return { kind: 'undo' };
  const place = KEYS.indexOf(lower);
  return place < 0 ? undefined : { kind: 'class', place };
}

/** Whether a press belongs to a control that has keys of its own. */
export function hasOwnKeys(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, select, textarea, dialog, [role="tab"]') !== null
  );
}

/** Whether Enter presses what has the focus. */
export function isPressed(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('a[href], button, summary') !== null;
}
