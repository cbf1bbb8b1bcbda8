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

/** The array of the elements: float16 as raw bits in a Uint16Array, bool as 0 or 1 in a Uint8Array. */
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

/** Fields of a file's message that Harrier does not read, such as documentation: they are written back as they were. */
export type Unread = readonly {
  readonly no: number;
  readonly wireType: number;
  readonly data: Uint8Array;
}[];

/** A dense tensor, row-major. */
export interface Tensor {
  /** Type of the elements. */
  readonly type: ElementType;
  /** Size of each axis. */
  readonly dims: readonly number[];
  /** The elements, row-major. */
  readonly data: TensorData;
  readonly unread?: Unread;
}

/** A tensor of zeros but for some elements. */
export interface SparseTensor {
  /** Size of each axis. */
  readonly dims: readonly number[];
  /** `[count]`. */
  readonly values: Tensor;
  /** int64: positions of the values in the flattened tensor `[count]`, or along every axis `[count, rank]`. */
  readonly indices: Tensor;
  /** What the file calls the indices. */
  readonly indicesName: string;
  readonly unread?: Unread;
}

/** A fixed size, or the name of a free one, such as `N`. */
export type Dimension = number | string;
/** Sizes of a value, axis by axis; a string is a symbolic dimension. */
export type Shape = readonly Dimension[];

/** The type of a value: of its elements, and its shape. */
export interface ValueType {
  /** Type of the elements. */
  readonly type: ElementType;
  /** Size of each axis. */
  readonly shape: Shape;
  /**
   * The elements of a small tensor, row-major, where they follow from shapes and constants: numbers, or the names of
   * symbolic dimensions (a `Shape` of `(N, 3)` is known to hold `N` and 3).
   */
  readonly elements?: readonly Dimension[];
}

/** A graph's input or output. */
export interface NamedType extends ValueType {
  /** Unique in the graph. */
  readonly name: string;
  /** Set where a file does not even state the number of axes; `shape` is then empty. */
  readonly unranked?: true;
  /** Of the value, of its type, and of each of its sizes. */
  readonly unread?: {
    readonly value?: Unread;
    readonly type?: Unread;
    readonly sizes?: readonly (Unread | undefined)[];
  };
}

/** Marks a number as ONNX's FLOAT: bare numbers are INT. */
export interface FloatAttribute {
  /** The number, stored as float32. */
  readonly float: number;
}
/** Marks numbers as ONNX's FLOATS: bare lists are INTS. */
export interface FloatsAttribute {
  /** The numbers, stored as float32. */
  readonly floats: readonly number[];
}
/** An attribute that holds a graph, such as a branch of `If`. */
export interface GraphAttribute {
  /** The nested graph. */
  readonly graph: Graph;
}
/** An attribute that holds a tensor. */
export interface TensorAttribute {
  /** The tensor. */
  readonly tensor: Tensor;
}
/** ONNX's INT beyond ±2⁵³, where numbers are not exact. */
export interface WideAttribute {
  readonly wide: bigint;
}
/** ONNX's INTS of which some lie beyond ±2⁵³. */
export interface WidesAttribute {
  readonly wides: readonly bigint[];
}
/** ONNX's STRING that is not UTF-8. */
export interface BytesAttribute {
  readonly bytes: Uint8Array;
}
/** ONNX's STRINGS where bare lists cannot say it: none, or some that are not UTF-8. */
export interface ByteStringsAttribute {
  readonly byteStrings: readonly Uint8Array[];
}
/** An attribute that Harrier does not read, as its file has it: a type, several graphs, a reference within a function. */
export interface UnreadAttribute {
  readonly unread: Uint8Array;
}
/** The value of an attribute: a number is an integer, `float(x)` a float. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | FloatAttribute
  | FloatsAttribute
  | TensorAttribute
  | GraphAttribute
  | WideAttribute
  | WidesAttribute
  | BytesAttribute
  | ByteStringsAttribute
  | UnreadAttribute;
/** The attributes of a node, by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One operation. An absent optional input is the empty string. */
export interface Node {
  /** Unique in the graph, or empty. */
  readonly name: string;
  /** Name of the op, such as `Conv`. */
  readonly opType: string;
  /** The empty string is ONNX's own domain. */
  readonly domain: string;
  /** Names of the values that it reads. */
  readonly inputs: readonly string[];
  /** Names of the values that it computes. */
  readonly outputs: readonly string[];
  /** Attributes by name. */
  readonly attributes: Attributes;
  readonly unread?: Unread;
  /** By the attribute's name. */
  readonly unreadOfAttributes?: ReadonlyMap<string, Unread>;
}

/** An ONNX graph: inputs, outputs, weights, and nodes in an order to compute in. */
export interface Graph {
  /** Name of the graph. */
  readonly name: string;
  /** Values that the caller gives. */
  readonly inputs: readonly NamedType[];
  /** Values that the caller gets. */
  readonly outputs: readonly NamedType[];
  /** Weights and constants, by name. */
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly sparseInitializers?: ReadonlyMap<string, SparseTensor>;
  /** Inputs that may be left out: an initializer of the same name takes their place. */
  readonly optionalInputs?: readonly NamedType[];
  /** In an order in which every value is made before it is used. */
  readonly nodes: readonly Node[];
  /**
   * The operator set of ONNX's own ops among its nodes, where that is not {@link OPSET}; 0 where its file states none.
   * Code that reads the nodes must respect it, as `importGraph` does.
   */
  readonly opset?: number;
  readonly unread?: Unread;
}

/** An ONNX model: a graph, the versions of the operator sets that it uses, and its metadata. */
export interface Model {
  /** The graph. */
  readonly graph: Graph;
  /** Operator-set version of each domain used. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Free text by key (`metadata_props`). */
  readonly metadata: Readonly<Record<string, string>>;
  /** Version of the file format, where it is not the one that goes with {@link OPSET}. */
  readonly irVersion?: number;
  /** The program that wrote it, where that is not Harrier. */
  readonly producer?: { readonly name: string; readonly version: string };
  readonly unread?: Unread;
}

/** The version of ONNX's own operators in the models that Harrier writes. */
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

/** Marks a number as a float attribute. */
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

/** A float32 tensor of these dimensions. */
export function float32(dims: readonly number[], data: Float32Array | readonly number[]): Tensor {
  return { type: 'float32', dims, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

/** A one-dimensional int64 tensor. */
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

/** The int attribute, or its default; beyond ±2⁵³ it is rounded. */
export function intAttribute(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  if (typeof value === 'object' && 'wide' in value) return Number(value.wide);
  return typeof value === 'number' ? value : otherwise;
}

/** The ints attribute; beyond ±2⁵³ they are rounded. */
export function intsAttribute(attributes: Attributes, name: string): readonly number[] | undefined {
  const value = attributes[name];
  if (typeof value === 'object' && 'wides' in value) return value.wides.map(Number);
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
