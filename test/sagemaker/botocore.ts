import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Captured } from './fake/fake.ts';

const SCRIPT = fileURLToPath(new URL('validate-requests.py', import.meta.url));

/**
 * What botocore, AWS's own client for Python, finds wrong with requests: by its validator, and by the patterns, lengths
 * and enumerations of the description that it carries, which its validator leaves to the service.
 *
 * @returns undefined when there is no python3 with botocore here
 */
export function botocore(captured: readonly Captured[]): string[] | undefined {
  const { status, stdout } = spawnSync('python3', [SCRIPT], {
    input: JSON.stringify(captured),
    encoding: 'utf8',
  });
  return status === 0 ? JSON.parse(stdout) : undefined;
}
