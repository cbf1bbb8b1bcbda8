import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OPS } from '../src/ops/index.ts';
import { opsTable } from './ops-table.ts';

describe('docs/ops.md', () => {
  it('is up to date (else: npm run generate)', () => {
    expect(readFileSync(new URL('../docs/ops.md', import.meta.url), 'utf8')).toBe(opsTable());
  });

  it('has one line for every op', () => {
    const lines = opsTable()
      .split('\n')
      .filter((line) => /^\| \w/.test(line) && !line.startsWith('| op '));
    expect(lines).toHaveLength(OPS.size);
  });

  it('says yes, zero, or no and why', () => {
    const infer = () => [];
    const text = opsTable([
      { opType: 'A', domain: '', infer, derivative: () => [] },
      { opType: 'B', domain: '', infer, derivative: 'zero' },
      { opType: 'C', domain: 'harrier', infer, derivative: { none: 'it is new' } },
    ]);
    expect(text).toContain('| A | ai.onnx | yes |');
    expect(text).toContain('| B | ai.onnx | zero |');
    expect(text).toContain('| C | harrier | no: it is new |');
  });
});
