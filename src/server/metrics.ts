type Labels = Readonly<Record<string, string | number>>;

interface Metric {
  text(): string;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CONFIDENCES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const BATCH_IMAGES = [1, 2, 4, 8, 16, 32, 64, 128];

/**
 * Counters and histograms of the server, in Prometheus's text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export class Metrics {
  readonly #all: Metric[] = [];
  readonly #gauges = new Map<string, Gauge>();
  /** Requests, by route and status. */
  readonly requests = this.#counter('harrier_requests_total', 'Requests answered, by route and status.');
  /** Seconds from the headers of a request to its answer. */
  readonly latency = this.#histogram(
    'harrier_request_duration_seconds',
    'Time from a request to its answer, by route.',
    LATENCY_SECONDS,
  );
  /** Requests refused because of overload. */
  readonly shed = this.#counter('harrier_shed_total', 'Requests refused because there was too much to do.', [
    {},
  ]);
  /** Images per batch. */
  readonly batchImages = this.#histogram(
    'harrier_batch_images',
    'Images that ran together as one batch.',
    BATCH_IMAGES,
  );
  /** Seconds per batch. */
  readonly batchSeconds = this.#histogram(
    'harrier_batch_duration_seconds',
    'Time of a batch in its worker: decoding and inference.',
    LATENCY_SECONDS,
  );
  /** Workers that were replaced. */
  readonly workerRestarts = this.#counter(
    'harrier_worker_restarts_total',
    'Workers that died and were replaced.',
    [{}],
  );
  /** Loaded model files, by outcome. */
  readonly reloads = this.#counter('harrier_model_reloads_total', 'Changed model files, by result.', [
    { result: 'loaded' },
    { result: 'refused' },
  ]);

  /** Images, by the class that they were taken for. */
  readonly answers = this.#counter('harrier_answers_total', 'Images, by the class that the model names.');
  /** The largest probability of each image. */
  readonly confidence = this.#histogram(
    'harrier_answer_probability',
    'The largest probability of an image.',
    CONFIDENCES,
  );
  /** Images that show none of the classes. */
  readonly unknownImages = this.#counter(
    'harrier_unknown_images_total',
    'Images that show none of the classes, by a model that tells.',
  );

  /**
   * A value that is read when the metrics are. Several of the same name are added up.
   * @returns takes it away again
   */
  gauge(name: string, help: string, read: () => number): () => void {
    let gauge = this.#gauges.get(name);
    if (!gauge) {
      gauge = new Gauge(name, help);
      this.#gauges.set(name, gauge);
      this.#all.push(gauge);
    }
    return gauge.add(read);
  }

  /** All metrics in Prometheus's text format. */
  text(): string {
    return this.#all.map((metric) => metric.text()).join('');
  }

  /** @param known series that are there before anything is counted: alarms see their first event as a change */
  #counter(name: string, help: string, known: readonly Labels[] = []): Counter {
    const counter = new Counter(name, help, known);
    this.#all.push(counter);
    return counter;
  }

  #histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    const histogram = new Histogram(name, help, buckets);
    this.#all.push(histogram);
    return histogram;
  }
}

class Gauge implements Metric {
  readonly #name: string;
  readonly #help: string;
  readonly #reads = new Set<() => number>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  add(read: () => number): () => void {
    const own = () => read();
    this.#reads.add(own);
    return () => this.#reads.delete(own);
  }

  text(): string {
    const sum = [...this.#reads].reduce((total, read) => total + read(), 0);
    return `${header(this.#name, this.#help, 'gauge')}${this.#name} ${sum}\n`;
  }
}

class Counter implements Metric {
  readonly #name: string;
  readonly #help: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string, known: readonly Labels[]) {
    this.#name = name;
    this.#help = help;
    for (const labels of known) this.#values.set(labelText(labels), 0);
  }

  add(labels: Labels = {}): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + 1);
  }

  text(): string {
    const lines = [...this.#values].map(([labels, value]) => `${this.#name}${braces(labels)} ${value}\n`);
    return header(this.#name, this.#help, 'counter') + lines.join('');
  }
}

class Histogram implements Metric {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { counts: number[]; sum: number; count: number }>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  observe(value: number, labels: Labels = {}): void {
    const key = labelText(labels);
    let series = this.#series.get(key);
    if (!series) {
      series = { counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
      this.#series.set(key, series);
    }
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket]++;
    series.sum += value;
    series.count++;
  }

  text(): string {
    const lines: string[] = [];
    for (const [labels, { counts, sum, count }] of this.#series) {
      let below = 0;
      const line = (bound: number | '+Inf', value: number) =>
        lines.push(`${this.#name}_bucket${braces(labels, `le="${bound}"`)} ${value}\n`);
      this.#bounds.forEach((bound, i) => {
        below += counts[i];
        line(bound, below);
      });
      line('+Inf', count);
      lines.push(
        `${this.#name}_sum${braces(labels)} ${sum}\n`,
        `${this.#name}_count${braces(labels)} ${count}\n`,
      );
    }
    return header(this.#name, this.#help, 'histogram') + lines.join('');
  }
}

function header(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(`${value}`)}"`)
    .join(',');
}

/** Names of classes may hold anything. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function braces(...labels: readonly string[]): string {
  const text = labels.filter((label) => label !== '').join(',');
  return text && `{${text}}`;
}
