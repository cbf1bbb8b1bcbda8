import type { RunRecordInfo } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { settingsDifference } from './settings.ts';

const record = (options: object, images = 100) =>
  ({ options, data: { train: { images } } }) as unknown as RunRecordInfo;

test('runs differ in the settings that are named, however deep, and in their images', () => {
  const first = record({ epochs: 4, optimizer: { name: 'SGD', nesterov: true }, augmentation: [] });
  const second = record(
    { epochs: 4, optimizer: { name: 'AdamW' }, augmentation: [{ name: 'RandomFlip' }] },
    90,
  );
  expect(settingsDifference([first, second])).toEqual([
    { name: 'augmentation', values: ['[]', '[{"name":"RandomFlip"}]'] },
    { name: 'images', values: ['100', '90'] },
    { name: 'optimizer.name', values: ['SGD', 'AdamW'] },
    { name: 'optimizer.nesterov', values: ['true', undefined] },
  ]);
  expect(settingsDifference([first, first])).toEqual([]);
});
