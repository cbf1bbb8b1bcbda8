import { expect, it } from 'vitest';
import { licenseWarning } from './license.ts';

it.each(['Apache-2.0', 'apache-2.0', 'MIT', 'bsd-3-clause', 'cc-by-4.0'])('says nothing of %s', (license) => {
  expect(licenseWarning('x', license)).toBeUndefined();
});

it.each([
  ['CC-BY-NC-4.0', /forbids commercial use/],
  ['cc-by-nc-sa-4.0', /forbids commercial use/],
  ['apple-amlr-research', /forbids commercial use/],
  ['AGPL-3.0', /asks for the source/],
  ['other', /under "other": read its terms/],
  [undefined, /no licence is stated/],
])('names %s', (license, expected) => {
  expect(licenseWarning('hf:a/b', license)).toMatch(expected);
});

it('adds what is known besides', () => {
  expect(licenseWarning('x', 'Apache-2.0', 'another card says more.')).toBe(
    'x: Apache-2.0; another card says more.',
  );
});
