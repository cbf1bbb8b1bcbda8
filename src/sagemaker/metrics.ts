/** What training reports to SageMaker. CloudWatch and tuning jobs find the values in the log by these expressions. */
export const METRIC_NAMES = [
  'train:loss',
  'train:accuracy',
  'validation:loss',
  'validation:accuracy',
  'test:loss',
  'test:accuracy',
  /** Of images with any number of labels. */
  'test:mean_average_precision',
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

/** `MetricDefinitions` of a job: the log lines of `metricLine` match each of them once. */
export const METRIC_DEFINITIONS: readonly { readonly Name: MetricName; readonly Regex: string }[] =
  METRIC_NAMES.map((name) => ({ Name: name, Regex: `${name}=([0-9.]+);` }));

/** `epoch=3; train:loss=1.234500; train:accuracy=0.561000;`. What is undefined is left out. */
export function metricLine(
  values: Readonly<Partial<Record<MetricName, number>>>,
  place: Readonly<Record<string, number>> = {},
): string {
  const places = Object.entries(place).map(([name, value]) => `${name}=${value};`);
  const metrics = METRIC_NAMES.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [`${name}=${value.toFixed(6)};`];
  });
  return [...places, ...metrics].join(' ');
}
