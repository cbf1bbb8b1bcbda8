import type { PermittedCommand } from '../../src/sagemaker/client/permissions.ts';
import { type Policy, userPolicy } from '../../src/sagemaker/client/policy.ts';
import { ACCOUNT, REGION, ROLE } from './fake/fake.ts';

/** The policy that `harrier sagemaker policy --for COMMAND` prints, for the account of the fake. */
export function policyOf(command: string, data: readonly string[] = []): Policy {
  return userPolicy([command as PermittedCommand], {
    account: ACCOUNT,
    region: REGION,
    bucket: `sagemaker-${REGION}-${ACCOUNT}`,
    data,
    role: ROLE,
    repository: 'harrier',
  });
}
