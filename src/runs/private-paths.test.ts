import { expect, it } from 'vitest';
import { pathsOfRun, withoutPaths } from './private-paths.ts';

const shared = withoutPaths([
  '/home/alice/secret_client/my photos',
  '/home/alice/secret_client',
  'C:\\work\\a&b',
  '/Users/anna/📷 photos',
  "/home/o'neil/the photos",
]);

it.each([
  ['train --data "/home/alice/secret_client/my photos"', 'train --data "my photos"'],
  ['/home/alice/secret_client/my photos/cat/1.png', 'my photos/cat/1.png'],
  ['/home/alice/secret_client/notes', 'secret_client/notes'],
  ['in Markdown: /home/alice/secret\\_client/my photos', 'in Markdown: my photos'],
  [JSON.stringify({ path: 'C:\\work\\a&b' }), '{"path":"a&b"}'],
  ['in HTML: C:\\work\\a&amp;b', 'in HTML: a&b'],
  ['/home/bob/photos', '/home/bob/photos'],
  ['in a shell: "/Users/anna/📷 photos/1.png"', 'in a shell: "📷 photos/1.png"'],
  [JSON.stringify({ path: "/home/o'neil/the photos" }), '{"path":"the photos"}'],
  [`in a shell: '/home/o'\\''neil/the photos'`, `in a shell: 'the photos'`],
  ['in HTML: &#39;/home/o&#39;\\&#39;&#39;neil/the photos&#39;', 'in HTML: &#39;the photos&#39;'],
])('%s', (text, expected) => {
  expect(shared(text)).toBe(expected);
});

it('knows the folder that a run was written to, where that is no path from here', () => {
  const run = { options: { data: 'cifar10' }, data: {} } as never as Parameters<typeof pathsOfRun>[0];
  const paths = (command: string) => pathsOfRun({ ...run, command });
  expect(paths("npx harrier train --out '/home/alice/my runs/one' --json")).toEqual([
    '/home/alice/my runs/one',
  ]);
  expect(paths('npx harrier train --out=/home/alice/one')).toEqual(['/home/alice/one']);
  expect(paths("npx harrier train --out '/home/o'\\''neil/one' --json")).toEqual(["/home/o'neil/one"]);
  expect(paths('npx harrier train --out "C:\\Users\\Jane Doe\\runs\\one" --json')).toEqual([
    'C:\\Users\\Jane Doe\\runs\\one',
  ]);
  expect(paths('npx harrier train --out runs/one')).toEqual([]);
});
