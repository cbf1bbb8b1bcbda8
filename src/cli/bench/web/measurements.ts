/** One thing that `harrier bench --web` measures. */
export interface WebMeasurement {
  readonly kind: 'training' | 'inference';
  /** `record` is the recipe of the shipped model; for inference, that model itself. */
  readonly of: 'keras-cnn' | 'record';
  readonly images: number;
}

export const MEASUREMENTS: readonly WebMeasurement[] = [
  { kind: 'training', of: 'keras-cnn', images: 32 },
  { kind: 'training', of: 'record', images: 32 },
  { kind: 'inference', of: 'keras-cnn', images: 1 },
  { kind: 'inference', of: 'keras-cnn', images: 32 },
  { kind: 'inference', of: 'record', images: 1 },
];

export function nameOf({ kind, of, images }: WebMeasurement): string {
  return `${kind} ${of} ${images}`;
}

/** Where a page finds the model that comes with the package. */
export const SHIPPED_MODEL = '/cifar10.onnx';
