import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Preprocessing, preprocessingMetadata } from '../data/preprocessing.ts';
import { Dense, Flatten } from '../layers/index.ts';
import { exportModel, initialWeights, Network } from '../models/index.ts';
import { hubRepository } from './hub-repository.ts';
import { publishedModel } from './published-model.ts';

function repository(
  preprocessing?: Preprocessing,
  [height, width] = [20, 20],
  classNames: readonly string[] = ['yes', 'it"s'],
) {
  const network = new Network({
    inputShape: [height, width, 3],
    layers: [new Flatten(), new Dense({ units: 2 })],
  });
  const model = exportModel(network, initialWeights(network.parameters, 1), {
    'harrier.classNames': JSON.stringify(classNames),
    ...(preprocessing && preprocessingMetadata(preprocessing)),
  });
  return hubRepository(publishedModel(model, undefined, 'it'), {
    name: 'acme/parts',
    harrier: '1.2.3',
    where: 'it',
  });
}

it('says how images are prepared, and what the classes are called', () => {
  const stretched = repository();
  expect([...stretched.keys()]).toEqual([
    'README.md',
    'LICENSE.md',
    'onnx/model.onnx',
    'preprocessor_config.json',
    'config.json',
  ]);
  expect(JSON.parse(stretched.get('config.json') as string)).toMatchObject({
    id2label: { 0: 'yes', 1: 'it"s' },
    label2id: { yes: 0, 'it"s': 1 },
  });
  expect(JSON.parse(stretched.get('preprocessor_config.json') as string)).toMatchObject({
    size: { height: 20, width: 20 },
    resample: 1,
    do_normalize: false,
  });
  const cropped = repository({ resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' });
  expect(JSON.parse(cropped.get('preprocessor_config.json') as string)).toMatchObject({
    size: { shortest_edge: 22 },
    crop_size: { height: 20, width: 20 },
    do_center_crop: true,
    resample: 3,
  });
});

it('begins its card with the facts that the hub reads', () => {
  const [, facts, card] = /^---\n([\s\S]*?)---\n\n([\s\S]*)$/.exec(repository().get('README.md') as string)!;
  expect(parse(facts)).toEqual({
    license: 'other',
    license_name: 'see-license-file',
    license_link: 'LICENSE.md',
    library_name: 'transformers.js',
    pipeline_tag: 'image-classification',
    tags: ['onnx', 'harrier', 'image-classification'],
  });
  expect(card).toMatch(/^# acme\/parts\n[\s\S]*pipeline\('image-classification', 'acme\/parts'/);
});

it('shows names of classes as they are, whatever they hold', () => {
  const names = ['<img src="https://t.example/p.gif">', '![x](https://t.example/p.gif)'];
  const card = repository(undefined, [20, 20], names).get('README.md');
  expect(card).toContain(
    String.raw`2 classes: \<img src="https://t.example/p.gif"\>, !\[x\](https://t.example/p.gif).`,
  );
});

it('refuses images that Transformers cannot prepare', () => {
  expect(() => repository({ resize: 'pad', cropFraction: 1, interpolation: 'bilinear' })).toThrow(
    /it: Transformers cannot prepare images .* received images that are padded\. Use --format npm/,
  );
  expect(() => repository({ resize: 'crop', cropFraction: 1, interpolation: 'bilinear' }, [20, 30])).toThrow(
    /received images that are cropped to 30 × 20/,
  );
});
