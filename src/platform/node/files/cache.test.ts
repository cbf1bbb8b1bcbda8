import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheDirectory, makeDirectory, storageError, writeAtomically } from './cache.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-cache-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('cacheDirectory', () => {
  it.each([
    [{ HARRIER_CACHE: '/data/h' }, 'linux', '/data/h'],
    [{ XDG_CACHE_HOME: '/xdg' }, 'linux', join('/xdg', 'harrier')],
    [{}, 'linux', join('/home/me', '.cache', 'harrier')],
    [{ XDG_CACHE_HOME: '/xdg' }, 'darwin', join('/home/me', 'Library', 'Caches', 'harrier')],
    [{ LOCALAPPDATA: 'C:\\Local' }, 'win32', join('C:\\Local', 'harrier')],
    [{}, 'win32', join('/home/me', 'AppData', 'Local', 'harrier')],
  ])('is the place for %o on %s', (environment, platform, expected) => {
    expect(cacheDirectory(environment, platform, () => '/home/me')).toBe(expected);
  });
});

describe('cacheDirectory without a home', () => {
  const none = () => {
    throw new Error('ENOENT: no such file or directory, uv_os_homedir');
  };

  it.each([
    [{ HARRIER_CACHE: '/data/h' }, 'linux', '/data/h'],
    [{ XDG_CACHE_HOME: '/xdg' }, 'linux', join('/xdg', 'harrier')],
    [{ LOCALAPPDATA: 'C:\\Local' }, 'win32', join('C:\\Local', 'harrier')],
  ])('is what %o says on %s', (environment, platform, expected) => {
    expect(cacheDirectory(environment, platform, none)).toBe(expected);
  });

  it('asks for HARRIER_CACHE', () => {
    expect(() => cacheDirectory({}, 'linux', none)).toThrow(
      'this user has no home folder, which would hold downloads. Set HARRIER_CACHE to a folder for them.',
    );
  });
});

describe('makeDirectory', () => {
  it('makes parents, and is content with what is there', async () => {
    const path = join(folder, 'x', 'y', 'z');
    await makeDirectory(path);
    await makeDirectory(path);
    expect(await readdir(join(folder, 'x', 'y'))).toEqual(['z']);
  });

  it.runIf(process.platform === 'linux')('ends where nothing can be made', async () => {
    await expect(makeDirectory('/proc/x/y')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/^\/proc\/x\/y: this folder does not exist\. Check the path/),
    });
  });
});

describe('writeAtomically', () => {
  it('leaves the old file when the check before the rename fails', async () => {
    const path = join(folder, 'checked', 'file');
    await writeAtomically(path, 'old');
    const check = () => Promise.reject(new Error('not mine'));
    await expect(writeAtomically(path, 'new', undefined, check)).rejects.toThrow('not mine');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(join(folder, 'checked'))).toEqual(['file']);
  });

  it('creates folders and replaces files', async () => {
    const path = join(folder, 'a', 'b', 'file');
    await writeAtomically(path, 'old');
    await writeAtomically(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  it('says what stands in the way, and leaves nothing behind', async () => {
    await writeFile(join(folder, 'plain'), '');
    await expect(writeAtomically(join(folder, 'plain', 'file'), 'x')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/there is a file in the place of a folder.*HARRIER_CACHE/),
    });
    // The target is a folder: the rename fails after the bytes were written.
    await expect(writeAtomically(join(folder, 'a'), 'x')).rejects.toMatchObject({ code: 'storage' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each([
    ['ENOSPC', /disk is full.*Free some space/],
    ['EACCES', /no permission.*Change the permissions/],
    ['EROFS', /read-only.*HARRIER_CACHE/],
    ['EIO', /cannot be written or read \(broken\)/],
  ])('turns %s into a sentence', (code, sentence) => {
    const error = storageError(Object.assign(new Error('broken'), { code }), '/x/y');
    expect(error.message).toMatch(sentence);
    expect(error.message).toContain('/x/y');
  });
});
