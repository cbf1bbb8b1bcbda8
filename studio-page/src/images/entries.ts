import type {
  Correction,
  CorrectionChange,
  CorrectionChanges,
  ImageEntry,
} from 'harrier/src/studio-server/api.ts';

/** Images that one request changes. */
const AT_ONCE = 5_000;

/** The label that counts. */
export function labelOf({ label, mark }: Pick<ImageEntry, 'label' | 'mark'>): number {
  return mark?.label ?? label;
}

/** What an image shows, in words: its class, or its labels. */
export function labelWords(entry: ImageEntry, classNames: readonly string[]): string {
  if (!entry.labels) return classNames[labelOf(entry)];
  return entry.labels.map((label) => classNames[label]).join(', ') || 'no label';
}

/** What brings images back to what they were: those that were alike together. */
export function undoing(before: readonly Pick<ImageEntry, 'index' | 'mark'>[]): CorrectionChanges['changes'] {
  const alike = new Map<string, { mark: Correction | undefined; indices: number[] }>();
  for (const { index, mark } of before) {
    const key = JSON.stringify([mark?.label, mark?.excluded]);
    const group = alike.get(key) ?? { mark, indices: [] };
    alike.set(key, group);
    group.indices.push(index);
  }
  return [...alike.values()].map(({ mark, indices }) => ({
    indices,
    label: mark?.label ?? null,
    excluded: mark?.excluded ?? false,
  }));
}

/** Changes in requests that each hold as many images as the server takes. */
export function inParts(
  changes: CorrectionChanges['changes'],
  most: number = AT_ONCE,
): CorrectionChanges['changes'][] {
  const parts: (CorrectionChange & { indices: number[] })[][] = [];
  let room = 0;
  for (const { indices, ...change } of changes) {
    for (let at = 0; at < indices.length; ) {
      if (room === 0) {
        parts.push([]);
        room = most;
      }
      const some = indices.slice(at, at + room);
      parts.at(-1)!.push({ ...change, indices: some });
      at += some.length;
      room -= some.length;
    }
  }
  return parts;
}
