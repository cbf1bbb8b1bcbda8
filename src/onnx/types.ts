/** ONNX element types that Harrier knows; names follow NumPy's. */
export type ElementType =
  | 'float32'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'bool'
  | 'float16'
  | 'float64'
  | 'uint32'
  | 'uint64';

/** What holds the elements: float16 as raw bits in a Uint16Array, bool as 0 or 1 in a Uint8Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor, row-major. */
export interface Tensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A fixed size, or the name of a free one, such as `N`. */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

export interface ValueType {
  readonly type: ElementType;
  readonly shape: Shape;
}

/** A graph's input or output. */
export interface NamedType extends ValueType {
  readonly name: string;
}

/** Marks a number as ONNX's FLOAT: bare numbers are INT. */
export interface FloatAttribute {
  readonly float: number;
}
/** Marks numbers as ONNX's FLOATS: bare lists are INTS. */
export interface FloatsAttribute {
  readonly floats: readonly number[];
}
export interface GraphAttribute {
  readonly graph: Graph;
}
export interface TensorAttribute {
  readonly tensor: Tensor;
}
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | FloatAttribute
  | FloatsAttribute
  | TensorAttribute
  | GraphAttribute;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One operation. An absent optional input is the empty string. */
export interface Node {
  readonly name: string;
  readonly opType: string;
  /** The empty string is ONNX's own domain. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** In an order in which every value is made before it is used. */
  readonly nodes: readonly Node[];
  /**
   * The operator set of ONNX's own ops among its nodes, where that is not {@link OPSET}; 0 where its file states none.
   * Whoever reads the nodes must heed it: `importGraph` does.
   */
  readonly opset?: number;
}

export interface Model {
  readonly graph: Graph;
  /** Operator-set version of each domain used. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Free text by key (`metadata_props`). */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The version of ONNX's own operators in what Harrier writes. */
export const OPSET = 21;
/** The oldest and the newest operator sets that Harrier reads. */
export const OLDEST_OPSET = 7;
export const NEWEST_OPSET = 26;

/** Harrier's own operators, which `lower` replaces before a runtime sees them. */
export const HARRIER_DOMAIN = 'harrier';
/** ONNX Runtime's contributed operators. */
export const MICROSOFT_DOMAIN = 'com.microsoft';

/** ONNX Runtime's CPU kernels over channels in blocks (NCHWc). */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** An op's full name: `Conv`, or `com.microsoft.FusedMatMul`. */
export function qualifiedName(opType: string, domain: string): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

export function float(value: number): FloatAttribute {
  return { float: value };
}

/** Number of elements of a shape without free dimensions. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** The typed-array class that holds elements of a type. */
export function arrayOf<T extends ElementType>(type: T): (typeof ARRAYS)[T] {
  return ARRAYS[type];
}

const INT64_MAX = 2n ** 63n - 1n;

/**
 * A whole number as an int64. INT64_MAX, which stands for "to the end", is rounded up when it becomes a number: what
 * lies beyond the range is its nearest end.
 */
export function toInt64(value: number): bigint {
  const wide = BigInt(value);
  return wide > INT64_MAX ? INT64_MAX : wide < -INT64_MAX - 1n ? -INT64_MAX - 1n : wide;
}

/** A tensor from plain numbers. */
export function tensor(type: ElementType, dims: readonly number[], values: Iterable<number>): Tensor {
  if (type === 'int64') return { type, dims, data: BigInt64Array.from(values, toInt64) };
  if (type === 'uint64') return { type, dims, data: BigUint64Array.from(values, BigInt) };
  return { type, dims, data: arrayOf(type).from(values) as TensorData };
}

export function float32(dims: readonly number[], data: Float32Array | readonly number[]): Tensor {
  return { type: 'float32', dims, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

export function int64(values: readonly number[]): Tensor {
  return tensor('int64', [values.length], values);
}

/** A tensor's elements as plain numbers. */
export function numbersOf(tensor: Tensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** `(N, 32, 32, 3)`, as in messages and summaries. */
export function formatShape(shape: Shape): string {
  return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}

/** The int attribute, or its default. */
export function intAttribute(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : otherwise;
}

export function intsAttribute(attributes: Attributes, name: string): readonly number[] | undefined {
  const value = attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : undefined;
}

export function floatAttribute(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === 'object' && 'float' in value ? value.float : otherwise;
}

export function stringAttribute(attributes: Attributes, name: string, otherwise: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : otherwise;
}
