import { describe, expect, it } from 'vitest';
import { HarrierError } from '../../src/errors.ts';
import { OPS } from '../../src/ops/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { opOf } from '../oracle/cases.ts';
import { checkGradients } from './check.ts';
import { gradientGraph } from './problem.ts';
import { problemOf, refusal, refused, rows } from './table.ts';

const runtime = nodeRuntime({ threads: 1 });

describe('gradients agree with differences of the oracle', () => {
  for (const row of rows) {
    const problem = problemOf(row);
    const check = row.notInRuntime ? it.skip : it;
    check(`${problem.name}${row.notInRuntime ? ` (${row.notInRuntime})` : ''}`, async () => {
      expect(await checkGradients(problem, runtime)).toEqual([]);
    });
  }

  it('for every op that has a gradient rule', () => {
    const withRule = [...OPS].flatMap(([name, { derivative }]) =>
      typeof derivative === 'function' ? [name] : [],
    );
    const covered = new Set(rows.map(opOf));
    expect(withRule.filter((name) => !covered.has(name))).toEqual([]);
    expect([...covered].filter((name) => !withRule.includes(name))).toEqual([]);
  });
});

describe('no gradient rather than a wrong one', () => {
  for (const row of refused) {
    const problem = problemOf(row);
    it(`${problem.name} (${refusal(row)})`, () => {
      expect(() => gradientGraph(problem)).toThrow(HarrierError);
      expect(() => gradientGraph(problem)).toThrow(expect.objectContaining({ code: 'not-supported' }));
    });
  }
});
