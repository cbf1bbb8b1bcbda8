import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { extract } from 'tar';
import { invalid } from './api.ts';
import type { Served } from './hosting.ts';
import { type Json, page, seconds, type World } from './world.ts';

/** What components need of the endpoints. */
interface Endpoints {
  endpoint(name: string): Json;
  config(name: string): Json;
  serve(archive: string, group: string, stream: string): Promise<Served | undefined>;
}

/** Inference components: each in service is our `serve` in a process, whatever the number of its copies. */
export class Components {
  readonly all = new Map<string, Json>();
  readonly #serving = new Map<string, Served>();
  readonly #world: World;
  readonly #endpoints: Endpoints;

  constructor(world: World, endpoints: Endpoints) {
    this.#world = world;
    this.#endpoints = endpoints;
  }

  readonly operations: Readonly<Record<string, (request: Json) => Json>> = {
    CreateInferenceComponent: (request) => {
      const {
        InferenceComponentName: name,
        EndpointName,
        VariantName,
        Specification,
        RuntimeConfig,
      } = request;
      const arn = this.#world.arn('inference-component', name);
      if (this.all.has(name)) throw invalid(`Cannot create already existing inference component "${arn}".`);
      const endpoint = this.#endpoints.endpoint(EndpointName);
      if (endpoint.EndpointStatus !== 'InService')
        throw invalid(`Endpoint ${EndpointName} is not InService.`);
      const { ProductionVariants } = this.#endpoints.config(endpoint.EndpointConfigName);
      const variant = ProductionVariants.find((each: Json) => each.VariantName === VariantName);
      if (!variant) throw invalid(`Variant ${VariantName} does not exist on endpoint ${EndpointName}.`);
      if (variant.ModelName)
        throw invalid(`Endpoint ${EndpointName} has a model, and takes no inference components.`);
      if (!RuntimeConfig) throw invalid('RuntimeConfig is required.');
      this.#check(Specification);
      const component: Json = {
        InferenceComponentName: name,
        InferenceComponentArn: arn,
        EndpointName,
        EndpointArn: endpoint.EndpointArn,
        VariantName,
        InferenceComponentStatus: 'Creating',
        CreationTime: seconds(),
        LastModifiedTime: seconds(),
      };
      this.all.set(name, component);
      this.#world.tag(arn, request.Tags);
      this.#world.begin(this.#bring(component, Specification, RuntimeConfig.CopyCount));
      return { InferenceComponentArn: arn };
    },
    DescribeInferenceComponent: ({ InferenceComponentName: name }) => this.#find(name),
    UpdateInferenceComponent: ({ InferenceComponentName: name, Specification, RuntimeConfig }) => {
      const component = this.#idle(name);
      if (!Specification && !RuntimeConfig) throw invalid('There is nothing to update.');
      if (Specification) this.#check(Specification);
      component.InferenceComponentStatus = 'Updating';
      const count = RuntimeConfig?.CopyCount ?? component.RuntimeConfig.DesiredCopyCount;
      this.#world.begin(this.#bring(component, Specification, count));
      return { InferenceComponentArn: component.InferenceComponentArn };
    },
    UpdateInferenceComponentRuntimeConfig: ({ InferenceComponentName: name, DesiredRuntimeConfig }) => {
      const component = this.#idle(name);
      component.InferenceComponentStatus = 'Updating';
      this.#world.begin(this.#bring(component, undefined, DesiredRuntimeConfig.CopyCount));
      return { InferenceComponentArn: component.InferenceComponentArn };
    },
    ListInferenceComponents: (request) => {
      const { EndpointNameEquals: endpoint } = request;
      const found = [...this.all.values()].filter((each) => !endpoint || each.EndpointName === endpoint);
      const { items, ...rest } = page(found, request, 'InferenceComponentName');
      return { InferenceComponents: items, ...rest };
    },
    DeleteInferenceComponent: ({ InferenceComponentName: name }) => {
      this.#idle(name).InferenceComponentStatus = 'Deleting';
      this.#world.begin(this.#delete(name));
      return {};
    },
  };

  /** Refuses to delete an endpoint that has components. */
  checkNone(endpoint: string): void {
    const found = [...this.all.values()].find(({ EndpointName }) => EndpointName === endpoint);
    if (found)
      throw invalid(
        `Endpoint ${endpoint} has inference components, such as ${found.InferenceComponentName}.`,
      );
  }

  /** The port of a component's container. */
  portOf(endpoint: string, name: string | undefined): number {
    if (name === undefined) {
      throw invalidRequest(
        'Inference Component Name header is required for endpoints to which you plan to deploy inference components. Please include Inference Component Name header or consider using SageMaker models.',
      );
    }
    const served = this.#serving.get(name);
    if (this.all.get(name)?.EndpointName !== endpoint || !served)
      throw invalidRequest(`Inference Component ${name} not found on endpoint ${endpoint}.`);
    return served.port;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#serving.values()].map(({ container }) => container.remove()));
  }

  #check({ Container: container, ModelName, ComputeResourceRequirements: needs }: Json): void {
    if (!container === !ModelName) throw invalid('Either Container or ModelName');
    if (!needs) throw invalid('ComputeResourceRequirements is required.');
    this.#world.checkImage(container.Image);
    this.#world.checkObjects(container.ArtifactUrl, 'model data');
  }

  #find(name: string): Json {
    const found = this.all.get(name);
    if (!found)
      throw invalid(`Could not find inference component "${this.#world.arn('inference-component', name)}".`);
    return found;
  }

  #idle(name: string): Json {
    const found = this.#find(name);
    if (!/^(InService|Failed)$/.test(found.InferenceComponentStatus))
      throw invalid(`Inference component ${name} is ${found.InferenceComponentStatus}.`);
    return found;
  }

  /** Starts the new container beside the old one; where it does not answer, the old one stays. */
  async #bring(component: Json, specification: Json | undefined, CopyCount: number): Promise<void> {
    const name: string = component.InferenceComponentName;
    await this.#world.pause();
    delete component.FailureReason;
    if (specification?.ComputeResourceRequirements.NumberOfCpuCoresRequired > MOST_CORES) {
      component.FailureReason = `There is not enough hardware capacity for ${name}.`;
      component.InferenceComponentStatus = this.#serving.has(name) ? 'InService' : 'Failed';
      return;
    }
    if (specification) {
      const { Image, ArtifactUrl } = specification.Container;
      const group = `/aws/sagemaker/InferenceComponents/${name}`;
      const served = await this.#endpoints.serve(ArtifactUrl, group, 'all');
      if (!served) {
        component.FailureReason = `The container of ${name} did not pass the ping health check. Please check CloudWatch logs.`;
        component.InferenceComponentStatus = this.#serving.has(name) ? 'InService' : 'Failed';
        return;
      }
      const old = this.#serving.get(name);
      this.#serving.set(name, served);
      await old?.container.remove();
      component.Specification = {
        Container: { ArtifactUrl, DeployedImage: { SpecifiedImage: Image, ResolvedImage: Image } },
        ComputeResourceRequirements: specification.ComputeResourceRequirements,
      };
    }
    component.RuntimeConfig = { DesiredCopyCount: CopyCount, CurrentCopyCount: CopyCount };
    component.InferenceComponentStatus = 'InService';
  }

  async #delete(name: string): Promise<void> {
    await this.#serving.get(name)?.container.remove();
    this.#serving.delete(name);
    await this.#world.pause();
    this.all.delete(name);
    this.#world.tags.delete(this.#world.arn('inference-component', name));
  }
}

/** What the largest machine has. */
const MOST_CORES = 192;

const invalidRequest = (message: string) => invalid(message, 'ValidationError');

/** Loads the model that a request names into a multi-model container, as SageMaker does; gives its place in the URL. */
export async function loadTarget(
  world: World,
  { container, port }: Served,
  folder: string,
  target: string | undefined,
): Promise<string> {
  if (!target) throw invalidRequest('Target model header is required for multi-model endpoints.');
  const key = `${folder.replace('s3://', '')}${target}`;
  const archive = world.s3.objects.get(key);
  if (!archive) {
    const [bucket, ...rest] = key.split('/');
    throw invalidRequest(
      `Failed to download model data(bucket: ${bucket}, key: ${rest.join('/')}). Please ensure that there is an object located at the URL and that the role passed to CreateModel has permissions to download the model.`,
    );
  }
  const name = createHash('md5').update(key).digest('hex');
  const url = `http://127.0.0.1:${port}`;
  if ((await fetch(`${url}/models/${name}`)).ok) return `/models/${name}/invoke`;
  const place = container.path('models', name, 'model');
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  await writeFile(container.path('models', `${name}.tar.gz`), archive);
  await extract({ cwd: place, file: container.path('models', `${name}.tar.gz`) });
  const load = () =>
    fetch(`${url}/models`, { method: 'POST', body: JSON.stringify({ model_name: name, url: place }) });
  let answer = await load();
  if (answer.status === 507) {
    // The one that was loaded first makes room.
    const { models } = await (await fetch(`${url}/models`)).json();
    await fetch(`${url}/models/${models[0].modelName}`, { method: 'DELETE' });
    answer = await load();
  }
  if (!answer.ok) throw invalidRequest(`The container refused the model: ${await answer.text()}`);
  return `/models/${name}/invoke`;
}
