import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { keepCardEdits, sealCard } from './card-edits.ts';

const card = (accuracy: number, licence = 'license: other\nlicense_name: see-license-file\n') => `---
${licence}library_name: transformers.js
tags:
  - onnx
  - harrier
model-index:
  - name: parts
    results:
      - metrics:
          - type: accuracy
            value: ${accuracy}
---

# acme/parts

Right about ${100 * accuracy}%.
`;
const first = sealCard(card(0.9));
const second = sealCard(card(0.95));
const factsOf = (text: string) => parse(/^---\n([\s\S]*?)---\n/.exec(text)![1]) as Record<string, unknown>;

it('replaces what nobody edited', () => {
  expect(keepCardEdits(second, first)).toEqual({ card: second, kept: [] });
  expect(keepCardEdits(second, first.replaceAll('\n', '\r\n'))).toEqual({ card: second, kept: [] });
  expect(keepCardEdits(second, '')).toEqual({ card: second, kept: [] });
});

it('keeps a licence and further fields, with the figures and the text of the new model', () => {
  const edited = first
    .replace('license: other\nlicense_name: see-license-file', 'license: mit\nlanguage:\n- en')
    .replace('- harrier', '- harrier\n  - parts');
  const { card: kept, kept: names } = keepCardEdits(second, edited);
  expect(names.toSorted()).toEqual(['language', 'license', 'license_name', 'tags']);
  expect(factsOf(kept)).toEqual({
    ...factsOf(second),
    license: 'mit',
    license_name: undefined,
    language: ['en'],
    tags: ['onnx', 'harrier', 'parts'],
  });
  expect(kept).toContain('Right about 95%.');
  // Also at the push after the next.
  const third = keepCardEdits(sealCard(card(0.96)), kept);
  expect(factsOf(third.card)).toMatchObject({ license: 'mit', language: ['en'] });
  expect(third.card).toContain('Right about 96%.');
});

it('keeps a text, and what is kept does not grow', () => {
  const edited = first.replace('Right about', 'Made by us. Right about');
  const once = keepCardEdits(second, edited);
  expect(once.kept).toEqual(['text']);
  expect(once.card).toContain('Made by us. Right about 90%.');
  expect(factsOf(once.card)).toEqual(factsOf(second));
  expect(keepCardEdits(second, once.card)).toEqual(once);
});

it('takes fields that the form of the hub wrote anew as they are', () => {
  const anew = first
    .replace('library_name: transformers.js', 'library_name: "transformers.js"')
    .replace('tags:\n  - onnx\n  - harrier', 'tags:\n- onnx\n- harrier');
  expect(keepCardEdits(second, anew)).toEqual({ card: second, kept: [] });
});

it('follows the licence of the model where nobody chose one', () => {
  const apache = sealCard(card(0.95, 'license: apache-2.0\n'));
  expect(keepCardEdits(apache, first)).toEqual({ card: apache, kept: [] });
  expect(factsOf(keepCardEdits(second, apache).card)).toMatchObject({
    license: 'other',
    license_name: 'see-license-file',
  });
});

it('keeps the licence and the words of a repository that was made on the hub', () => {
  const chosen = keepCardEdits(second, '---\nlicense: cc-by-4.0\n---\n');
  expect(chosen.kept).toEqual(['license', 'license_name']);
  expect(factsOf(chosen.card)).toMatchObject({ license: 'cc-by-4.0', library_name: 'transformers.js' });
  expect(chosen.card).toContain('Right about 95%.');
  expect(keepCardEdits(second, '---\nlicense: other\n---\n').card).toBe(second);
  const named = '---\nlicense: other\nlicense_name: acme\n---\n';
  expect(factsOf(keepCardEdits(second, named).card)).toMatchObject({ license_name: 'acme' });
  expect(keepCardEdits(second, '# Ours\n\nBy hand.').card).toMatch(/---\n\n# Ours\n\nBy hand\.\n\n<!-- /);
});
