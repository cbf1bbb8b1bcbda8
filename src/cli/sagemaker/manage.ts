import { HarrierError } from '../../errors.ts';
import type { Aws } from '../../sagemaker/client/aws.ts';
import { awsError, isMissing } from '../../sagemaker/client/aws-error.ts';
import { findComponent, listComponents, removeComponent } from '../../sagemaker/client/components.ts';
import { deleteEndpoint } from '../../sagemaker/client/delete-endpoint.ts';
import { describeEndpoint, EXPIRES_TAG } from '../../sagemaker/client/endpoint.ts';
import { LogTail } from '../../sagemaker/client/follow.ts';
import { expired, listEndpoints, listJobs } from '../../sagemaker/client/inventory.ts';
import { checkName } from '../../sagemaker/client/requests.ts';
import {
  checkKind,
  endpointKind,
  removeTargetModel,
  targetModel,
} from '../../sagemaker/client/shared-endpoint.ts';
import { Exit, failureOf } from '../failure.ts';
import { shortTime, warnOfExpired } from './deploy.ts';
import { type AwsCommandOptions, inAws } from './session.ts';
import { waitForTraining } from './train.ts';

/** `harrier sagemaker list`. */
export async function runList(given: AwsCommandOptions): Promise<void> {
  await inAws(given, ['sagemaker'], async (session) => {
    const { aws, reporter } = session;
    const [endpoints, components, jobs] = await Promise.all([
      listEndpoints(aws),
      listComponents(aws),
      listJobs(aws, 10),
    ]);
    if (given.json) {
      reporter.json({ region: aws.region, endpoints, components, jobs });
      return;
    }
    const rows = [
      ...endpoints.map(({ name, status, created, expires, unreadableExpiry }) => [
        'endpoint',
        name,
        status,
        shortTime(created),
        expires
          ? `expires ${shortTime(expires)}`
          : unreadableExpiry
            ? `its tag ${EXPIRES_TAG} is no date: "${unreadableExpiry}"`
            : '',
      ]),
      ...components.map(({ name, endpoint, status, created }) => [
        'component',
        name,
        status,
        shortTime(created),
        `on ${endpoint}`,
      ]),
      ...jobs.map(({ kind, name, status, created }) => [kind, name, status, shortTime(created), '']),
    ];
    if (rows.length === 0)
      reporter.print(`There are no endpoints of Harrier's and no jobs in ${aws.region}.`);
    const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column].length)));
    for (const row of rows) {
      reporter.print(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      );
    }
    await warnOfExpired(session);
  });
}

/** `harrier sagemaker logs`: of a training job, a transform job or an endpoint. */
export async function runLogs(name: string, given: AwsCommandOptions & { follow?: boolean }): Promise<void> {
  checkName(name);
  await inAws(given, ['sagemaker', 'logs'], async (session) => {
    const { aws, follow, reporter } = session;
    if (given.follow) {
      if (!(await isTrainingJob(aws, name)) && (await describeEndpoint(aws, name))) {
        throw new HarrierError('bad-option', 'this is an endpoint: --follow follows training jobs', {
          where: name,
          next: 'Leave it out, and ask again for what comes later.',
        });
      }
      await waitForTraining(session, name, given.json);
      return;
    }
    const lines: string[] = [];
    const log = given.json ? (line: string) => void lines.push(line) : follow.log;
    for (const kind of ['training', 'transform', 'endpoint', 'component'] as const) {
      const tail = new LogTail(aws, name, { ...follow, log }, kind);
      await tail.read();
      if (!tail.found) continue;
      if (given.json) reporter.json({ name, kind, lines });
      return;
    }
    if (!(await isTrainingJob(aws, name)) && !(await describeEndpoint(aws, name))) {
      throw new HarrierError('not-found', 'there is no such job or endpoint', {
        where: name,
        next: 'npx harrier sagemaker list lists them.',
      });
    }
    reporter.note('There is no log yet.');
    if (given.json) reporter.json({ name, lines });
  });
}

async function isTrainingJob({ sagemaker }: Aws, name: string): Promise<boolean> {
  return sagemaker.describeTrainingJob({ TrainingJobName: name }).then(
    () => true,
    (error) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}

/** `harrier sagemaker stop`: whatever job has the name. */
export async function runStop(name: string, given: AwsCommandOptions): Promise<void> {
  checkName(name);
  await inAws(given, ['sagemaker'], async ({ aws, reporter }) => {
    const attempts = [
      () => aws.sagemaker.stopTrainingJob({ TrainingJobName: name }),
      () => aws.sagemaker.stopTransformJob({ TransformJobName: name }),
      ...(name.length <= 32
        ? [() => aws.sagemaker.stopHyperParameterTuningJob({ HyperParameterTuningJobName: name })]
        : []),
    ];
    for (const attempt of attempts) {
      try {
        await attempt();
        reporter.print(`${name} is stopping: it has two minutes to save its model.`);
        if (given.json) reporter.json({ job: name, status: 'Stopping' });
        return;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    throw new HarrierError('not-found', 'there is no such job', {
      where: name,
      next: 'npx harrier sagemaker list lists them.',
    });
  });
}

/** What `delete` takes away: endpoints, or one of the models that share one. */
export interface DeleteOptions extends AwsCommandOptions {
  readonly expired?: boolean;
  readonly component?: string;
  readonly targetModel?: string;
}

/** `harrier sagemaker delete`. */
export async function runDelete(names: readonly string[], given: DeleteOptions): Promise<void> {
  if (given.component !== undefined || given.targetModel !== undefined) return runDeleteModel(names, given);
  if (names.length === 0 && !given.expired) {
    throw new HarrierError('bad-option', 'there is nothing to delete', {
      expected: 'names of endpoints, or --expired',
      next: 'npx harrier sagemaker list lists them.',
    });
  }
  for (const name of names) checkName(name);
  await inAws(given, ['sagemaker', 'scaling', 'cloudwatch'], async ({ aws, reporter, follow, goesOn }) => {
    const over = given.expired ? expired(await listEndpoints(aws)).map(({ name }) => name) : [];
    const all = [...new Set([...names, ...over])];
    if (all.length === 0) reporter.print('No endpoint has expired.');
    goesOn('Stopped: run the same command again to delete the rest.');
    const removed: Record<string, unknown> = {};
    const failures: unknown[] = [];
    for (const name of all) {
      reporter.status(`deleting ${name} …`);
      try {
        const { endpoint, configs, models, left } = await deleteEndpoint(aws, name, follow);
        removed[name] = { endpoint, configs, models, ...(left.length > 0 && { left }) };
        reporter.print(
          `${name}: ${endpoint ? 'the endpoint, ' : ''}${configs.length} configurations and ${models.length} models are gone.`,
        );
        if (left.length > 0) {
          reporter.note(`Not made by Harrier for it, and left: ${[...new Set(left)].join(', ')}`);
        }
      } catch (error) {
        follow.signal?.throwIfAborted();
        // The others bill on until they are deleted too.
        const failure = awsError(error);
        failures.push(failure);
        removed[name] = { error: failure instanceof Error ? failure.message : `${failure}` };
        if (all.length > 1) reporter.error(failureOf(failure).message ?? '');
      }
    }
    if (given.json) reporter.json(removed);
    if (failures.length > 0 && all.length === 1) throw failures[0];
    if (failures.length > 0) throw new Exit(1);
  });
}

/** One model of an endpoint that several share. */
async function runDeleteModel(names: readonly string[], given: DeleteOptions): Promise<void> {
  const { component, targetModel: target, expired: isExpired } = given;
  const flag = component === undefined ? '--target-model' : '--component';
  const other =
    component !== undefined && target !== undefined ? '--target-model' : isExpired ? '--expired' : undefined;
  if (other) throw new HarrierError('bad-option', `${flag} and ${other} cannot be combined`);
  if (names.length !== 1) {
    throw new HarrierError('bad-option', `${flag} needs the name of one endpoint`, {
      received: names.length === 0 ? 'none' : names.join(', '),
    });
  }
  const [endpoint] = names;
  checkName(endpoint);
  if (component !== undefined) checkName(component, '--component');
  const key = target === undefined ? undefined : targetModel(target);
  await inAws(given, ['sagemaker', 'scaling', 's3'], async ({ aws, reporter, follow, goesOn }) => {
    const kind = await endpointKind(aws, endpoint);
    if (!kind) {
      throw new HarrierError('not-found', 'there is no such endpoint', {
        where: endpoint,
        next: 'npx harrier sagemaker list lists them.',
      });
    }
    checkKind(endpoint, kind, component === undefined ? 'models' : 'components', flag);
    if (component !== undefined) {
      if (!(await findComponent(aws, component, endpoint))) {
        throw new HarrierError('not-found', 'the endpoint has no inference component of this name', {
          where: component,
          next: 'npx harrier sagemaker list lists them.',
        });
      }
      goesOn(`Stopped waiting: ${component} is still being deleted.`);
      await removeComponent(aws, component, follow);
      reporter.print(`${component} is gone. ${endpoint} bills on: npx harrier sagemaker delete ${endpoint}`);
    } else if (kind.kind === 'models') {
      await removeTargetModel(aws, kind.folder, key!);
      reporter.print(`${key} is gone from ${endpoint}. A machine that has loaded it may answer for a while.`);
    }
    if (given.json) reporter.json({ endpoint, ...(component ? { component } : { targetModel: key }) });
  });
}
