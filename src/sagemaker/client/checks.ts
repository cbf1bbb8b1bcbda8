import { HarrierError } from '../../errors.ts';

// Checks of values by the API's own description: each throws HarrierError `bad-option` that names the field.

export type Check = (value: unknown, where: string) => void;
export type Fields = Readonly<Record<string, Check>>;

export function refuse(where: string, expected: string, value: unknown): never {
  const received =
    typeof value === 'string' ? `"${value.slice(0, 80)}"` : JSON.stringify(value)?.slice(0, 80);
  throw new HarrierError('bad-option', 'SageMaker does not accept this value', {
    where,
    expected,
    received: received ?? 'nothing',
  });
}

export function text(most: number, pattern?: RegExp, words?: string, least = 0): Check {
  return (value, where) => {
    if (typeof value !== 'string') refuse(where, 'text', value);
    if (value.length < least || value.length > most) {
      refuse(where, `${least > 0 ? `${least} to ` : 'at most '}${most} characters`, value);
    }
    if (pattern && !pattern.test(value)) refuse(where, words ?? `${pattern}`, value);
  };
}

export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Check {
  return (value, where) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
    const upper = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`;
    refuse(where, `a whole number of at least ${least}${upper}`, value);
  };
}

export function one(...choices: readonly string[]): Check {
  return (value, where) => {
    if (!choices.includes(value as string)) refuse(where, choices.join(', '), value);
  };
}

export function list(item: Check, most: number, least = 0): Check {
  return (value, where) => {
    if (!Array.isArray(value)) refuse(where, 'a list', value);
    if (value.length < least || value.length > most)
      refuse(where, `${least} to ${most} entries`, value.length);
    for (const [i, each] of value.entries()) item(each, `${where}[${i}]`);
  };
}

export function map(key: Check, item: Check, most: number): Check {
  return (value, where) => {
    if (typeof value !== 'object' || value === null) refuse(where, 'names with values', value);
    const entries = Object.entries(value);
    if (entries.length > most) refuse(where, `at most ${most} entries`, entries.length);
    for (const [name, each] of entries) {
      key(name, where);
      item(each, `${where}.${name}`);
    }
  };
}

/** Fields marked `?` may be left out. */
export function fields(spec: Fields): Check {
  const known = new Map(Object.entries(spec).map(([name, check]) => [name.replace('?', ''), check]));
  return (value, where) => {
    if (typeof value !== 'object' || value === null) refuse(where, 'an object', value);
    const given = value as Record<string, unknown>;
    const stranger = Object.keys(given).find((name) => given[name] !== undefined && !known.has(name));
    if (stranger !== undefined) refuse(where, `one of ${[...known.keys()].join(', ')}`, stranger);
    for (const [name, check] of Object.entries(spec)) {
      const plain = name.replace('?', '');
      if (given[plain] !== undefined) check(given[plain], `${where}.${plain}`);
      else if (plain === name) refuse(`${where}.${plain}`, 'a value', undefined);
    }
  };
}

export const boolean: Check = (value, where) => {
  if (typeof value !== 'boolean') refuse(where, 'true or false', value);
};
export const number: Check = (value, where) => {
  if (typeof value !== 'number') refuse(where, 'a number', value);
};
const NAME_WORDS = 'letters, digits and single hyphens between them';
export const name = (most: number) =>
  text(most, /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/, `${NAME_WORDS}, at most ${most}`, 1);
export const s3 = text(1024, /^s3:\/\/[^/]+/, 's3://bucket/path');
export const role = text(
  2048,
  /^arn:aws[a-z-]*:iam::\d{12}:role\/?[\w+=,.@\-/]+$/,
  'arn:aws:iam::123456789012:role/NAME',
  20,
);
export const image = text(255, /^\S+$/, 'an image address without spaces');
export const instanceType = text(64, /^ml\.[a-z0-9-]+\.[a-z0-9]+$/, 'a name such as ml.c7i.xlarge');
export const tags = list(
  fields({
    Key: text(128, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u, undefined, 1),
    Value: text(256, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u),
  }),
  50,
);
/** Names of a virtual private cloud's subnets and security groups. */
export const vpc = fields({
  SecurityGroupIds: list(text(32, /^sg-[0-9a-z]+$/, 'a security group such as sg-0123456789abcdef0'), 5, 1),
  Subnets: list(text(32, /^subnet-[0-9a-z]+$/, 'a subnet such as subnet-0123456789abcdef0'), 16, 1),
});
export const kmsKey = text(2048, /^[a-zA-Z0-9:/_-]+$/, 'the id, ARN or alias/NAME of a KMS key', 1);
