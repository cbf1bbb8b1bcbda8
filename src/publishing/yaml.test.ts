import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Yaml, yamlText } from './yaml.ts';

it('is read back as it was', () => {
  const data: Record<string, Yaml> = {
    plain: 'apache-2.0',
    words: 'Macro F1: "quoted" # no comment',
    unicode: 'Äpfel 🦅',
    yes: 'no',
    looksLikeNumber: '1e3',
    empty: '',
    number: 0.9607843137254902,
    small: 1e-7,
    flag: true,
    list: ['a/b', '- c', ': d', '{e}'],
    nested: [
      {
        name: 'x',
        results: [
          {
            task: { type: 'y' },
            metrics: [
              { type: 'accuracy', value: 1 },
              { type: 'f1', value: 0 },
            ],
          },
        ],
      },
    ],
    '0': 'key that looks like a number',
  };
  expect(parse(yamlText(data))).toEqual(data);
});
