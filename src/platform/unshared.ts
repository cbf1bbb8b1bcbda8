/** The same numbers, copied where they are in memory that threads share: ONNX Runtime and files take none of that. */
export function unshared<Numbers extends Uint8Array | Float32Array>(numbers: Numbers): Unshared<Numbers> {
  return (numbers.buffer instanceof ArrayBuffer ? numbers : numbers.slice()) as Unshared<Numbers>;
}

type Unshared<Numbers> = Numbers extends Uint8Array ? Uint8Array<ArrayBuffer> : Float32Array<ArrayBuffer>;
