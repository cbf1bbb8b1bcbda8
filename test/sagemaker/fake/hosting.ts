import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { extract } from 'tar';
import { AwsFailure, invalid } from './api.ts';
import { Container, freePort } from './container.ts';
import type { Monitoring } from './monitoring.ts';
import type { Registry } from './registry.ts';
import { Components, loadTarget } from './shared.ts';
import { checkUpdate, moveTraffic } from './updates.ts';
import { type Json, page, seconds, type World } from './world.ts';

export interface Served {
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
  readonly components: Components;
  readonly #serving = new Map<string, Served>();
  /** Alarms that go off when the next update moves traffic. */
  readonly tripped = new Set<string>();
  /** Of endpoints, by name. */
  readonly #looks = new EventEmitter();
  readonly #world: World;
  readonly #registry: Registry;
  readonly #monitoring: Monitoring;

  constructor(world: World, registry: Registry, monitoring: Monitoring) {
    this.#world = world;
    this.#registry = registry;
    this.#monitoring = monitoring;
    this.components = new Components(world, {
      endpoint: (name) => this.#find(this.endpoints, 'endpoint', name),
      config: (name) => this.configs.get(name)!,
      serve: (archive, group, stream) =>
        this.#serve({ PrimaryContainer: { ModelDataUrl: archive } }, group, stream),
    });
  }

  readonly operations: Readonly<Record<string, (request: Json) => Json>> = {
    CreateModel: (request) => {
      const arn = this.#world.arn('model', request.ModelName);
      if (this.models.has(request.ModelName)) throw invalid(`Cannot create already existing model "${arn}".`);
      this.#world.checkRole(request.ExecutionRoleArn);
      const PrimaryContainer = this.#containerOf(request.PrimaryContainer);
      this.#world.checkImage(PrimaryContainer.Image);
      if (PrimaryContainer.Mode === 'MultiModel' && !PrimaryContainer.ModelDataUrl.endsWith('/'))
        throw invalid('ModelDataUrl of a multi-model container must be a prefix.');
      this.#world.checkObjects(PrimaryContainer.ModelDataUrl, 'model data');
      this.models.set(request.ModelName, {
        ...request,
        PrimaryContainer,
        ModelArn: arn,
        CreationTime: seconds(),
      });
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
        this.#checkShared(request, variant);
        if (variant.ModelName) this.#find(this.models, 'model', variant.ModelName);
        if (!variant.ServerlessConfig === !variant.InstanceType)
          throw invalid('Either InstanceType or ServerlessConfig');
        if (variant.InstanceType && !variant.InitialInstanceCount)
          throw invalid('InitialInstanceCount is required');
        if (variant.ServerlessConfig) this.#checkServerless(request, variant);
        if (request.KmsKeyId && /^ml\.(\w+d|g[56])\./.test(variant.InstanceType)) {
          throw invalid(`KmsKeyId is not supported for ${variant.InstanceType}, which has local storage.`);
        }
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
      if (endpoint.EndpointStatus !== 'InService') {
        throw invalid(`Cannot update in-progress endpoint "${endpoint.EndpointArn}".`);
      }
      checkUpdate(DeploymentConfig, config.ProductionVariants[0], this.#monitoring);
      this.#world.checkQuota(config.ProductionVariants[0].InstanceType);
      const before = endpoint.EndpointConfigName;
      endpoint.EndpointStatus = 'Updating';
      // AWS tells of an update from its beginning to its end.
      endpoint.PendingDeploymentSummary = {
        EndpointConfigName,
        ProductionVariants: [{ VariantName: 'all' }],
      };
      this.#world.begin(
        this.#bring(endpoint, EndpointConfigName, before, DeploymentConfig).finally(() => {
          delete endpoint.PendingDeploymentSummary;
        }),
      );
      return { EndpointArn: endpoint.EndpointArn };
    },
    DescribeEndpoint: ({ EndpointName }) => {
      const endpoint = this.#find(this.endpoints, 'endpoint', EndpointName);
      this.#looks.emit(EndpointName);
      const config = this.configs.get(endpoint.EndpointConfigName) ?? {};
      const { AsyncInferenceConfig, DataCaptureConfig, ProductionVariants = [] } = config;
      return {
        ...endpoint,
        ProductionVariants: ProductionVariants.map((variant: Json) => ({
          VariantName: variant.VariantName,
          ...(variant.InitialInstanceCount && { CurrentInstanceCount: variant.InitialInstanceCount }),
        })),
        ...(AsyncInferenceConfig && { AsyncInferenceConfig }),
        ...(DataCaptureConfig && { DataCaptureConfig }),
      };
    },
    ListEndpoints: (request) => {
      const { items, ...rest } = page(this.endpoints.values(), request, 'EndpointName');
      return { Endpoints: items, ...rest };
    },
    DeleteEndpoint: ({ EndpointName }) => {
      if (this.kept.has(EndpointName)) throw invalid(`Cannot delete ${EndpointName} at the moment.`);
      const endpoint = this.#find(this.endpoints, 'endpoint', EndpointName);
      this.components.checkNone(EndpointName);
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
  async invoke(
    name: string,
    headers: Record<string, string>,
    body: Buffer,
    { component, target }: { readonly component?: string; readonly target?: string } = {},
  ) {
    const served = this.#serving.get(name);
    if (!this.endpoints.has(name)) throw invalid(`Endpoint ${name} of account not found.`);
    if (this.#world.asynchronous.has(name)) {
      throw invalid(`Endpoint ${name} is asynchronous: use InvokeEndpointAsync.`);
    }
    const [variant] = this.configs.get(this.endpoints.get(name)!.EndpointConfigName)!.ProductionVariants;
    const container = this.models.get(variant.ModelName)?.PrimaryContainer;
    const isMulti = container?.Mode === 'MultiModel';
    if (target && !isMulti) {
      throw invalid(
        `Endpoint ${name} is not a multi-model endpoint and does not support target model header.`,
        'ValidationError',
      );
    }
    if (component && container)
      throw invalid(`Endpoint ${name} has no inference components.`, 'ValidationError');
    if (!served && container) throw invalid(`Endpoint ${name} is not in service.`);
    const port = served?.port ?? this.components.portOf(name, component);
    const place = isMulti
      ? await loadTarget(this.#world, served!, container.ModelDataUrl, target)
      : '/invocations';
    const answer = await fetch(`http://127.0.0.1:${port}${place}`, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const type = answer.headers.get('content-type') ?? '';
    this.#capture(name, headers, body, { type, bytes });
    return { status: answer.status, type, bytes };
  }

  /** Takes a request of an asynchronous endpoint, whose answer comes as an object. */
  invokeAsync(name: string, headers: IncomingHttpHeaders) {
    const header = (key: string) => headers[`x-amzn-sagemaker-${key}`] as string | undefined;
    const endpoint = this.endpoints.get(name);
    if (!endpoint) throw invalid(`Endpoint ${name} of account not found.`);
    const { AsyncInferenceConfig: config } = this.configs.get(endpoint.EndpointConfigName) ?? {};
    if (!config) throw invalid(`Endpoint ${name} does not support asynchronous inference.`);
    const input = header('inputlocation') ?? '';
    const life = Number(header('requestttlseconds') ?? 21_600);
    if (!(life >= 60 && life <= 21_600)) throw invalid('RequestTTLSeconds must be from 60 to 21600');
    this.#world.checkObjects(input, 'input');
    const id = randomUUID();
    const { S3OutputPath, S3FailurePath } = config.OutputConfig;
    const places = { output: `${S3OutputPath}/${id}.out`, failure: `${S3FailurePath}/${id}-error.out` };
    const sent = { 'content-type': header('content-type') ?? '', accept: header('accept') ?? '' };
    this.#world.begin(this.#answerAsync(name, input, sent, places));
    return { InferenceId: id, ...places };
  }

  /** Takes the machines of an endpoint away that scales to zero. */
  async scaleToZero(name: string): Promise<void> {
    if (this.#world.scaling.get(`endpoint/${name}/variant/all`)?.MinCapacity !== 0) {
      throw new Error(`${name} does not scale to zero`);
    }
    await this.#serving.get(name)!.container.remove();
    this.#serving.delete(name);
  }

  async #answerAsync(
    name: string,
    input: string,
    headers: Record<string, string>,
    { output, failure }: { output: string; failure: string },
  ): Promise<void> {
    await this.#world.pause();
    if (!this.#serving.has(name)) {
      // Nobody works: only an alarm that adds a machine ends that.
      const alarm = [...this.#monitoring.alarms.values()].find(
        ({ request }) =>
          request.MetricName === 'HasBacklogWithoutCapacity' && request.Dimensions[0].Value === name,
      );
      if (!alarm) return;
      const served = await this.#serveConfig(name, this.endpoints.get(name)!.EndpointConfigName);
      this.#serving.set(name, served!);
    }
    const { port } = this.#serving.get(name)!;
    const { objects } = this.#world.s3;
    const body = new Uint8Array(objects.get(input.replace('s3://', ''))!);
    const answer = await fetch(`http://127.0.0.1:${port}/invocations`, { method: 'POST', headers, body });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.ok) objects.set(output.replace('s3://', ''), bytes);
    else {
      const said = `Received client error (${answer.status}) from primary with message "${bytes}". See the log for more.`;
      objects.set(failure.replace('s3://', ''), Buffer.from(said));
    }
  }

  /** A line for each request in S3, where the configuration says so. */
  #capture(
    name: string,
    sent: Record<string, string>,
    body: Buffer,
    { type, bytes }: { type: string; bytes: Buffer },
  ): void {
    const { DataCaptureConfig: config } = this.configs.get(this.endpoints.get(name)!.EndpointConfigName)!;
    if (!config?.EnableCapture) return;
    const at = new Date().toISOString();
    // All that the configuration does not name as CSV or JSON is base64.
    const part = (mode: string, observedContentType: string, data: Buffer) => ({
      observedContentType,
      mode,
      data: data.toString('base64'),
      encoding: 'BASE64',
    });
    const line = {
      captureData: {
        endpointInput: part('INPUT', sent['content-type'], body),
        endpointOutput: part('OUTPUT', type, bytes),
      },
      eventMetadata: { eventId: randomUUID(), inferenceTime: at },
      eventVersion: '0',
    };
    const [day, hour] = [at.slice(0, 10).replaceAll('-', '/'), at.slice(11, 13)];
    const file = `${at.slice(14, 19).replace(':', '-')}-${randomUUID()}.jsonl`;
    const key = `${config.DestinationS3Uri.replace('s3://', '')}/${name}/all/${day}/${hour}/${file}`;
    this.#world.s3.objects.set(key, Buffer.from(`${JSON.stringify(line)}\n`));
  }

  /** A container's image and archive, also of a model of the registry, which must be approved. */
  #containerOf(container: Json): Json {
    const { ModelPackageName: arn, Image, ModelDataUrl } = container;
    if (!arn === !Image) throw invalid('Either Image or ModelPackageName');
    if (!arn) {
      if (!ModelDataUrl) throw invalid('The container has no model.');
      return container;
    }
    const found = this.#registry.find(arn);
    if (found.ModelApprovalStatus !== 'Approved' || found.ModelPackageStatus !== 'Completed') {
      throw invalid(`Model package ${arn} is not approved.`);
    }
    return found.InferenceSpecification.Containers[0];
  }

  #checkServerless(config: Json, variant: Json): void {
    const model = this.models.get(variant.ModelName)!;
    const clash = [config.AsyncInferenceConfig, config.DataCaptureConfig, config.KmsKeyId];
    if ([...clash, model.VpcConfig, model.EnableNetworkIsolation].every((each) => !each)) return;
    throw invalid('This configuration is not supported for serverless endpoints.');
  }

  /** What AWS refuses of endpoints with several models. */
  #checkShared(config: Json, variant: Json): void {
    const container = this.models.get(variant.ModelName)?.PrimaryContainer;
    const isMulti = container?.Mode === 'MultiModel';
    if (!variant.ModelName || isMulti) {
      const clash = [variant.ServerlessConfig, config.AsyncInferenceConfig, config.DataCaptureConfig];
      if (clash.some(Boolean)) throw invalid('This configuration is not supported for several models.');
    }
    if (variant.ModelName) {
      const own = config.ExecutionRoleArn ?? config.VpcConfig ?? config.EnableNetworkIsolation;
      if (own ?? variant.ManagedInstanceScaling)
        throw invalid('Only configurations without a model have a role, a network or managed scaling.');
      return;
    }
    if (!config.ExecutionRoleArn) throw invalid('ExecutionRoleArn is required without a ModelName.');
    this.#world.checkRole(config.ExecutionRoleArn);
    const { MinInstanceCount: least = 1, MaxInstanceCount: most = Number.POSITIVE_INFINITY } =
      variant.ManagedInstanceScaling ?? {};
    const count = variant.InitialInstanceCount;
    if (least > most || count < least || count > most)
      throw invalid('InitialInstanceCount must be from MinInstanceCount to MaxInstanceCount.');
  }

  #serveConfig(name: string, configName: string): Promise<Served | undefined> {
    const variant = this.configs.get(configName)!.ProductionVariants[0];
    const model = this.models.get(variant.ModelName)!;
    return this.#serve(model, `/aws/sagemaker/Endpoints/${name}`, variant.VariantName);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#serving.values()].map(({ container }) => container.remove()));
    await this.components.close();
  }

  #find(all: Map<string, Json>, kind: string, name: string): Json {
    const found = all.get(name);
    if (!found)
      throw invalid(`Could not find ${kind} "${this.#world.arn(kind.replaceAll(' ', '-'), name)}".`);
    return found;
  }

  /** Starts the new container beside the old one; changes over when it answers, else goes back. */
  async #bring(endpoint: Json, configName: string, before: string | undefined, update?: Json): Promise<void> {
    const name: string = endpoint.EndpointName;
    await this.#world.pause();
    const config = this.configs.get(configName)!;
    if (!config.ProductionVariants[0].ModelName) {
      // It has nothing to start: its components come later.
      endpoint.EndpointStatus = 'InService';
      return;
    }
    const served = await this.#serveConfig(name, configName);
    endpoint.LastModifiedTime = seconds();
    const loud =
      served &&
      update &&
      (await moveTraffic(endpoint, configName, update, this.#monitoring, {
        pause: this.#world.pause,
        seen: () => once(this.#looks, name),
        tripped: this.tripped,
      }));
    if (served && !loud) {
      const old = this.#serving.get(name);
      this.#serving.set(name, served);
      endpoint.EndpointConfigName = configName;
      await old?.container.remove();
      if (config.AsyncInferenceConfig) this.#world.asynchronous.add(name);
      else this.#world.asynchronous.delete(name);
      endpoint.EndpointStatus = 'InService';
      delete endpoint.FailureReason;
      return;
    }
    await served?.container.remove();
    endpoint.FailureReason = loud
      ? 'One or more configured alarms have been triggered.'
      : `The primary container for production variant ${config.ProductionVariants[0].VariantName} did not pass the ping health check. Please check CloudWatch logs for this endpoint.`;
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
    this.#world.asynchronous.delete(name);
    this.endpoints.delete(name);
    this.#world.tags.delete(this.#world.arn('endpoint', name));
  }

  /** Undefined when the container does not answer pings. */
  async #serve(model: Json, group: string, stream: string, batch = false): Promise<Served | undefined> {
    const container = await Container.make();
    const isMulti = model.PrimaryContainer.Mode === 'MultiModel';
    if (!isMulti) {
      const archive = this.#world.s3.objects.get(model.PrimaryContainer.ModelDataUrl.replace('s3://', ''))!;
      await writeFile(container.path('model.tar.gz'), archive);
      await extract({ cwd: container.path('model'), file: container.path('model.tar.gz') });
    }
    await chmod(container.path('model'), 0o555);
    const port = await freePort();
    const environment = {
      SAGEMAKER_BIND_TO_PORT: `${port}`,
      ...(batch && { SAGEMAKER_BATCH: 'true' }),
      // So few that one has to make room.
      ...(isMulti && { SAGEMAKER_MULTI_MODEL: 'true', HARRIER_MAX_MODELS: '1' }),
    };
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
      const isLines = job.TransformInput.SplitType === 'Line';
      for (const path of s3.keys(input)) {
        if (isLines) {
          await this.#transformLines(job, served.port, path, input, failed);
          continue;
        }
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

  /** As many lines in a request as fit; the answers' lines one after another. */
  async #transformLines(
    job: Json,
    port: number,
    path: string,
    input: string,
    failed: string[],
  ): Promise<void> {
    const { s3 } = this.#world;
    const lines = s3.objects.get(path)!.toString().split('\n').filter(Boolean);
    const most = job.BatchStrategy === 'MultiRecord' ? job.MaxPayloadInMB * 2 ** 20 : 0;
    const parts: string[][] = [];
    let size = Number.POSITIVE_INFINITY;
    for (const line of lines) {
      if (size + line.length > most) {
        parts.push([]);
        size = 0;
      }
      parts.at(-1)!.push(line);
      size += line.length;
    }
    const answers: string[] = [];
    for (const part of parts) {
      const answer = await fetch(`http://127.0.0.1:${port}/invocations`, {
        method: 'POST',
        headers: { 'content-type': job.TransformInput.ContentType, accept: job.TransformOutput.Accept },
        body: part.join('\n'),
      });
      if (!answer.ok) return void failed.push(`${path}: ${await answer.text()}`);
      answers.push(await answer.text());
    }
    const between = job.TransformOutput.AssembleWith === 'Line' ? '\n' : '';
    const key = `${job.TransformOutput.S3OutputPath.replace('s3://', '')}/${path.slice(input.length).replace(/^\//, '')}.out`;
    s3.objects.set(key, Buffer.from(answers.join(between)));
  }
}
