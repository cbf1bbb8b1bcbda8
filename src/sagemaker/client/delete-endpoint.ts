import { HarrierError } from '../../errors.ts';
import { removeAlarms } from './alarms.ts';
import type { Aws } from './aws.ts';
import { isAws, isMissing } from './aws-error.ts';
import { listComponents, removeComponent } from './components.ts';
import { describeEndpoint, modelsOf } from './endpoint.ts';
import { type FollowOptions, lookUntil } from './follow.ts';
import { isUniqueNameOf, plainName } from './names.ts';
import { unscaleEndpoint } from './scaling.ts';

/**
 * Takes away an endpoint, and every inference component, model and configuration that was made for it. Others may use
 * those of other names, which stay.
 *
 * @returns the names of what was removed, by kind, and of what stays
 * @throws HarrierError `not-found` when there is no such endpoint and nothing of it; `refused` when all is gone but
 *   its scaling
 */
export async function deleteEndpoint(
  aws: Aws,
  endpoint: string,
  options: Pick<FollowOptions, 'pollSeconds' | 'signal'>,
): Promise<{ endpoint: boolean; configs: string[]; models: string[]; left: string[] }> {
  const found = await describeEndpoint(aws, endpoint);
  // Names are made from a plain form of the endpoint's: of one that is not plain, they may be another endpoint's.
  const isPlain = plainName(endpoint) === endpoint;
  const configs = new Set(isPlain ? await ownNames(aws, endpoint, 'configs') : []);
  const models = new Set(isPlain ? await ownNames(aws, endpoint, 'models') : []);
  const left: string[] = [];
  let unscaled: unknown;
  if (found) {
    const config = found.EndpointConfigName!;
    const used = await modelsOf(aws, config);
    const isOwn = (name: string) => isUniqueNameOf(endpoint, name);
    if (isOwn(config)) configs.add(config);
    for (const model of used.filter(isOwn)) models.add(model);
    left.push(...[config, ...used].filter((name) => !isOwn(name)));
    await unscaleEndpoint(aws, endpoint).catch((error) => {
      unscaled = error;
    });
    await removeAlarms(aws, endpoint).catch((error) => {
      // Who may not see alarms has made none.
      if (!isAws(error, 'AccessDenied')) unscaled ??= error;
    });
    // AWS deletes no endpoint that has some.
    for (const { name } of await listComponents(aws, endpoint)) await removeComponent(aws, name, options);
    // Whatever became of the scaling: the endpoint is what bills.
    await removeEndpoint(aws, endpoint, options);
  } else if (configs.size === 0 && models.size === 0) {
    throw new HarrierError('not-found', 'there is no such endpoint', {
      where: endpoint,
      next: 'npx harrier sagemaker list lists them.',
    });
  }
  for (const EndpointConfigName of configs) {
    await ignoreMissing(aws.sagemaker.deleteEndpointConfig({ EndpointConfigName }));
  }
  for (const ModelName of models) await ignoreMissing(aws.sagemaker.deleteModel({ ModelName }));
  if (unscaled !== undefined) throw unscaledError(endpoint, unscaled);
  return { endpoint: found !== undefined, configs: [...configs], models: [...models], left };
}

function unscaledError(endpoint: string, cause: unknown): HarrierError {
  const reason = (cause as Error).message.replace(/\.$/, '');
  return new HarrierError(
    'refused',
    `the endpoint is gone, but its scaling policy or its alarms cannot be removed (${reason})`,
    {
      where: endpoint,
      next: 'They cost little or nothing, but would apply to a new endpoint of the same name.',
      cause,
    },
  );
}

/** Takes an endpoint away and waits until it is gone: what it uses may go only then. */
export async function removeEndpoint(
  aws: Aws,
  endpoint: string,
  options: Pick<FollowOptions, 'pollSeconds' | 'signal'>,
): Promise<void> {
  await aws.sagemaker.deleteEndpoint({ EndpointName: endpoint });
  await lookUntil(
    () => describeEndpoint(aws, endpoint),
    (still) => still === undefined,
    options,
  );
}

async function ownNames(aws: Aws, endpoint: string, kind: 'configs' | 'models'): Promise<string[]> {
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const query = { NameContains: `${endpoint}-`, MaxResults: 100, NextToken };
    if (kind === 'configs') {
      const page = await aws.sagemaker.listEndpointConfigs(query);
      names.push(...(page.EndpointConfigs ?? []).map(({ EndpointConfigName }) => EndpointConfigName!));
      NextToken = page.NextToken;
    } else {
      const page = await aws.sagemaker.listModels(query);
      names.push(...(page.Models ?? []).map(({ ModelName }) => ModelName!));
      NextToken = page.NextToken;
    }
  } while (NextToken);
  return names.filter((name) => isUniqueNameOf(endpoint, name));
}

/** A configuration, and the model that was made with it under the same name. */
export async function removeConfigAndModel(aws: Aws, name: string): Promise<void> {
  await ignoreMissing(aws.sagemaker.deleteEndpointConfig({ EndpointConfigName: name }));
  await ignoreMissing(aws.sagemaker.deleteModel({ ModelName: name }));
}

async function ignoreMissing(action: Promise<unknown>): Promise<void> {
  await action.catch((error) => {
    if (!isMissing(error)) throw error;
  });
}
