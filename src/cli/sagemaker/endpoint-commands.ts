import { type Command, Option } from 'commander';
import { command } from '../command.ts';
import { setsOption, topOption } from '../predict/answer-options.ts';
import { duration, number, wholeNumber } from '../values.ts';
import type { CapturedOptions } from './captured.ts';
import { collectWhole } from './collect-whole.ts';
import type { DeployOptions } from './deploy-options.ts';
import type { DeleteOptions } from './manage.ts';
import type { EndpointPredictOptions } from './predict.ts';
import { HOSTING_PROTECTION, withProtection } from './protection.ts';
import { copyCount, percent, scaleRange, trafficShift, withAwsOptions } from './session.ts';

/** `harrier sagemaker deploy`. */
export function deployCommand(): Command {
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
    [
      'sagemaker deploy JOB --name zoo --component cats --copies 1..4',
      'an inference component: several models share the machines of one endpoint',
    ],
    [
      'sagemaker deploy JOB --name shelf --target-model cats',
      'a multi-model endpoint: many models, loaded as they are asked for',
    ],
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
    .option(
      '--memory <megabytes>',
      'with --serverless: 1024 to 6144 (default: 3072); with --component: memory of each copy (default: 1024)',
      wholeNumber('--memory'),
    )
    .option(
      '--component <name>',
      'put the model as this inference component on an endpoint that several share',
    )
    .option(
      '--copies <count>',
      'with --component: how many copies of the model, or a range such as 1..4',
      copyCount('--copies'),
    )
    .option(
      '--cores <count>',
      'with --component: processor cores of each copy (default: 1)',
      number('--cores', { above: 0 }),
    )
    .option(
      '--target-model <name>',
      'put the model under this name on a multi-model endpoint, which loads models as they are asked for',
    )
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
    const { runDeploy } = await import('./deploy.ts');
    await runDeploy(source, options);
  });
}

/** `harrier sagemaker predict`. */
export function predictCommand(): Command {
  const predict = command('predict', 'Classify images with an endpoint.', [
    ['sagemaker predict cats photo.jpg', 'the three most probable classes'],
    ['sagemaker predict cats *.jpg --json', 'for programs'],
    ['sagemaker predict zoo --component cats photo.jpg', 'one of several models of an endpoint'],
    [
      'sagemaker predict bulk photo.jpg --timeout 30m',
      'an asynchronous endpoint, which may have to start a machine first',
    ],
  ])
    .argument('<endpoint>', 'its name')
    .argument('<file...>', 'images: PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP')
    .option('--component <name>', 'the inference component that answers, where the endpoint has some')
    .option('--target-model <name>', 'the model that answers, of a multi-model endpoint')
    .addOption(topOption())
    .addOption(setsOption())
    .addOption(
      new Option('--timeout <duration>', 'longest wait for an answer of an asynchronous endpoint')
        .argParser(duration('--timeout'))
        .default(900, '15m'),
    );
  return withAwsOptions(predict).action(
    async (endpoint: string, files: string[], options: EndpointPredictOptions) => {
      const { runEndpointPredict } = await import('./predict.ts');
      await runEndpointPredict(endpoint, files, options);
    },
  );
}

/** `harrier sagemaker captured`. */
export function capturedCommand(): Command {
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
      const { runCaptured } = await import('./captured.ts');
      await runCaptured(endpoint, folder, options);
    },
  );
}

/** `harrier sagemaker delete`. */
export function deleteCommand(): Command {
  const remove = command(
    'delete',
    'Delete endpoints, with the models, configurations and alarms made for them.',
    [
      ['sagemaker delete cats', 'ends its costs'],
      ['sagemaker delete --expired', 'all that have expired (for cron)'],
      ['sagemaker delete zoo --component cats', 'one of its models; the endpoint stays'],
    ],
  )
    .argument('[endpoint...]', 'their names')
    .option('--expired', 'delete expired endpoints (deploy --expires)')
    .option('--component <name>', 'delete only this inference component of the endpoint')
    .option('--target-model <name>', 'delete only this model of a multi-model endpoint');
  return withAwsOptions(remove).action(async (names: string[], options: DeleteOptions) => {
    const { runDelete } = await import('./manage.ts');
    await runDelete(names, options);
  });
}
