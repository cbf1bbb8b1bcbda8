import { AwsFailure, invalid } from './api.ts';
import { type Json, page, seconds, type World } from './world.ts';

/** Groups of model packages, and their versions. */
export class Registry {
  readonly groups = new Map<string, Json>();
  /** By ARN. */
  readonly packages = new Map<string, Json>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly operations: Readonly<Record<string, (request: Json) => Json>> = {
    CreateModelPackageGroup: (request) => {
      const name = request.ModelPackageGroupName;
      const arn = this.#world.arn('model-package-group', name);
      if (this.groups.has(name)) throw invalid(`Model Package Group already exists: ${arn}`);
      this.groups.set(name, { ...request, ModelPackageGroupArn: arn, CreationTime: seconds(), versions: 0 });
      return { ModelPackageGroupArn: arn };
    },
    DeleteModelPackageGroup: ({ ModelPackageGroupName: name }) => {
      this.#group(name);
      if (this.#versionsOf(name).length > 0) {
        throw new AwsFailure('ConflictException', `${name} has model packages`);
      }
      this.groups.delete(name);
      return {};
    },
    ListModelPackageGroups: (request) => {
      const { items, ...rest } = page(this.groups.values(), request, 'ModelPackageGroupName');
      return { ModelPackageGroupSummaryList: items, ...rest };
    },
    CreateModelPackage: (request) => {
      if (request.Tags) throw invalid('Tags are not supported on versioned model packages.');
      const group = this.#group(request.ModelPackageGroupName);
      for (const { Image, ModelDataUrl } of request.InferenceSpecification.Containers) {
        this.#world.checkImage(Image);
        this.#world.checkObjects(ModelDataUrl, 'model data');
      }
      const statistics = request.ModelMetrics?.ModelQuality?.Statistics;
      if (statistics) this.#world.checkObjects(statistics.S3Uri, 'model metrics');
      group.versions++;
      const arn = this.#world.arn('model-package', `${group.ModelPackageGroupName}/${group.versions}`);
      const made: Json = {
        ...request,
        ModelPackageArn: arn,
        ModelPackageVersion: group.versions,
        ModelPackageStatus: 'Pending',
        CreationTime: seconds(),
      };
      this.packages.set(arn, made);
      this.#world.begin(
        this.#world.pause().then(() => {
          made.ModelPackageStatus = 'Completed';
        }),
      );
      return { ModelPackageArn: arn };
    },
    DescribeModelPackage: ({ ModelPackageName }) => this.find(ModelPackageName),
    UpdateModelPackage: ({ ModelPackageArn, ModelApprovalStatus }) => {
      this.find(ModelPackageArn).ModelApprovalStatus = ModelApprovalStatus;
      return { ModelPackageArn };
    },
    DeleteModelPackage: ({ ModelPackageName }) => {
      this.find(ModelPackageName);
      this.packages.delete(ModelPackageName);
      return {};
    },
    ListModelPackages: (request) => {
      this.#group(request.ModelPackageGroupName);
      const found = this.#versionsOf(request.ModelPackageGroupName).filter(
        ({ ModelApprovalStatus: status }) =>
          request.ModelApprovalStatus === undefined || status === request.ModelApprovalStatus,
      );
      const { items, ...rest } = page(found, request, 'ModelPackageArn');
      return { ModelPackageSummaryList: items, ...rest };
    },
  };

  find(arn: string): Json {
    const found = this.packages.get(arn);
    if (!found) throw invalid(`ModelPackage ${arn} does not exist.`);
    return found;
  }

  #versionsOf(group: string): Json[] {
    return [...this.packages.values()].filter(({ ModelPackageGroupName }) => ModelPackageGroupName === group);
  }

  #group(name: string): Json {
    const found = this.groups.get(name);
    if (!found) throw invalid(`ModelPackageGroup ${name} does not exist.`);
    return found;
  }
}
