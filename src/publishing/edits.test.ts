import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { KeptEdits, keepEdits, sealed } from './edits.ts';
import { UNSTATED } from './licences.ts';

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
const first = sealed(card(0.9));
const second = sealed(card(0.95));
const factsOf = (text: string) => parse(/^---\n([\s\S]*?)---\n/.exec(text)![1]) as Record<string, unknown>;

describe('a model card', () => {
  it('replaces what nobody edited', () => {
    expect(keepEdits(second, first)).toEqual({ file: second, kept: [] });
    expect(keepEdits(second, first.replaceAll('\n', '\r\n'))).toEqual({ file: second, kept: [] });
    expect(keepEdits(second, '')).toEqual({ file: second, kept: [] });
  });

  it('keeps a licence and further fields, with the figures and the text of the new model', () => {
    const edited = first
      .replace('license: other\nlicense_name: see-license-file', 'license: mit\nlanguage:\n- en')
      .replace('- harrier', '- harrier\n  - parts');
    const { file: kept, kept: names } = keepEdits(second, edited);
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
    const third = keepEdits(sealed(card(0.96)), kept);
    expect(factsOf(third.file)).toMatchObject({ license: 'mit', language: ['en'] });
    expect(third.file).toContain('Right about 96%.');
  });

  it('keeps a text, and what is kept does not grow', () => {
    const edited = first.replace('Right about', 'Made by us. Right about');
    const once = keepEdits(second, edited);
    expect(once.kept).toEqual(['text']);
    expect(once.file).toContain('Made by us. Right about 90%.');
    expect(factsOf(once.file)).toEqual(factsOf(second));
    expect(keepEdits(second, once.file)).toEqual(once);
  });

  it('takes what is added at its end for text, and no field for edited', () => {
    const apache = sealed(card(0.9, 'license: apache-2.0\n'));
    const { file, kept } = keepEdits(second, `${apache}\n## Contact\n\nann@acme.example\n`);
    expect(kept).toEqual(['text']);
    expect(factsOf(file)).toEqual(factsOf(second));
    expect(file.match(/<!--/g)).toHaveLength(1);
    expect(file).toMatch(/Right about 90%\.\n\n## Contact\n\nann@acme\.example\n\n<!-- /);
  });

  it('keeps the paragraphs of a field, comments, and fields in quotes', () => {
    const prompt = 'extra_gated_prompt: |\n  ## Terms\n\n  - One\n\n  Two';
    const edited = first
      .replace(
        '---\nlicense: other\nlicense_name: see-license-file',
        `---\n# Ours\n"license": mit\n${prompt}`,
      )
      .replace('library_name', '\nlibrary_name');
    const { file, kept } = keepEdits(second, edited);
    expect(kept.toSorted()).toEqual(['extra_gated_prompt', 'license', 'license_name']);
    expect(file).toContain('# Ours\n');
    expect(factsOf(file)).toMatchObject({
      license: 'mit',
      extra_gated_prompt: '## Terms\n\n- One\n\nTwo\n',
      library_name: 'transformers.js',
    });
  });

  it('takes fields that the form of the hub wrote anew as they are', () => {
    const anew = first
      .replace('library_name: transformers.js', 'library_name: "transformers.js"')
      .replace('tags:\n  - onnx\n  - harrier', 'tags:\n- onnx\n- harrier');
    expect(keepEdits(second, anew)).toEqual({ file: second, kept: [] });
  });

  it('follows the licence of the model where nobody chose one', () => {
    const apache = sealed(card(0.95, 'license: apache-2.0\n'));
    expect(keepEdits(apache, first)).toEqual({ file: apache, kept: [] });
    expect(factsOf(keepEdits(second, apache).file)).toMatchObject({
      license: 'other',
      license_name: 'see-license-file',
    });
  });

  it('keeps the licence and the words of a repository that was made on the hub', () => {
    const chosen = keepEdits(second, '---\nlicense: cc-by-4.0\n---\n');
    expect(chosen.kept).toEqual(['license', 'license_name']);
    expect(factsOf(chosen.file)).toMatchObject({ license: 'cc-by-4.0', library_name: 'transformers.js' });
    expect(chosen.file).toContain('Right about 95%.');
    expect(keepEdits(second, '---\nlicense: other\n---\n').file).toBe(second);
    const named = '---\nlicense: other\nlicense_name: acme\n---\n';
    expect(factsOf(keepEdits(second, named).file)).toMatchObject({ license_name: 'acme' });
    expect(keepEdits(second, '# Ours\n\nBy hand.').file).toMatch(/---\n\n# Ours\n\nBy hand\.\n\n<!-- /);
  });

  it('keeps all of one without hashes, but figures', () => {
    const cut = first.replace(/<!--.*-->/, '').replace(/# acme[\s\S]*/, '# Ours\n\nBy hand.\n');
    const { file, kept } = keepEdits(
      sealed(card(0.95, 'license: apache-2.0\n')),
      cut.replace('other', 'mit'),
    );
    expect(kept.toSorted()).toEqual(['license', 'license_name', 'text']);
    expect(factsOf(file)).toMatchObject({ license: 'mit', 'model-index': factsOf(second)['model-index'] });
    expect(file).toContain('# Ours\n\nBy hand.');
  });

  it('reads one with a byte order mark', () => {
    expect(keepEdits(second, `\uFEFF${first}`)).toEqual({ file: second, kept: [] });
  });
});

describe('a text without facts', () => {
  const licences = (images: number) => `# Licences\n\nLearned from ${images} images, ${UNSTATED}.\n`;

  it('is replaced as long as nobody edited it', () => {
    const made = sealed(licences(20));
    expect(keepEdits(made, sealed(licences(10)))).toEqual({ file: made, kept: [] });
    expect(keepEdits(made, licences(10))).toEqual({ file: made, kept: [] });
  });

  it.each([
    ['a licence below', `${sealed(licences(10))}\n## Ours\n\nCC BY 4.0\n`, '## Ours\n\nCC BY 4.0'],
    ['other words', sealed(licences(10)).replace(UNSTATED, 'which is MIT'), 'which is MIT'],
    ['another file', 'MIT.\n', 'MIT.'],
  ])('stays with %s', (_, there, words) => {
    const { file, kept } = keepEdits(sealed(licences(20)), there);
    expect([kept, file.includes(words), file.includes('20 images')]).toEqual([['text'], true, false]);
  });
});

it('remembers of several files what was kept', () => {
  const edits = new KeptEdits();
  expect(edits.merge('README.md', second, first)).toBe(second);
  edits.merge('README.md', second, first.replace('- harrier', '- harrier\n  - parts'));
  edits.merge('LICENSE.md', sealed('MIT'), 'Ours');
  expect(edits.words).toEqual(['README.md (tags)', 'LICENSE.md']);
});
