import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CALLS, COMMAND_CALLS, type PermittedCommand } from './permissions.ts';
import { rolePolicy, trustPolicy, userPolicy } from './policy.ts';

const scope = {
  account: '123456789012',
  region: 'eu-west-1',
  bucket: 'sagemaker-eu-west-1-123456789012',
  data: ['mine/photos'],
  role: 'arn:aws:iam::123456789012:role/SageMakerExecutionRole',
  repository: 'harrier',
};
const COMMANDS = Object.keys(COMMAND_CALLS) as PermittedCommand[];

/** Every `aws.client.method(` in the code of the commands. */
async function callsInCode(): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of ['./', '../../cli/sagemaker/']) {
    const url = new URL(folder, import.meta.url);
    for (const name of await readdir(url)) {
      if (!/^[^.]+\.ts$/.test(name)) continue;
      const text = await readFile(new URL(name, url), 'utf8');
      const calls = text.matchAll(
        /\b(sagemaker|runtime|s3|ecr|sts|logs|cloudwatch|scaling)\s*\.\s*([a-z]\w+)\(/g,
      );
      for (const [, client, method] of calls)
        if (client !== 's3' || method !== 'replace') found.add(`${client}.${method}`);
    }
  }
  return [...found].sort();
}

it('knows every call of the code, and no other; each belongs to a command', async () => {
  const calls = await callsInCode();
  expect(calls.length).toBeGreaterThan(40);
  expect(Object.keys(CALLS).sort()).toEqual(calls);
  const used = new Set<string>(COMMANDS.flatMap((name): readonly string[] => COMMAND_CALLS[name]));
  expect(calls.filter((call) => !used.has(call))).toEqual(['sts.getCallerIdentity']);
});

it('allows all of a resource only where IAM knows no single one', () => {
  const { Statement: statements } = userPolicy(COMMANDS, scope);
  const open = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action);
  expect(
    open.filter((action) => !/^(sagemaker:List|application-autoscaling:|cloudwatch:Describe)/.test(action)),
  ).toEqual([]);
  expect(JSON.stringify(statements)).not.toMatch(/"(\w|-)+:\*"/);
  const pass = statements.filter(({ Action }) => Action.includes('iam:PassRole'));
  expect(pass).toEqual([
    {
      Sid: expect.any(String),
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: scope.role,
      Condition: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
    },
  ]);
});

it('fits into one managed policy, which has 6,144 characters', () => {
  const kmsKey = 'arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012';
  expect(JSON.stringify(userPolicy(COMMANDS, { ...scope, kmsKey })).length).toBeLessThan(6144);
});

it('gives a program that asks endpoints nothing else', () => {
  const actions = userPolicy(['predict'], scope).Statement.flatMap(({ Action }) => Action);
  expect(actions.sort()).toEqual([
    's3:DeleteObject',
    's3:GetObject',
    's3:PutObject',
    'sagemaker:DescribeEndpoint',
    'sagemaker:InvokeEndpoint',
    'sagemaker:InvokeEndpointAsync',
  ]);
});

it('lets the role reach its data, its bucket, its image, and the network and topic that are named', () => {
  const topic = 'arn:aws:sns:eu-west-1:123456789012:answers';
  const { Statement: statements } = rolePolicy({ ...scope, vpc: true, topic });
  const of = (sid: string) => statements.find(({ Sid }) => Sid === sid);
  expect(of('ReadAndWrite')?.Resource).toEqual([
    'arn:aws:s3:::sagemaker-eu-west-1-123456789012/harrier/*',
    'arn:aws:s3:::mine/photos/*',
  ]);
  expect(of('Network')?.Action).toContain('ec2:CreateNetworkInterface');
  expect(of('Notify')?.Resource).toBe(topic);
  expect(rolePolicy(scope).Statement.map(({ Sid }) => Sid)).not.toContain('Network');
  expect(trustPolicy(scope).Statement[0].Condition).toEqual({
    StringEquals: { 'aws:SourceAccount': scope.account },
  });
});
