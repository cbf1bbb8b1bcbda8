import { describe, expect, it } from 'vitest';
import { fits } from './check.ts';
import { number } from './kinds.ts';
import { flagOf } from './option.ts';
import { isInRange, type NumberRange, rangeWords } from './range.ts';
import { jsonSchemaOf, schemaOf } from './schema.ts';
import { allOptions, hyperparameters, optionNamed, optionsOf } from './table.ts';

const ranges: readonly NumberRange[] = [
  {},
  { above: 0 },
  { atLeast: 0, below: 1 },
  { atLeast: 0, atMost: 1 },
  { whole: true, atLeast: 1 },
  ...allOptions.flatMap(([, { type }]) => (type.kind === 'number' ? [type] : [])),
];

describe('the table of options', () => {
  it('speaks of ranges as its schemas do', () => {
    const values = [
      -1,
      -0.1,
      0,
      1e-9,
      0.5,
      1,
      1.5,
      2,
      2 ** 53,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '1',
      null,
    ];
    for (const range of ranges) {
      for (const value of values) {
        expect([rangeWords(range), value, fits(number(range), value)]).toEqual([
          rangeWords(range),
          value,
          isInRange(value, range),
        ]);
      }
    }
  });

  it('has help in one style: a phrase for lists, a sentence for the form', () => {
    for (const [name, { help, form }] of allOptions) {
      expect(`${name}: ${help}`).toMatch(/^\w+: [a-z].*[^.]$/);
      if (form) expect(`${name}: ${form.help}`).toMatch(/^\w+: [A-Z].*\.$/);
    }
  });

  it('gives no two options one flag, and leads wrong flags to flags that there are', () => {
    const flags = allOptions.flatMap(([name, { flag }]) => (flag ? [flag.name ?? flagOf(name)] : []));
    expect(new Set(flags).size).toBe(flags.length);
    for (const [, { flag }] of allOptions) {
      for (const [wrong, right] of Object.entries(flag?.insteadOf ?? {})) {
        expect(flags).not.toContain(wrong);
        expect(flags).toContain(right.split(' ')[0]);
      }
    }
  });

  it('knows what a job may be told', () => {
    const names = hyperparameters().map(([name]) => name);
    expect(names).toContain('averageMomentum');
    expect(names).not.toContain('out');
    expect(optionsOf('lr-find').map(([name]) => name)).not.toContain('epochs');
    expect(optionNamed('constructor')).toBeUndefined();
  });

  it('is JSON Schema too', () => {
    expect(jsonSchemaOf(schemaOf(optionNamed('validationSplit')!))).toMatchObject({
      type: 'number',
      minimum: 0,
      exclusiveMaximum: 1,
    });
    expect(jsonSchemaOf(schemaOf(optionNamed('tta')!))).toMatchObject({
      enum: ['none', 'flip', 'flip-shift', 'adaptive'],
    });
  });
});
