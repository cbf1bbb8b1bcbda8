import { expect, it } from 'vitest';
import { withHome } from './home.ts';

it('puts the home folder in place of ~ where shells leave it', () => {
  const words = ['train', '--out=~/runs/a', '--data=~', '~/b', '--name=~c', '--log-to=csv=~/d', '--', '~'];
  expect(withHome(words, '/home/$&', 'linux')).toEqual([
    ...['train', '--out=/home/$&/runs/a', '--data=/home/$&'],
    ...words.slice(3),
  ]);
  expect(withHome(words, 'C:\\me', 'win32')).toEqual(words);
});
