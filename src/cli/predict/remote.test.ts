import { expect, it } from 'vitest';
import { checkListed } from './remote.ts';

const check = (name: string, platform: string, allowRemote = false) =>
  checkListed(name, 'list.txt', { allowRemote }, platform);

it.each(['https://h.example/a.png', 's3://bucket/a.png'])('asks before a list opens %s', (name) => {
  for (const platform of ['linux', 'win32']) {
    expect(() => check(name, platform)).toThrow('list.txt: this list names addresses on the network');
    expect(check(name, platform, true)).toBe(name);
  }
});

it.each(['\\\\server\\share\\a.png', '//server/share/a.png', '\\/server/share/a.png'])(
  'asks before a list opens %s, which is a server on Windows',
  (name) => {
    expect(() => check(name, 'win32')).toThrow('list.txt: this list names addresses on the network');
    expect(check(name, 'linux')).toBe(name);
  },
);

it.each(['photos/a.png', '/photos/a.png', 'C:\\photos\\a.png', '\\photos\\a.png'])('opens %s', (name) => {
  for (const platform of ['linux', 'win32']) expect(check(name, platform)).toBe(name);
});
