/** Where the features of one network's images are kept, by keys of their pixels. */
export interface FeatureStore {
  /** Those that are kept of some keys, and perhaps others: each a row, float32 `[size]`. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>;
  /** Keeps rows. */
  write(rows: ReadonlyMap<string, Float32Array>): Promise<void>;
}
