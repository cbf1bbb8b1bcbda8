import { chmod, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { extract } from 'tar';
import { AwsFailure, invalid } from './api.ts';
import { Container, freePort } from './container.ts';
import { type Json, page, seconds, type World } from './world.ts';

interface Served {
  readonly container: Container;
  readonly port: number;
}

/** Models, configurations and endpoints; an endpoint in service is our `serve` in a process. */
export class Hosting {
  readonly models = new Map<string, Json>();
  readonly configs = new Map<string, Json>();
  /** Endpoints that cannot be deleted. */
  readonly kept = new Set<string>();
  readonly endpoints = new Map<string, Json>();
  readonly transforms = new Map<string, Json>();
  readonly #serving = new Map<string, Served>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly operations: Readonly<Record<string, (request: Json) => Json>> = {
    CreateModel: (request) => {
      const arn = this.#world.arn('model', request.ModelName);
      if (this.models.has(request.ModelName)) throw invalid(`Cannot create already existing model "${arn}".`);
      this.#world.checkRole(request.ExecutionRoleArn);
      this.#world.checkImage(request.PrimaryContainer.Image);
      this.#world.checkObjects(request.PrimaryContainer.ModelDataUrl, 'model data');
      this.models.set(request.ModelName, { ...request, ModelArn: arn, CreationTime: seconds() });
      return { ModelArn: arn };
    },
    DescribeModel: ({ ModelName }) => this.#find(this.models, 'model', ModelName),
    DeleteModel: ({ ModelName }) => {
      this.#find(this.models, 'model', ModelName);
      this.models.delete(ModelName);
      return {};
    },
    ListModels: (request) => {
      const { items, ...rest } = page(this.models.values(), request, 'ModelName');
      return { Models: items, ...rest };
    },
    CreateEndpointConfig: (request) => {
      const arn = this.#world.arn('endpoint-config', request.EndpointConfigName);
      if (this.configs.has(request.EndpointConfigName)) {
        throw invalid(`Cannot create already existing endpoint configuration "${arn}".`);
      }
      for (const variant of request.ProductionVariants) {
        this.#find(this.models, 'model', variant.ModelName);
        if (!variant.ServerlessConfig === !variant.InstanceType)
          throw invalid('Either InstanceType or ServerlessConfig');
        if (variant.InstanceType && !variant.InitialInstanceCount)
          throw invalid('InitialInstanceCount is required');
      }
      this.configs.set(request.EndpointConfigName, {
        ...request,
        EndpointConfigArn: arn,
        CreationTime: seconds(),
      });
      return { EndpointConfigArn: arn };
    },
    DescribeEndpointConfig: ({ EndpointConfigName }) =>
      this.#find(this.configs, 'endpoint configuration', EndpointConfigName),
    DeleteEndpointConfig: ({ EndpointConfigName: name }) => {
      this.#find(this.configs, 'endpoint configuration', name);
      const user = [...this.endpoints.values()].find((each) => each.EndpointConfigName === name);
      if (user) throw invalid(`Cannot delete endpoint configuration in use by ${user.EndpointName}`);
      this.configs.delete(name);
      return {};
    },
    ListEndpointConfigs: (request) => {
      const { items, ...rest } = page(this.configs.values(), request, 'EndpointConfigName');
      return { EndpointConfigs: items, ...rest };
    },
    CreateEndpoint: (request) => {
      const { EndpointName: name, EndpointConfigName } = request;
      const arn = this.#world.arn('endpoint', name);
      if (this.endpoints.has(name)) throw invalid(`Cannot create already existing endpoint "${arn}".`);
      const config = this.#find(this.configs, 'endpoint configuration', EndpointConfigName);
      this.#world.checkQuota(config.ProductionVariants[0].InstanceType);
      this.#world.tag(arn, request.Tags);
      const endpoint: Json = {
        ...request,
        EndpointArn: arn,
        EndpointStatus: 'Creating',
        CreationTime: seconds(),
      };
      delete endpoint.Tags;
      this.endpoints.set(name, endpoint);
      this.#world.begin(this.#bring(endpoint, EndpointConfigName, undefined));
      return { EndpointArn: arn };
    },
    UpdateEndpoint: ({ EndpointName, EndpointConfigName, DeploymentConfig }) => {
      const endpoint = this.#find(this.endpoints, 'endpoint', EndpointName);
      const config = this.#find(this.configs, 'endpoint configuration', EndpointConfigName);
      if (!/^(InService|Failed)$/.test(endpoint.EndpointStatus)) {
        throw invalid(`Cannot update in-progress endpoint "${endpoint.EndpointArn}".`);
      }
      if (DeploymentConfig && config.ProductionVariants[0].ServerlessConfig) {
        throw invalid('DeploymentConfig is not supported for serverless endpoints.');
      }
      this.#world.checkQuota(config.ProductionVariants[0].InstanceType);
      const before = endpoint.EndpointConfigName;
      endpoint.EndpointStatus = 'Updating';
      this.#world.begin(this.#bring(endpoint, EndpointConfigName, before));
      return { EndpointArn: endpoint.EndpointArn };
    },
    DescribeEndpoint: ({ EndpointName }) => this.#find(this.endpoints, 'endpoint', EndpointName),
    ListEndpoints: (request) => {
      const { items, ...rest } = page(this.endpoints.values(), request, 'EndpointName');
      return { Endpoints: items, ...rest };
    },
    DeleteEndpoint: ({ EndpointName }) => {
      if (this.kept.has(EndpointName)) throw invalid(`Cannot delete ${EndpointName} at the moment.`);
      const endpoint = this.#find(this.endpoints, 'endpoint', EndpointName);
      if (/^(Creating|Updating)$/.test(endpoint.EndpointStatus)) {
        throw invalid(`Cannot delete in-progress endpoint "${endpoint.EndpointArn}".`);
      }
      endpoint.EndpointStatus = 'Deleting';
      this.#world.begin(this.#delete(EndpointName));
      return {};
    },
    CreateTransformJob: (request) => {
      const name = request.TransformJobName;
      if (this.transforms.has(name)) throw new AwsFailure('ResourceInUse', `Job ${name} already exists`);
      const model = this.#find(this.models, 'model', request.ModelName);
      if (request.MaxPayloadInMB * request.MaxConcurrentTransforms > 100) {
        throw invalid('MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100');
      }
      this.#world.checkQuota(request.TransformResources.InstanceType);
      this.#world.checkObjects(request.TransformInput.DataSource.S3DataSource.S3Uri, 'data');
      const job: Json = { ...request, TransformJobStatus: 'InProgress', CreationTime: seconds() };
      this.transforms.set(name, job);
      this.#world.begin(this.#transform(job, model));
      return { TransformJobArn: this.#world.arn('transform-job', name) };
    },
    DescribeTransformJob: ({ TransformJobName }) =>
      this.#find(this.transforms, 'transform job', TransformJobName),
    StopTransformJob: ({ TransformJobName }) => {
      this.#find(this.transforms, 'transform job', TransformJobName).TransformJobStatus = 'Stopping';
      return {};
    },
    ListTransformJobs: (request) => {
      const { items, ...rest } = page(this.transforms.values(), request, 'TransformJobName');
      return { TransformJobSummaries: items, ...rest };
    },
  };

  /** What the endpoint's container answers. */
  async invoke(name: string, headers: Record<string, string>, body: Buffer) {
    const served = this.#serving.get(name);
    if (!this.endpoints.has(name)) throw invalid(`Endpoint ${name} of account not found.`);
    if (!served) throw invalid(`Endpoint ${name} is not in service.`);
    const answer = await fetch(`http://127.0.0.1:${served.port}/invocations`, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', bytes };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#serving.values()].map(({ container }) => container.remove()));
  }

  #find(all: Map<string, Json>, kind: string, name: string): Json {
    const found = all.get(name);
    if (!found)
      throw invalid(`Could not find ${kind} "${this.#world.arn(kind.replaceAll(' ', '-'), name)}".`);
    return found;
  }

  /** Starts the new container beside the old one; changes over when it answers, else goes back. */
  async #bring(endpoint: Json, configName: string, before: string | undefined): Promise<void> {
    const name: string = endpoint.EndpointName;
    await this.#world.pause();
    const variant = this.configs.get(configName)!.ProductionVariants[0];
    const served = await this.#serve(
      this.models.get(variant.ModelName)!,
      `/aws/sagemaker/Endpoints/${name}`,
      variant.VariantName,
    );
    endpoint.LastModifiedTime = seconds();
    if (served) {
      const old = this.#serving.get(name);
      this.#serving.set(name, served);
      endpoint.EndpointConfigName = configName;
      await old?.container.remove();
      endpoint.EndpointStatus = 'InService';
      delete endpoint.FailureReason;
      return;
    }
    endpoint.FailureReason = `The primary container for production variant ${variant.VariantName} did not pass the ping health check. Please check CloudWatch logs for this endpoint.`;
    if (before === undefined) {
      endpoint.EndpointStatus = 'Failed';
      return;
    }
    endpoint.EndpointStatus = 'RollingBack';
    await this.#world.pause();
    endpoint.EndpointStatus = 'InService';
  }

  async #delete(name: string): Promise<void> {
    await this.#serving.get(name)?.container.remove();
    this.#serving.delete(name);
    await this.#world.pause();
    this.endpoints.delete(name);
    this.#world.tags.delete(this.#world.arn('endpoint', name));
  }

  /** Undefined when the container does not answer pings. */
  async #serve(model: Json, group: string, stream: string, batch = false): Promise<Served | undefined> {
    const container = await Container.make();
    const archive = this.#world.s3.objects.get(model.PrimaryContainer.ModelDataUrl.replace('s3://', ''))!;
    await writeFile(container.path('model.tar.gz'), archive);
    await extract({ cwd: container.path('model'), file: container.path('model.tar.gz') });
    await chmod(container.path('model'), 0o555);
    const port = await freePort();
    const environment = { SAGEMAKER_BIND_TO_PORT: `${port}`, ...(batch && { SAGEMAKER_BATCH: 'true' }) };
    const ended = container.run('serve', environment, this.#world.log(group, `${stream}/i-1`));
    let hasEnded = false;
    ended.then(() => {
      hasEnded = true;
    });
    for (let i = 0; i < 400 && !hasEnded; i++) {
      const ok = await fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(2000) })
        .then((answer) => answer.status === 200)
        .catch(() => false);
      if (ok) return { container, port };
      await sleep(50);
    }
    await container.remove();
    return undefined;
  }

  async #transform(job: Json, model: Json): Promise<void> {
    const name: string = job.TransformJobName;
    const { s3 } = this.#world;
    const served = await this.#serve(model, '/aws/sagemaker/TransformJobs', `${name}/i-1`, true);
    job.TransformStartTime = seconds();
    const input: string = job.TransformInput.DataSource.S3DataSource.S3Uri.replace('s3://', '');
    const failed: string[] = [];
    if (served) {
      const parameters = await fetch(`http://127.0.0.1:${served.port}/execution-parameters`);
      if (!parameters.ok) failed.push('execution-parameters');
      for (const path of s3.keys(input)) {
        const answer = await fetch(`http://127.0.0.1:${served.port}/invocations`, {
          method: 'POST',
          headers: { 'content-type': job.TransformInput.ContentType, accept: job.TransformOutput.Accept },
          body: new Uint8Array(s3.objects.get(path)!),
        });
        if (!answer.ok) failed.push(`${path}: ${await answer.text()}`);
        else {
          const output = job.TransformOutput.S3OutputPath.replace('s3://', '');
          const key = `${output}/${path.slice(input.length).replace(/^\//, '')}.out`;
          s3.objects.set(key, Buffer.from(await answer.arrayBuffer()));
        }
      }
      await served.container.remove();
    }
    job.TransformEndTime = seconds();
    if (served && failed.length === 0) job.TransformJobStatus = 'Completed';
    else {
      job.TransformJobStatus = 'Failed';
      job.FailureReason = `ClientError: ${failed[0] ?? 'the container does not answer'}`.slice(0, 1024);
    }
  }
}
