/** Some rows of features `[images, size]`, one below the other. */
export function rowsOf(features: Float32Array, size: number, images: readonly number[]): Float32Array {
  const rows = new Float32Array(images.length * size);
  images.forEach((image, i) => {
    rows.set(features.subarray(image * size, (image + 1) * size), i * size);
  });
  return rows;
}
