import { name } from './checks.ts';
import { HOSTING_REQUESTS } from './hosting-requests.ts';
import { JOB_REQUESTS } from './job-requests.ts';
import { LIMITS } from './limits.ts';

const REQUESTS = { ...JOB_REQUESTS, ...HOSTING_REQUESTS } as const;

export type CheckedOperation = keyof typeof REQUESTS;

/** Checks a name that a user gave for what is there already. @throws HarrierError `bad-option` */
export function checkName(given: string, where = 'name'): void {
  name(LIMITS.name)(given, where);
}

/**
 * Checks a request against the API's limits before it is sent, so that a mistake is found before anything is uploaded
 * or bills; gives it back.
 *
 * @throws HarrierError `bad-option` that names the field
 */
export function checked<T extends object>(operation: CheckedOperation, request: T): T {
  REQUESTS[operation](request, operation);
  return request;
}
