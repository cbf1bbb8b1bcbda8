import type { Command } from 'commander';
import { command } from '../command.ts';
import { STORAGE_PROTECTION, withProtection } from './protection.ts';
import type { RegisterOptions } from './registry.ts';
import { type AwsCommandOptions, withAwsOptions } from './session.ts';

/** `harrier sagemaker registry` and what is below it. */
export function registryCommand(): Command {
  const registry = command('registry', 'Versions of models, with their approval: the model registry.', [
    ['sagemaker registry add JOB --group parts', 'the next version of "parts", waiting for approval'],
    ['sagemaker registry list parts', 'its versions'],
    ['sagemaker registry approve parts/3', 'may be deployed'],
    ['sagemaker deploy registry:parts --name line-2', 'deploy the newest approved version'],
  ]);
  for (const each of [
    addCommand(),
    listCommand(),
    approvalCommand('approve', 'Approved', 'Approve a version, so that it may be deployed.'),
    approvalCommand('reject', 'Rejected', 'Reject a version, so that it is not deployed.'),
    removeCommand(),
  ]) {
    registry.addCommand(each);
  }
  return registry;
}

function addCommand(): Command {
  const add = command('add', 'Register a model as the next version of its group.', [
    ['sagemaker registry add JOB --group parts', 'the model of a training or tuning job'],
    ['sagemaker registry add latest --group parts --approve', 'the newest run here, approved at once'],
  ])
    .argument('<job|run>', 'a job of SageMaker, a run folder, "latest", or a model file')
    .option('--group <name>', 'name of the model group, which is created if it does not exist')
    .option('--description <text>', 'what is special about this version')
    .option('--approve', 'approve it at once')
    .option('--image <address>', 'the image, in ECR (default: harrier:latest of this account)')
    .option('--bucket <name>', "for uploads (default: SageMaker's own of this account and region)");
  withProtection(add, STORAGE_PROTECTION);
  return withAwsOptions(add).action(async (source: string, options: RegisterOptions) => {
    const { runRegister } = await import('./registry.ts');
    await runRegister(source, options);
  });
}

function listCommand(): Command {
  const list = command('list', 'List the models of the registry, or the versions of one.', [
    ['sagemaker registry list', 'the models'],
    ['sagemaker registry list parts --json', 'the versions of one, for programs'],
  ]).argument('[group]', 'whose versions to list');
  return withAwsOptions(list).action(async (group: string | undefined, options: AwsCommandOptions) => {
    const { runRegistryList } = await import('./registry.ts');
    await runRegistryList(group, options);
  });
}

function approvalCommand(name: string, status: 'Approved' | 'Rejected', help: string): Command {
  const approval = command(name, help, [
    [`sagemaker registry ${name} parts/3`, 'version 3 of "parts"'],
    [`sagemaker registry ${name} parts/3 --json`, 'for programs'],
  ]).argument('<group/version>', 'which one');
  return withAwsOptions(approval).action(async (version: string, options: AwsCommandOptions) => {
    const { runApproval } = await import('./registry.ts');
    await runApproval(version, status, options);
  });
}

function removeCommand(): Command {
  const remove = command('remove', 'Remove versions, or a model without versions, from the registry.', [
    ['sagemaker registry remove parts/1 parts/2', 'two versions'],
    ['sagemaker registry remove parts', 'the model, once it has no versions'],
  ]).argument('<name...>', 'GROUP/VERSION, or GROUP');
  return withAwsOptions(remove).action(async (names: string[], options: AwsCommandOptions) => {
    const { runRegistryRemove } = await import('./registry.ts');
    await runRegistryRemove(names, options);
  });
}
