import { expect, it } from 'vitest';
import { protectionOf } from './protection.ts';

it('takes flags before the settings file, and tags of both', () => {
  const settings = {
    subnets: 'subnet-1',
    securityGroups: 'sg-1',
    kmsKey: 'old',
    tags: { team: 'a', cost: '1' },
  };
  expect(protectionOf({ kmsKey: 'new', subnets: 'subnet-2, subnet-3', tag: ['team=b c'] }, settings)).toEqual(
    {
      subnets: ['subnet-2', 'subnet-3'],
      securityGroups: ['sg-1'],
      kmsKey: 'new',
      tags: { team: 'b c', cost: '1' },
    },
  );
  expect(protectionOf({}, settings, ['kmsKey', 'tag'])).toEqual({ kmsKey: 'old', tags: settings.tags });
});
