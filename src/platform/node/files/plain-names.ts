import { HarrierError } from '../../../errors.ts';

/** Names that Windows keeps for devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Characters that no name may have on all systems. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: file systems refuse these
const REFUSED = /[/\\<>:"|?*\u0000-\u001f\u007f]/;

/** What a name must be, for errors. */
export const NAME_RULE = 'a name without / \\ < > : " | ? *, and without a dot at an end';

/** Whether a folder or file can have a name on all systems: it is no path, not hidden, and no device of Windows. */
export function isPlainName(name: string): boolean {
  return name !== '' && !REFUSED.test(name) && !/^\.|[. ]$|^ /.test(name) && !DEVICE.test(name);
}

/** A name that Windows takes, with as little changed as possible. */
export function windowsName(name: string): string {
  const plain = name
    .replace(new RegExp(REFUSED, 'g'), '_')
    .replace(/[. ]+$/, (end) => '_'.repeat(end.length));
  return DEVICE.test(plain) ? `_${plain}` : plain;
}

/** @throws HarrierError `bad-data` for a class that no folder can be called after on all systems */
export function checkFolderName(label: string, next: string): void {
  if (isPlainName(label)) return;
  throw new HarrierError('bad-data', 'no folder can be called after this class on all systems', {
    where: label,
    expected: NAME_RULE,
    next,
  });
}
