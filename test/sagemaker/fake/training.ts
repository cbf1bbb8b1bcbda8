import { mkdir, readFile, stat } from 'node:fs/promises';
import { create } from 'tar';
import { AwsFailure, invalid } from './api.ts';
import { Container } from './container.ts';
import { type Json, page, seconds, type World } from './world.ts';

/** Training jobs, which our `train` does, and tuning jobs, which are several of them. */
export class Training {
  readonly jobs = new Map<string, Json>();
  readonly tuning = new Map<string, Json>();
  readonly #containers = new Map<string, Container>();
  readonly #interruptions = new Map<string, string>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly operations: Readonly<Record<string, (request: Json) => Json>> = {
    CreateTrainingJob: (request) => {
      const name = request.TrainingJobName;
      if (this.jobs.has(name)) {
        throw new AwsFailure(
          'ResourceInUse',
          `Training job names must be unique within an AWS account and region, and a training job with this name already exists (${this.jobs.get(name)!.TrainingJobArn})`,
        );
      }
      return { TrainingJobArn: this.#start(name, request).TrainingJobArn };
    },
    DescribeTrainingJob: ({ TrainingJobName }) => this.#job(TrainingJobName),
    ListTrainingJobs: (request) => {
      const { items, ...rest } = page(this.jobs.values(), request, 'TrainingJobName');
      return { TrainingJobSummaries: items, ...rest };
    },
    StopTrainingJob: ({ TrainingJobName }) => {
      const job = this.#job(TrainingJobName);
      if (job.TrainingJobStatus !== 'InProgress') {
        throw invalid(
          `The request was rejected because the training job is in status ${job.TrainingJobStatus}.`,
        );
      }
      job.TrainingJobStatus = 'Stopping';
      this.#enter(job, 'Stopping');
      this.#containers.get(TrainingJobName)?.kill('SIGTERM');
      return {};
    },
    CreateHyperParameterTuningJob: (request) => {
      const name = request.HyperParameterTuningJobName;
      if (this.tuning.has(name)) throw new AwsFailure('ResourceInUse', `Tuning job ${name} already exists`);
      const arn = this.#world.arn('hyper-parameter-tuning-job', name);
      const job: Json = {
        ...request,
        HyperParameterTuningJobArn: arn,
        HyperParameterTuningJobStatus: 'InProgress',
        CreationTime: seconds(),
        TrainingJobStatusCounters: { Completed: 0, InProgress: 0, NonRetryableError: 0 },
      };
      this.tuning.set(name, job);
      this.#world.begin(this.#tune(name, job));
      return { HyperParameterTuningJobArn: arn };
    },
    DescribeHyperParameterTuningJob: ({ HyperParameterTuningJobName: name }) => {
      const job = this.tuning.get(name);
      if (!job)
        throw new AwsFailure(
          'ResourceNotFound',
          `Amazon SageMaker can't find a tuning job with name ${name}.`,
        );
      return job;
    },
    StopHyperParameterTuningJob: ({ HyperParameterTuningJobName: name }) => {
      if (!this.tuning.has(name))
        throw new AwsFailure('ResourceNotFound', `Requested resource ${name} not found.`);
      this.tuning.get(name)!.HyperParameterTuningJobStatus = 'Stopping';
      return {};
    },
    ListHyperParameterTuningJobs: (request) => {
      const { items, ...rest } = page(this.tuning.values(), request, 'HyperParameterTuningJobName');
      return { HyperParameterTuningJobSummaries: items, ...rest };
    },
  };

  /** Takes the spot machine of a job away, once and without a word, when its log says something. */
  interrupt(name: string, when: string): void {
    this.#interruptions.set(name, when);
  }

  #job(name: string): Json {
    const job = this.jobs.get(name);
    if (!job) throw invalid('Requested resource not found.');
    return job;
  }

  #start(name: string, request: Json): Json {
    const { EnableManagedSpotTraining: spot, StoppingCondition: stopping, ResourceConfig: machine } = request;
    this.#world.checkRole(request.RoleArn);
    this.#world.checkImage(request.AlgorithmSpecification.TrainingImage);
    this.#world.checkQuota(machine.InstanceType);
    if (spot && !(stopping.MaxWaitTimeInSeconds >= stopping.MaxRuntimeInSeconds)) {
      throw invalid('MaxWaitTimeInSeconds must be at least MaxRuntimeInSeconds for managed spot training.');
    }
    for (const { DataSource } of request.InputDataConfig ?? []) {
      this.#world.checkObjects(DataSource.S3DataSource.S3Uri, 'data');
    }
    const arn = this.#world.arn('training-job', name);
    this.#world.tag(arn, request.Tags);
    const job: Json = {
      ...request,
      TrainingJobName: name,
      TrainingJobArn: arn,
      TrainingJobStatus: 'InProgress',
      CreationTime: seconds(),
      SecondaryStatusTransitions: [],
    };
    this.jobs.set(name, job);
    this.#enter(job, 'Starting', 'Starting the training job');
    this.#world.begin(this.#train(job));
    return job;
  }

  #enter(job: Json, Status: string, StatusMessage?: string): void {
    job.SecondaryStatus = Status;
    job.SecondaryStatusTransitions.push({ Status, StatusMessage, StartTime: seconds() });
  }

  async #train(job: Json): Promise<void> {
    const world = this.#world;
    const name: string = job.TrainingJobName;
    const started = seconds();
    const log = world.log('/aws/sagemaker/TrainingJobs', `${name}/algo-1-${Math.round(started)}`);
    const said: string[] = [];
    let code: number | null = 1;
    let container: Container;
    for (let attempt = 0; ; attempt++) {
      container = await this.#container(job);
      await world.pause();
      this.#enter(job, 'Downloading', 'Downloading input data');
      await world.pause();
      if (job.TrainingJobStatus === 'InProgress') {
        this.#enter(job, 'Training', 'Training image download completed. Training in progress.');
        code = await container.run('train', { TRAINING_JOB_NAME: name }, (line) => {
          log(line);
          said.push(line);
          const when = this.#interruptions.get(name);
          if (when === undefined || !line.includes(when)) return;
          this.#interruptions.delete(name);
          container.kill('SIGKILL');
        });
      }
      const checkpoints = job.CheckpointConfig?.S3Uri;
      if (checkpoints) await world.s3.upload(container.path('checkpoints'), checkpoints);
      const wasTaken = code === null && job.TrainingJobStatus === 'InProgress';
      if (!wasTaken || !job.EnableManagedSpotTraining || attempt > 2) break;
      this.#enter(job, 'Interrupted', 'The spot machine was taken away');
      await container.remove();
      this.#enter(job, 'Restarting', 'Another machine goes on');
    }
    const stopped = job.TrainingJobStatus === 'Stopping';
    const failure = await readFile(container.path('output', 'failure'), 'utf8').catch(() => '');
    const output = `${job.OutputDataConfig.S3OutputPath}/${name}/output`;
    if (code === 0 || stopped) {
      this.#enter(job, 'Uploading', 'Uploading generated training model');
      await this.#archive(container.path('model'), `${output}/model.tar.gz`);
      job.ModelArtifacts = { S3ModelArtifacts: `${output}/model.tar.gz` };
    }
    await this.#archive(container.path('output', 'data'), `${output}/output.tar.gz`);
    await container.remove();
    this.#containers.delete(name);
    const time = Math.max(1, Math.round(seconds() - started));
    Object.assign(job, {
      TrainingEndTime: seconds(),
      TrainingTimeInSeconds: time,
      // Spot machines cost about a third.
      BillableTimeInSeconds: job.EnableManagedSpotTraining ? Math.ceil(time / 3) : time,
      FinalMetricDataList: finalMetrics(job, said),
    });
    job.TrainingJobStatus = stopped ? 'Stopped' : code === 0 ? 'Completed' : 'Failed';
    if (job.TrainingJobStatus === 'Failed') {
      job.FailureReason = `AlgorithmError: ${failure}, exit code: ${code}`.slice(0, 1024);
    }
    this.#enter(job, job.TrainingJobStatus, failure ? 'Training job failed' : undefined);
  }

  async #container(job: Json): Promise<Container> {
    const container = await Container.make();
    this.#containers.set(job.TrainingJobName, container);
    await container.config('hyperparameters', job.HyperParameters ?? {});
    await container.config('resourceconfig', {
      current_host: 'algo-1',
      current_instance_type: job.ResourceConfig.InstanceType,
      hosts: Array.from({ length: job.ResourceConfig.InstanceCount }, (_, i) => `algo-${i + 1}`),
    });
    const channels: Json = {};
    for (const { ChannelName, DataSource } of job.InputDataConfig ?? []) {
      const { S3Uri, S3DataDistributionType } = DataSource.S3DataSource;
      await mkdir(container.path('input', 'data', ChannelName), { recursive: true });
      await this.#world.s3.download(S3Uri, container.path('input', 'data', ChannelName));
      channels[ChannelName] = {
        TrainingInputMode: job.AlgorithmSpecification.TrainingInputMode,
        S3DistributionType: S3DataDistributionType,
        RecordWrapperType: 'None',
      };
    }
    await container.config('inputdataconfig', channels);
    if (job.CheckpointConfig) {
      await this.#world.s3.download(`${job.CheckpointConfig.S3Uri}/`, container.path('checkpoints'));
    }
    return container;
  }

  async #archive(folder: string, uri: string): Promise<void> {
    const files = await import('node:fs/promises').then(({ readdir }) => readdir(folder));
    for (const file of files) {
      const info = await stat(`${folder}/${file}`);
      if (!info.isFile()) throw new Error(`${file} is no plain file`);
    }
    const chunks: Buffer[] = [];
    if (files.length > 0) {
      for await (const chunk of create({ cwd: folder, gzip: true }, files)) chunks.push(chunk as Buffer);
    }
    this.#world.s3.objects.set(uri.replace('s3://', ''), Buffer.concat(chunks));
  }

  async #tune(tuningName: string, tuning: Json): Promise<void> {
    const { HyperParameterTuningJobConfig: config, TrainingJobDefinition: definition } = tuning;
    const objective = config.HyperParameterTuningJobObjective;
    const jobs: Json[] = [];
    for (let i = 0; i < config.ResourceLimits.MaxNumberOfTrainingJobs; i++) {
      if (tuning.HyperParameterTuningJobStatus !== 'InProgress') break;
      const tuned = settings(config.ParameterRanges, i);
      const { StaticHyperParameters, ...rest } = definition;
      const name = `${tuningName}-${String(i + 1).padStart(3, '0')}-${tuningName.slice(-6)}`;
      const HyperParameters = {
        ...StaticHyperParameters,
        ...tuned,
        _tuning_objective_metric: objective.MetricName,
      };
      const job = this.#start(name, { ...rest, HyperParameters });
      while (job.TrainingJobStatus === 'InProgress') {
        tuning.TrainingJobStatusCounters.InProgress = 1;
        await this.#world.pause();
      }
      const counters = tuning.TrainingJobStatusCounters;
      counters.InProgress = 0;
      counters[job.TrainingJobStatus === 'Completed' ? 'Completed' : 'NonRetryableError']++;
      const metric = job.FinalMetricDataList.find(
        ({ MetricName }: Json) => MetricName === objective.MetricName,
      );
      if (metric) jobs.push({ name, tuned, metric });
    }
    const sign = objective.Type === 'Maximize' ? 1 : -1;
    const [best] = jobs.sort((a, b) => sign * (b.metric.Value - a.metric.Value));
    if (best) {
      tuning.BestTrainingJob = {
        TrainingJobName: best.name,
        TunedHyperParameters: best.tuned,
        FinalHyperParameterTuningJobObjectiveMetric: {
          MetricName: objective.MetricName,
          Value: best.metric.Value,
        },
      };
    }
    const wasStopped = tuning.HyperParameterTuningJobStatus === 'Stopping';
    tuning.HyperParameterTuningJobStatus = wasStopped ? 'Stopped' : best ? 'Completed' : 'Failed';
  }
}

/** The last value of each metric in the log, as the job's own expressions find it. */
function finalMetrics(job: Json, lines: readonly string[]): Json[] {
  const definitions: Json[] = job.AlgorithmSpecification.MetricDefinitions ?? [];
  return definitions.flatMap(({ Name, Regex }) => {
    const values = lines.flatMap((line) => new RegExp(Regex).exec(line)?.[1] ?? []);
    return values.length > 0
      ? [{ MetricName: Name, Value: Number(values.at(-1)), Timestamp: seconds() }]
      : [];
  });
}

/** Settings of one job: the ends of each range in turn. */
function settings(ranges: Json, i: number): Record<string, string> {
  const between = [...(ranges.IntegerParameterRanges ?? []), ...(ranges.ContinuousParameterRanges ?? [])];
  return Object.fromEntries([
    ...between.map(({ Name, MinValue, MaxValue }) => [Name, i % 2 === 0 ? MinValue : MaxValue]),
    // SageMaker sends words as JSON.
    ...(ranges.CategoricalParameterRanges ?? []).map(({ Name, Values }: Json) => [
      Name,
      JSON.stringify(Values[i % Values.length]),
    ]),
  ]);
}
