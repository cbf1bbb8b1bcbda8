/** One thing that `harrier bench --web` measures. */
export interface WebMeasurement {
  readonly kind: 'training' | 'inference';
  /** Networks of recipes, and the model that comes with the package: `record`'s, with the views that it averages. */
  readonly of: 'keras-cnn' | 'record' | 'shipped model';
  readonly images: number;
}

export const MEASUREMENTS: readonly WebMeasurement[] = [
  { kind: 'training', of: 'keras-cnn', images: 32 },
  { kind: 'training', of: 'record', images: 32 },
  { kind: 'inference', of: 'keras-cnn', images: 1 },
  { kind: 'inference', of: 'keras-cnn', images: 32 },
  { kind: 'inference', of: 'record', images: 1 },
  { kind: 'inference', of: 'shipped model', images: 1 },
];

export function nameOf({ kind, of, images }: WebMeasurement): string {
  return `${kind} ${of} ${images}`;
}

/** Where a page finds the model that comes with the package. */
export const SHIPPED_MODEL = '/cifar10.onnx';
