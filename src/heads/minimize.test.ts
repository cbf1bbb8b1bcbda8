import { describe, expect, it } from 'vitest';
import { minimize } from './minimize.ts';

describe('minimize', () => {
  it('finds the minimum of a badly scaled parabola, whose place is known', async () => {
    const scales = [1, 10, 100, 1000];
    const at = [3, -2, 0.5, 7];
    const { point, gradient } = await minimize(
      async (x) => ({
        value: scales.reduce((sum, scale, i) => sum + 0.5 * scale * (x[i] - at[i]) ** 2, 0),
        gradient: x.map((value, i) => scales[i] * (value - at[i])),
      }),
      new Float32Array(4),
      { tolerance: 1e-4, maxSteps: 100 },
    );
    at.forEach((value, i) => {
      expect(point[i]).toBeCloseTo(value, 3);
    });
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-2);
  });

  it('stays where it is at a minimum, and counts its steps', async () => {
    const evaluate = async (x: Float32Array) => ({ value: x[0] ** 2, gradient: x.map((v) => 2 * v) });
    const options = { tolerance: 1e-6, maxSteps: 3 };
    expect(await minimize(evaluate, new Float32Array(1), options)).toMatchObject({ steps: 0, value: 0 });
    const { steps, value } = await minimize(evaluate, Float32Array.of(5), options);
    expect(steps).toBeGreaterThan(0);
    expect(value).toBeLessThan(1e-6);
  });
});
