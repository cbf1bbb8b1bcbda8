import { expect, it } from 'vitest';
import { licenceTerms } from './licence-terms.ts';

it.each<[string | undefined, RegExp]>([
  ['apache-2.0', /^Its licence is <apache-2\.0>, whose terms apply/],
  ['other', /^Its publisher states terms of its own there/],
  ['Unknown', /^Its publisher states no licence: ask/],
  [undefined, /^Its publisher states no licence: ask/],
])('says whose terms apply where the licence is %s', (license, sentence) => {
  expect(licenceTerms(license, (text) => `<${text}>`)).toMatch(sentence);
});
