import type { Shape } from 'harrier/src/onnx/types.ts';

/** `31 × 31 × 24` for what the graph has as `(N, 24, 31, 31)`: as people say it, channels last. */
export function sizeText(shape: Shape): string {
  const [, ...sizes] = shape;
  if (sizes.length === 3) {
    const [channels, height, width] = sizes;
    return `${height} × ${width} × ${channels}`;
  }
  return sizes.length === 1 ? `${sizes[0]} numbers` : sizes.join(' × ') || 'a number';
}
