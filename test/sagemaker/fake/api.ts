import { readFileSync } from 'node:fs';

interface Shape {
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, string>>;
  readonly member?: string;
  readonly key?: string;
  readonly value?: string;
}

const API: {
  readonly operations: Readonly<Record<string, string>>;
  readonly shapes: Readonly<Record<string, Shape>>;
} = JSON.parse(readFileSync(new URL('api-model.json', import.meta.url), 'utf8'));

/** An answer of AWS that is an error. */
export class AwsFailure extends Error {
  readonly status: number;
  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export const invalid = (message: string, name = 'ValidationException') => new AwsFailure(name, message);

/** Refuses what the API's description refuses: required fields, unknown ones, types, lengths, patterns, enumerations. */
export function checkRequest(operation: string, request: unknown): void {
  const shape = API.operations[operation];
  if (!shape) throw new AwsFailure('UnknownOperationException', `the fake has no ${operation}`);
  const wrong: string[] = [];
  check(shape, request, '', wrong);
  if (wrong.length === 0) return;
  throw invalid(`${wrong.length} validation error detected: ${wrong.join('; ')}`);
}

function check(name: string, value: unknown, path: string, wrong: string[]): void {
  const shape = API.shapes[name];
  const say = (constraint: string) =>
    wrong.push(`Value '${JSON.stringify(value)}' at '${path}' failed to satisfy constraint: ${constraint}`);
  switch (shape.type) {
    case 'structure': {
      if (typeof value !== 'object' || value === null) return void say('Member must be a structure');
      const given = value as Record<string, unknown>;
      for (const required of shape.required ?? []) {
        if (given[required] === undefined) say(`Member must not be null: ${required}`);
      }
      for (const [key, each] of Object.entries(given)) {
        const member = shape.members?.[key];
        if (!member) say(`Unknown member ${key}`);
        else if (each !== undefined) check(member, each, `${path}.${key}`, wrong);
      }
      return;
    }
    case 'list': {
      if (!Array.isArray(value)) return void say('Member must be a list');
      checkSize(shape, value.length, 'length', say);
      value.forEach((each, i) => {
        check(shape.member!, each, `${path}.${i + 1}.member`, wrong);
      });
      return;
    }
    case 'map': {
      const entries = Object.entries(value as object);
      checkSize(shape, entries.length, 'length', say);
      for (const [key, each] of entries) {
        check(shape.key!, key, `${path}.key`, wrong);
        check(shape.value!, each, `${path}.${key}`, wrong);
      }
      return;
    }
    case 'string': {
      if (typeof value !== 'string') return void say('Member must be a string');
      checkSize(shape, value.length, 'length', say);
      const pattern =
        shape.pattern && new RegExp(`^(?:${shape.pattern})$`, shape.pattern.includes('\\p{') ? 'su' : 's');
      if (pattern && !pattern.test(value))
        say(`Member must satisfy regular expression pattern: ${shape.pattern}`);
      if (shape.enum && !shape.enum.split(' ').includes(value)) say('Member must satisfy enum value set');
      return;
    }
    case 'integer':
    case 'long':
      if (!Number.isInteger(value)) return void say('Member must be a whole number');
      checkSize(shape, value as number, 'value', say);
      return;
    case 'float':
    case 'double':
      if (typeof value !== 'number') say('Member must be a number');
      return;
    case 'boolean':
      if (typeof value !== 'boolean') say('Member must be a boolean');
      return;
    default:
      throw new Error(`the fake does not know the type ${shape.type} of ${name}`);
  }
}

function checkSize(
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Shape,
  size: number,
  what: string,
  say: (text: string) => void,
): void {
  if (size < min) say(`Member must have ${what} greater than or equal to ${min}`);
  if (size > max) say(`Member must have ${what} less than or equal to ${max}`);
}
