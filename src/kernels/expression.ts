/** What a kernel can do to numbers: each is one ONNX op and one WebAssembly SIMD instruction, rounded the same way. */
export type Operation =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'minimum'
  | 'maximum'
  | 'negate'
  | 'absolute'
  | 'squareRoot';

/** An expression, or a number standing for a constant. */
export type Operand = Expression | number;

export type ExpressionContent =
  | { readonly kind: 'array'; readonly name: string }
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'operation'; readonly operation: Operation; readonly operands: readonly Expression[] };

/**
 * An elementwise float32 expression: it describes arithmetic on one element of each array and does none itself.
 * It is evaluated exactly as written, operation by operation, each rounded to float32; nothing is reordered or
 * contracted. NaN in any operand gives NaN.
 */
export class Expression {
  /** The node of the expression: an input, a number or an operation. */
  readonly content: ExpressionContent;

  constructor(content: ExpressionContent) {
    this.content = content;
  }

  /** this + other */
  plus(other: Operand): Expression {
    return operation('add', this, other);
  }

  /** this − other */
  minus(other: Operand): Expression {
    return operation('subtract', this, other);
  }

  /** this · other */
  times(other: Operand): Expression {
    return operation('multiply', this, other);
  }

  /** this / other */
  dividedBy(other: Operand): Expression {
    return operation('divide', this, other);
  }

  /** The smaller of the two. */
  minimum(other: Operand): Expression {
    return operation('minimum', this, other);
  }

  /** The larger of the two. */
  maximum(other: Operand): Expression {
    return operation('maximum', this, other);
  }

  /** −this */
  negated(): Expression {
    return operation('negate', this);
  }

  /** |this| */
  absolute(): Expression {
    return operation('absolute', this);
  }

  /** √this */
  squareRoot(): Expression {
    return operation('squareRoot', this);
  }
}

/** The present element of a named array. */
export function arrayElement(name: string): Expression {
  return new Expression({ kind: 'array', name });
}

/** A named number that is the same for all elements and may change from call to call. */
export function scalar(name: string): Expression {
  return new Expression({ kind: 'scalar', name });
}

/** A number that never changes, rounded to float32. */
export function constant(value: number): Expression {
  return new Expression({ kind: 'constant', value: Math.fround(value) });
}

function operation(name: Operation, ...operands: Operand[]): Expression {
  return new Expression({
    kind: 'operation',
    operation: name,
    operands: operands.map((operand) => (typeof operand === 'number' ? constant(operand) : operand)),
  });
}
