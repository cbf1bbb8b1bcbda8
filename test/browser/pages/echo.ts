/** Proves that a page runs, and how. */
import { HarrierError } from '../../../src/errors.ts';

export function echo(value: unknown): unknown {
  return value;
}

export function circumstances() {
  return {
    isolated: globalThis.crossOriginIsolated,
    threads: typeof SharedArrayBuffer !== 'undefined',
    cores: navigator.hardwareConcurrency,
    secure: globalThis.isSecureContext,
  };
}

export async function webGpuAdapter(): Promise<string | undefined> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return undefined;
  const { vendor, architecture, description } = adapter.info;
  return `${vendor} ${architecture} ${description}`;
}

export function fail(): never {
  throw new HarrierError('bad-data', 'nothing fits', {
    expected: 'one',
    received: 'two',
    next: 'Count again.',
  });
}

export function stumble(): never {
  throw new TypeError('stumbled');
}
