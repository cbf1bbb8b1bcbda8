/** Fields of schedules that hold learning rates; `schedule` holds another schedule. */
const RATES = [
  'learningRate',
  'initialLearningRate',
  'endLearningRate',
  'warmupTarget',
  'maximumLearningRate',
  'values',
];

/** The highest learning rate that a number, a schedule or its configuration names. */
export function highestRate(learningRate: unknown): number {
  return Math.max(0, ...ratesIn(learningRate));
}

/**
 * A learning rate or a schedule's configuration, all its rates multiplied so that the highest is `rate`: a schedule
 * keeps its shape.
 */
export function withHighestRate(learningRate: unknown, rate: number): unknown {
  const highest = highestRate(learningRate);
  // A rate of 0 has no shape to keep.
  return typeof learningRate === 'number' || highest === 0 ? rate : scaled(learningRate, rate / highest);
}

function ratesIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null) return [];
  const config: Record<string, unknown> = 'at' in value && 'config' in value ? Object(value.config) : value;
  return Object.entries(config).flatMap(([name, each]) => {
    if (name === 'schedule') return ratesIn(each);
    if (!RATES.includes(name)) return [];
    return Array.isArray(each) ? each.flatMap(ratesIn) : ratesIn(each);
  });
}

function scaled(value: unknown, factor: number): unknown {
  if (typeof value === 'number') return value * factor;
  if (typeof value !== 'object' || value === null) return value;
  const config: Record<string, unknown> = 'at' in value && 'config' in value ? Object(value.config) : value;
  return Object.fromEntries(
    Object.entries(config).map(([name, each]) => {
      if (name !== 'schedule' && !RATES.includes(name)) return [name, each];
      return [name, Array.isArray(each) ? each.map((rate) => scaled(rate, factor)) : scaled(each, factor)];
    }),
  );
}
