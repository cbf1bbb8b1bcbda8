import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { deadLinks } from './dead-links.ts';

const root = mkdtempSync(join(tmpdir(), 'harrier-links-'));
afterAll(() => rmSync(root, { recursive: true }));

it('finds files and headings that are not there, and no others', () => {
  mkdirSync(join(root, 'docs'));
  writeFileSync(
    join(root, 'README.md'),
    '# One\n[a](docs/page.md) [b](docs/page.md#two-words-1) [c](docs/gone.md) [d](#none) [e](https://x.y/z)\n' +
      '`[f](code.md)`\n```\n[g](block.md)\n```\n![h](docs/gone.png) [i](docs/page.md#own)\n',
  );
  writeFileSync(
    join(root, 'docs', 'page.md'),
    '# Two words\n## Two words\n<a id="own"></a>\n[back](../README.md#one)\n',
  );
  const pages = [join(root, 'README.md'), join(root, 'docs', 'page.md')];
  expect(deadLinks(pages, root)).toEqual([
    'README.md: docs/gone.md: there is no such file',
    'README.md: #none: there is no such heading',
    'README.md: docs/gone.png: there is no such file',
  ]);
});
