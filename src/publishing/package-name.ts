/// <reference path="./validate-npm-package-name.d.ts" />
import validate from 'validate-npm-package-name';
import { HarrierError } from '../errors.ts';

/**
 * @param where what to call the name in errors
 * @returns the name
 * @throws HarrierError `bad-option` with npm's own words where npm refuses the name
 */
export function checkPackageName(name: string, where: string): string {
  const { validForNewPackages, errors = [], warnings = [] } = validate(name);
  if (validForNewPackages) return name;
  throw new HarrierError('bad-option', 'npm refuses this name', {
    where,
    received: [...errors, ...warnings].join('; '),
    next: 'Choose one like parts or @acme/parts, in small letters.',
  });
}
