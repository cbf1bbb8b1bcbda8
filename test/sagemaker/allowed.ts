import type { PermittedCommand } from '../../src/sagemaker/client/permissions.ts';
import { type Policy, userPolicy } from '../../src/sagemaker/client/policy.ts';
import { harrier } from '../cli/harrier.ts';
import { ACCOUNT, type FakeAws, REGION, ROLE } from './fake/fake.ts';

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

/** Runs a command of `harrier sagemaker` on the fake with its own rights and no others. */
export function runAllowed(fake: FakeAws, cwd: string, args: readonly string[]) {
  fake.policy = policyOf(args[0], ['mine']);
  return harrier(['sagemaker', ...args, '--poll', '0.05'], { cwd, environment: fake.environment });
}
