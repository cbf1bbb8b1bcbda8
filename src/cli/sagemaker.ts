import { Command, Option } from 'commander';
import type { Option as TableOption } from '../options/option.ts';
import { hyperparameters } from '../options/table.ts';
import { METRIC_NAMES } from '../sagemaker/metrics.ts';
import { about } from './about.ts';
import { command } from './command.ts';
import { addFlags, untypedFlag } from './flags.ts';
import {
  capturedCommand,
  deleteCommand,
  deployCommand,
  predictCommand,
} from './sagemaker/endpoint-commands.ts';
import { manySeeds } from './sagemaker/hyperparameters.ts';
import type { PolicyKind, PolicyOptions } from './sagemaker/policy.ts';
import { JOB_PROTECTION, STORAGE_PROTECTION, withProtection } from './sagemaker/protection.ts';
import { registryCommand } from './sagemaker/registry-command.ts';
import { type AwsCommandOptions, withAwsOptions } from './sagemaker/session.ts';
import type { SageMakerTrainOptions } from './sagemaker/train.ts';
import type { TransformCommandOptions } from './sagemaker/transform.ts';
import type { TuneOptions } from './sagemaker/tune.ts';
import { collect, duration, oneOf, wholeNumber } from './values.ts';

/** `harrier sagemaker` and what is below it. */
export function sagemakerCommand(): Command {
  const sagemaker = command('sagemaker', about.sagemaker, [
    ['sagemaker init', 'write a Dockerfile and a settings file'],
    [
      'sagemaker train --data ./photos --model efficientnet-lite0 --local',
      'a first try on this machine, without AWS',
    ],
    ['sagemaker train --data ./photos --model efficientnet-lite0 --spot --wait', 'on a machine of AWS'],
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
    ['sagemaker init', 'the image in image/, the settings in this folder'],
    ['sagemaker init deploy/', 'the image in another folder'],
  ])
    .argument('[folder]', 'folder for the image; commands read the settings from this one', 'image')
    .option('--force', 'overwrite existing files')
    .action(async (folder: string, options: { force?: boolean }) => {
      const { runInit } = await import('./sagemaker/init.ts');
      await runInit(folder, options);
    });
}

function withJobOptions(target: Command): Command {
  withAwsOptions(target)
    .option(
      '--data <source>',
      'training channel: cifar10, a folder of images (one sub-folder per class, or with a list such as labels.csv), or s3://… of one',
    )
    .option('--validation <source>', 'validation channel: a folder or s3://…')
    .option('--test <source>', 'test channel: a folder or s3://…')
    .option(
      '--model <source>',
      'model channel: a pretrained model to begin with, by name (efficientnet-lite0), as the folder of its file, or s3://…',
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
    .option(
      '--max-run <duration>',
      'longest time of the job (default: 24h, or --max-wait if that is shorter)',
      duration('--max-run'),
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
    const flag = untypedFlag(name, ofJobs(option));
    addFlags(target, name, option.type.kind === 'texts' ? flag.argParser(collect) : flag, option);
  }
  const seeds = new Option('--seeds <count>').hideHelp().argParser(() => {
    throw manySeeds('--seeds');
  });
  return target.addOption(seeds);
}

/** An option as jobs have it. */
function ofJobs(option: TableOption): TableOption {
  const { flag } = option;
  if (!flag?.ofJobs) return option;
  const { help, value = flag.value } = flag.ofJobs;
  return { ...option, help, default: undefined, flag: { ...flag, value } };
}

function trainCommand(): Command {
  const train = command('train', 'Train on a machine of AWS. The model is saved in S3.', [
    [
      'sagemaker train --role SageMakerRole --data s3://mine/photos --model efficientnet-lite0',
      'start a job from a pretrained model',
    ],
    ['sagemaker train --data cifar10 --recipe keras-cnn --spot --wait', 'upload, start a job, and follow it'],
    [
      'sagemaker train --data ./photos --model efficientnet-lite0 --local',
      'the same container contract on this machine',
    ],
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
      'sagemaker tune --data s3://mine/photos --model efficientnet-lite0 --tune learning-rate=0.001..0.01:log',
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
