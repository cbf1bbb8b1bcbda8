import { Command, Option } from 'commander';
import { hyperparameters } from '../options/table.ts';
import { METRIC_NAMES } from '../sagemaker/metrics.ts';
import { about } from './about.ts';
import { command } from './command.ts';
import { addFlags, untypedFlag } from './flags.ts';
import type { CapturedOptions } from './sagemaker/captured.ts';
import { collectWhole } from './sagemaker/collect-whole.ts';
import type { DeployOptions } from './sagemaker/deploy.ts';
import { manySeeds } from './sagemaker/hyperparameters.ts';
import type { PolicyKind, PolicyOptions } from './sagemaker/policy.ts';
import type { EndpointPredictOptions } from './sagemaker/predict.ts';
import {
  HOSTING_PROTECTION,
  JOB_PROTECTION,
  STORAGE_PROTECTION,
  withProtection,
} from './sagemaker/protection.ts';
import { registryCommand } from './sagemaker/registry-command.ts';
import {
  type AwsCommandOptions,
  percent,
  scaleRange,
  trafficShift,
  withAwsOptions,
} from './sagemaker/session.ts';
import type { SageMakerTrainOptions } from './sagemaker/train.ts';
import type { TransformCommandOptions } from './sagemaker/transform.ts';
import type { TuneOptions } from './sagemaker/tune.ts';
import { collect, duration, number, oneOf, wholeNumber } from './values.ts';

/** `harrier sagemaker` and what is below it. */
export function sagemakerCommand(): Command {
  const sagemaker = command('sagemaker', about.sagemaker, [
    ['sagemaker init', 'write a Dockerfile and a settings file'],
    ['sagemaker train --data ./photos --local', 'a first try on this machine, without AWS'],
    ['sagemaker train --data ./photos --spot --wait', 'on a machine of AWS'],
    ['sagemaker deploy JOB --expires 4h', 'deploy the model to an endpoint'],
    ['sagemaker predict ENDPOINT photo.jpg', 'classify an image'],
    ['sagemaker delete ENDPOINT', 'delete the endpoint and its models'],
  ]);
  for (const each of [
    initCommand(),
    trainCommand(),
    tuneCommand(),
    deployCommand(),
    transformCommand(),
    predictCommand(),
    capturedCommand(),
    registryCommand(),
    listCommand(),
    logsCommand(),
    stopCommand(),
    deleteCommand(),
    policyCommand(),
    containerCommand(),
  ]) {
    sagemaker.addCommand(each);
  }
  for (const each of descendants(sagemaker)) each.exitOverride().configureOutput({ outputError: () => {} });
  return sagemaker;
}

function initCommand(): Command {
  return command('init', 'Write the files for the container image, and the settings of the other commands.', [
    ['sagemaker init', 'into this folder'],
    ['sagemaker init deploy/', 'into another folder'],
  ])
    .argument('[folder]', 'folder to write to', '.')
    .option('--force', 'overwrite existing files')
    .action(async (folder: string, options: { force?: boolean }) => {
      const { runInit } = await import('./sagemaker/init.ts');
      await runInit(folder, options);
    });
}

function withJobOptions(target: Command): Command {
  withAwsOptions(target)
    .option('--data <source>', 'training channel: cifar10, a folder of images, or s3://…')
    .option('--validation <source>', 'validation channel: a folder or s3://…')
    .option('--test <source>', 'test channel: a folder or s3://…')
    .option(
      '--model <source>',
      'model channel: a folder with a pretrained model (.onnx, or .pth) to begin with, or s3://…',
    )
    .option('--role <arn>', 'ARN or name of the role for SageMaker')
    .option('--image <address>', 'the image, in ECR (default: harrier:latest of this account)')
    .option(
      '--bucket <name>',
      "for uploads and results (default: SageMaker's own of this account and region)",
    )
    .option('--instance-type <type>', 'the machine (default: ml.c7i.2xlarge)')
    .option('--volume-size <gigabytes>', 'its disk', wholeNumber('--volume-size'), 30)
    .option('--spot', 'use spot capacity, which is cheaper; an interrupted job resumes later')
    .addOption(
      new Option('--max-run <duration>', 'longest time of the job')
        .argParser(duration('--max-run'))
        .default(24 * 3600, '24h'),
    )
    .option(
      '--max-wait <duration>',
      'with --spot: longest time, waiting included (default: twice --max-run)',
      duration('--max-wait'),
    )
    .option('--name <name>', 'name of the job (default: a new name)')
    .option('--wait', 'wait until the job is done, and show its log');
  withProtection(target, JOB_PROTECTION);
  // Hyperparameters are texts: they stay as they are typed, and are read where all of them are checked.
  for (const [name, option] of hyperparameters()) {
    const flag = untypedFlag(name, option);
    addFlags(target, name, option.type.kind === 'texts' ? flag.argParser(collect) : flag, option);
  }
  const seeds = new Option('--seeds <count>').hideHelp().argParser(() => {
    throw manySeeds('--seeds');
  });
  return target.addOption(seeds);
}

function trainCommand(): Command {
  const train = command('train', 'Train on a machine of AWS. The model is saved in S3.', [
    ['sagemaker train --role SageMakerRole --data s3://mine/photos', 'start a job'],
    ['sagemaker train --data cifar10 --recipe keras-cnn --spot --wait', 'upload, start a job, and follow it'],
    ['sagemaker train --data ./photos --epochs 1 --local', 'the same container contract on this machine'],
  ]);
  return withJobOptions(train)
    .option('--local', 'run the training entry point on this machine, without AWS')
    .option(
      '--out <folder>',
      'with --local: the folder in place of /opt/ml (default: runs/sagemaker-local-<time>)',
    )
    .action(async (options: SageMakerTrainOptions) => {
      const { runSageMakerTrain } = await import('./sagemaker/train.ts');
      await runSageMakerTrain(options);
    });
}

function tuneCommand(): Command {
  const tune = command('tune', 'Find good settings with many jobs: a hyperparameter tuning job.', [
    [
      'sagemaker tune --data s3://mine/photos --tune learning-rate=0.001..0.1:log',
      'twelve jobs, three at a time',
    ],
    ['sagemaker tune … --tune batch-size=16..128 --tune optimizer=sgd,adam', 'vary several settings'],
  ]);
  return withJobOptions(tune)
    .option('--tune <name=values>', 'low..high, low..high:log, or one,another; may be repeated', collect)
    .option('--jobs <count>', 'training jobs in all', wholeNumber('--jobs'), 12)
    .option('--parallel <count>', 'training jobs at the same time', wholeNumber('--parallel'), 3)
    .option(
      '--strategy <name>',
      'Bayesian, Random, Hyperband or Grid',
      oneOf('--strategy', ['Bayesian', 'Random', 'Hyperband', 'Grid'] as const),
      'Bayesian',
    )
    .option('--metric <name>', 'metric to optimise', oneOf('--metric', METRIC_NAMES), 'validation:accuracy')
    .action(async (options: TuneOptions) => {
      const { runTune } = await import('./sagemaker/tune.ts');
      await runTune(options);
    });
}

function deployCommand(): Command {
  const deploy = command('deploy', 'Deploy a model to a new or an existing endpoint.', [
    ['sagemaker deploy JOB --name cats --expires 4h', 'the model of a training or tuning job'],
    ['sagemaker deploy latest --serverless', 'the newest run of this machine; billed by use'],
    ['sagemaker deploy runs/better --name cats', 'replace the model without a pause; rolls back if it fails'],
    [
      'sagemaker deploy runs/better --name cats --instances 2 --canary 50%:10m --max-errors 5',
      'half of the traffic first; rolls back if more than 5 answers a minute fail',
    ],
    [
      'sagemaker deploy JOB --name bulk --async --autoscale 0..4',
      'requests wait in S3; no machine while none do',
    ],
    ['sagemaker deploy registry:parts --name cats', 'the newest approved version of the registry'],
  ])
    .argument(
      '<job|run>',
      'a job of SageMaker, a run folder, "latest", a model file, or registry:GROUP[/VERSION]',
    )
    .option('--name <endpoint>', 'name of the endpoint; an existing one is updated (default: a new name)')
    .option('--role <arn>', 'ARN or name of the role for SageMaker')
    .option('--image <address>', 'the image, in ECR (default: harrier:latest of this account)')
    .option('--bucket <name>', "for uploads (default: SageMaker's own of this account and region)")
    .option('--instance-type <type>', 'the machine (default: ml.m7i.large)')
    .option('--instances <count>', 'how many', wholeNumber('--instances'))
    .option(
      '--autoscale <least..most>',
      'scale the number of machines with the requests, such as 1..4',
      scaleRange('--autoscale'),
    )
    .option('--serverless', 'no machine of its own: you pay by use, and the first answer is slow')
    .option('--memory <megabytes>', 'with --serverless: 1024 to 6144', wholeNumber('--memory'), 3072)
    .option(
      '--concurrency <count>',
      'requests at the same time: for the endpoint with --serverless (default: 5), for each machine with --async',
      wholeNumber('--concurrency'),
    )
    .option('--async', 'requests and answers are objects in S3; with --autoscale 0..4 it scales to zero')
    .option(
      '--notify <topic>',
      'with --async: ARN of an SNS topic, which gets a message for each answer or failure',
    )
    .option(
      '--canary <part:time>',
      'on an update, move this part of the traffic first and the rest later, such as 20%:5m',
      trafficShift('canary'),
    )
    .option(
      '--linear <part:time>',
      'on an update, move the traffic part by part, such as 25%:5m',
      trafficShift('linear'),
    )
    .option(
      '--max-errors <count>',
      'roll an update back after more answers than this with status 5xx in a minute (makes an alarm)',
      wholeNumber('--max-errors', { atLeast: 0 }),
    )
    .option(
      '--max-latency <ms>',
      'roll an update back when the 95th percentile of latency is higher (makes an alarm)',
      number('--max-latency', { above: 0 }),
    )
    .option(
      '--alarm <name>',
      'roll an update back when this CloudWatch alarm goes off; may be repeated',
      collectWhole,
    )
    .option('--capture <percent>', 'keep this percentage of requests and answers in S3', percent('--capture'))
    .option('--arm64', 'the image is for arm64: for Graviton, such as ml.c7g.large')
    .option(
      '--expires <duration>',
      'time after which delete --expired deletes the endpoint, such as 4h',
      duration('--expires'),
    );
  withProtection(deploy, HOSTING_PROTECTION);
  return withAwsOptions(deploy).action(async (source: string, options: DeployOptions) => {
    const { runDeploy } = await import('./sagemaker/deploy.ts');
    await runDeploy(source, options);
  });
}

function transformCommand(): Command {
  const transform = command(
    'transform',
    'Classify every image of a folder or S3 address: a batch transform job.',
    [
      ['sagemaker transform cats s3://mine/photos s3://mine/answers --instances 4', 'with four machines'],
      ['sagemaker transform cats ./photos s3://mine/answers', 'packs and uploads a local folder first'],
      [
        'sagemaker transform cats s3://mine/lines s3://mine/answers --lines',
        'lines such as {"image": {"b64": "…"}}',
      ],
    ],
  )
    .argument('<endpoint|model>', 'endpoint or model to classify with')
    .argument('<input>', 's3://… of the images, or a folder of this machine')
    .argument('<output>', 's3://… for the answers')
    .option('--instance-type <type>', 'the machine', 'ml.c5.xlarge')
    .option('--instances <count>', 'how many', wholeNumber('--instances'), 1)
    .option('--lines', 'the input is JSON Lines: many images in each request')
    .option('--bucket <name>', "for uploads (default: SageMaker's own of this account and region)")
    .option('--wait', 'wait until the job is done');
  withProtection(transform, STORAGE_PROTECTION);
  return withAwsOptions(transform).action(
    async (source: string, input: string, output: string, options: TransformCommandOptions) => {
      const { runTransform } = await import('./sagemaker/transform.ts');
      await runTransform(source, input, output, options);
    },
  );
}

function predictCommand(): Command {
  const predict = command('predict', 'Classify images with an endpoint.', [
    ['sagemaker predict cats photo.jpg', 'the three most probable classes'],
    ['sagemaker predict cats *.jpg --json', 'for programs'],
    [
      'sagemaker predict bulk photo.jpg --timeout 30m',
      'an asynchronous endpoint, which may have to start a machine first',
    ],
  ])
    .argument('<endpoint>', 'its name')
    .argument('<file...>', 'images: PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP')
    .option('--top <count>', 'classes to name for each image', wholeNumber('--top'), 3)
    .option(
      '--sets <coverage>',
      'also print, for each image, a set of classes that contains the right one with this probability, such as 0.95',
      number('--sets', { above: 0, below: 1 }),
    )
    .addOption(
      new Option('--timeout <duration>', 'longest wait for an answer of an asynchronous endpoint')
        .argParser(duration('--timeout'))
        .default(900, '15m'),
    );
  return withAwsOptions(predict).action(
    async (endpoint: string, files: string[], options: EndpointPredictOptions) => {
      const { runEndpointPredict } = await import('./sagemaker/predict.ts');
      await runEndpointPredict(endpoint, files, options);
    },
  );
}

function capturedCommand(): Command {
  const captured = command('captured', 'Download the images that an endpoint captured (deploy --capture).', [
    ['sagemaker captured cats ./seen --since 24h', 'images of the last day'],
    ['watch latest --against ./seen', 'do they differ from the test images?'],
  ])
    .argument('<endpoint>', 'its name')
    .argument('<folder>', 'folder to write to')
    .option('--since <duration>', 'only requests since this long ago, such as 24h', duration('--since'))
    .option('--most <count>', 'most images to download, the newest hours first', wholeNumber('--most'), 1000);
  return withAwsOptions(captured).action(
    async (endpoint: string, folder: string, options: CapturedOptions) => {
      const { runCaptured } = await import('./sagemaker/captured.ts');
      await runCaptured(endpoint, folder, options);
    },
  );
}

function listCommand(): Command {
  const list = command('list', 'List the endpoints and the newest jobs, and mark expired endpoints.', [
    ['sagemaker list', 'of this region'],
    ['sagemaker list --json', 'for programs'],
  ]);
  return withAwsOptions(list).action(async (options: AwsCommandOptions) => {
    const { runList } = await import('./sagemaker/manage.ts');
    await runList(options);
  });
}

function logsCommand(): Command {
  const logs = command('logs', 'Show the log of a job or an endpoint.', [
    ['sagemaker logs JOB', 'the log so far'],
    ['sagemaker logs JOB --follow', 'follow the log until the job is done'],
  ])
    .argument('<job|endpoint>', 'its name')
    .option('-f, --follow', 'follow the log until the training job is done');
  return withAwsOptions(logs).action(
    async (name: string, options: AwsCommandOptions & { follow?: boolean }) => {
      const { runLogs } = await import('./sagemaker/manage.ts');
      await runLogs(name, options);
    },
  );
}

function stopCommand(): Command {
  const stop = command('stop', 'Stop a training, tuning or transform job.', [
    ['sagemaker stop JOB', 'it first saves its model'],
  ]).argument('<job>', 'its name');
  return withAwsOptions(stop).action(async (name: string, options: AwsCommandOptions) => {
    const { runStop } = await import('./sagemaker/manage.ts');
    await runStop(name, options);
  });
}

function deleteCommand(): Command {
  const remove = command(
    'delete',
    'Delete endpoints, with the models, configurations and alarms made for them.',
    [
      ['sagemaker delete cats', 'ends its costs'],
      ['sagemaker delete --expired', 'all that have expired (for cron)'],
    ],
  )
    .argument('[endpoint...]', 'their names')
    .option('--expired', 'delete expired endpoints (deploy --expires)');
  return withAwsOptions(remove).action(
    async (names: string[], options: AwsCommandOptions & { expired?: boolean }) => {
      const { runDelete } = await import('./sagemaker/manage.ts');
      await runDelete(names, options);
    },
  );
}

function policyCommand(): Command {
  const policy = command(
    'policy',
    'Print the IAM policy with the rights that the commands need, and no more.',
    [
      ['sagemaker policy', 'for a user who runs all commands'],
      ['sagemaker policy user --for predict', 'for a program that only asks endpoints'],
      ['sagemaker policy role --data s3://mine/photos --vpc', 'for the role that SageMaker works as'],
      [
        'sagemaker policy trust --account 123456789012 --region eu-west-1',
        'its trust policy, without asking AWS',
      ],
    ],
  )
    .argument('[whose]', 'user, role or trust', oneOf('whose', ['user', 'role', 'trust'] as const), 'user')
    .option('--for <commands>', 'only for these commands, such as train,predict')
    .option('--account <id>', 'the account (default: that of your credentials)')
    .option(
      '--bucket <name>',
      "for uploads and results (default: SageMaker's own of this account and region)",
    )
    .option('--data <address>', 's3://… of other data that jobs read or write; may be repeated', collect)
    .option('--role <arn>', 'ARN or name of the role for SageMaker')
    .option('--image <address>', 'the image, in ECR (default: harrier)')
    .option('--kms-key <key>', 'ARN or id of the KMS key that is used')
    .option('--vpc', 'of a role: jobs and endpoints are in a VPC')
    .option('--notify <topic>', 'of a role: ARN of the SNS topic of asynchronous endpoints');
  return withAwsOptions(policy).action(async (whose: PolicyKind, options: PolicyOptions) => {
    const { runPolicy } = await import('./sagemaker/policy.ts');
    await runPolicy(whose, options);
  });
}

function containerCommand(): Command {
  const container = new Command('container').description(
    'Entry points of the container: `<image> train` and `<image> serve` run these.',
  );
  container
    .command('train')
    .description('Run the training job described in /opt/ml/input (SAGEMAKER_BASE_DIR replaces /opt/ml).')
    .option('--debug', 'show where an error came from')
    .action(async () => {
      const { runContainerTrain } = await import('./sagemaker/container/train.ts');
      await runContainerTrain();
    });
  container
    .command('serve')
    .description('Serve the model in /opt/ml/model on port 8080 (SAGEMAKER_BIND_TO_PORT).')
    .option('--debug', 'show where an error came from')
    .action(async () => {
      const { runContainerServe } = await import('./sagemaker/container/serve.ts');
      await runContainerServe();
    });
  return container;
}

function descendants(parent: Command): Command[] {
  return parent.commands.flatMap((each) => [each, ...descendants(each)]);
}
