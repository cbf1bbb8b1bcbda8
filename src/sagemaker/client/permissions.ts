/** How IAM sees a call of AWS's API that a command makes. */
interface Call {
  /** Kinds of resources that it is about, as their ARNs name them; none: IAM knows only all of them. */
  readonly on?: readonly string[];
  /** Whether it tags what it makes, which is an action of its own. */
  readonly tags?: true;
  /** Whether it hands a role to SageMaker. */
  readonly role?: true;
  /** Where IAM has another name for it than the API. */
  readonly action?: string;
}

const JOB = 'training-job';
const TUNING = 'hyper-parameter-tuning-job';
const TRANSFORM = 'transform-job';
const ENDPOINT = 'endpoint';
const CONFIG = 'endpoint-config';
const COMPONENT = 'inference-component';
const PACKAGE = 'model-package';
const GROUP = 'model-package-group';
/** Kinds of IAM's resources that are not SageMaker's. */
const BUCKET = 'bucket';
const OBJECT = 'object';
const ALARM = 'alarm';
const LOG = 'log';
const REPOSITORY = 'repository';

const PUT: Call = { on: [OBJECT], action: 's3:PutObject' };

/** Every call that the commands make, by client and method; a test compares the list with the code. */
export const CALLS: Readonly<Record<string, Call>> = {
  'sagemaker.createTrainingJob': { on: [JOB], tags: true, role: true },
  'sagemaker.describeTrainingJob': { on: [JOB] },
  'sagemaker.stopTrainingJob': { on: [JOB] },
  'sagemaker.listTrainingJobs': {},
  'sagemaker.createHyperParameterTuningJob': { on: [TUNING], tags: true, role: true },
  'sagemaker.describeHyperParameterTuningJob': { on: [TUNING] },
  'sagemaker.stopHyperParameterTuningJob': { on: [TUNING] },
  'sagemaker.listHyperParameterTuningJobs': {},
  'sagemaker.createTransformJob': { on: [TRANSFORM], tags: true },
  'sagemaker.describeTransformJob': { on: [TRANSFORM] },
  'sagemaker.stopTransformJob': { on: [TRANSFORM] },
  'sagemaker.listTransformJobs': {},
  'sagemaker.createModel': { on: ['model'], tags: true, role: true },
  'sagemaker.describeModel': { on: ['model'] },
  'sagemaker.deleteModel': { on: ['model'] },
  'sagemaker.listModels': {},
  'sagemaker.createEndpointConfig': { on: [CONFIG], tags: true, role: true },
  'sagemaker.describeEndpointConfig': { on: [CONFIG] },
  'sagemaker.deleteEndpointConfig': { on: [CONFIG] },
  'sagemaker.listEndpointConfigs': {},
  'sagemaker.createEndpoint': { on: [ENDPOINT, CONFIG], tags: true },
  'sagemaker.updateEndpoint': { on: [ENDPOINT, CONFIG] },
  'sagemaker.describeEndpoint': { on: [ENDPOINT] },
  'sagemaker.deleteEndpoint': { on: [ENDPOINT] },
  'sagemaker.listEndpoints': {},
  'sagemaker.createInferenceComponent': { on: [COMPONENT, ENDPOINT], tags: true },
  'sagemaker.describeInferenceComponent': { on: [COMPONENT] },
  'sagemaker.updateInferenceComponent': { on: [COMPONENT] },
  'sagemaker.updateInferenceComponentRuntimeConfig': { on: [COMPONENT] },
  'sagemaker.deleteInferenceComponent': { on: [COMPONENT] },
  'sagemaker.listInferenceComponents': {},
  'sagemaker.addTags': { on: [ENDPOINT] },
  'sagemaker.deleteTags': { on: [ENDPOINT] },
  'sagemaker.listTags': { on: [ENDPOINT] },
  'sagemaker.createModelPackageGroup': { on: [GROUP], tags: true },
  'sagemaker.deleteModelPackageGroup': { on: [GROUP] },
  'sagemaker.listModelPackageGroups': {},
  'sagemaker.createModelPackage': { on: [PACKAGE, GROUP] },
  'sagemaker.describeModelPackage': { on: [PACKAGE] },
  'sagemaker.updateModelPackage': { on: [PACKAGE] },
  'sagemaker.deleteModelPackage': { on: [PACKAGE] },
  'sagemaker.listModelPackages': {},
  'runtime.invokeEndpoint': { on: [ENDPOINT, COMPONENT] },
  'runtime.invokeEndpointAsync': { on: [ENDPOINT] },
  's3.headBucket': { on: [BUCKET], action: 's3:ListBucket' },
  's3.listObjectsV2': { on: [BUCKET], action: 's3:ListBucket' },
  's3.createBucket': { on: [BUCKET] },
  's3.putObject': PUT,
  's3.createMultipartUpload': PUT,
  's3.uploadPart': PUT,
  's3.completeMultipartUpload': PUT,
  's3.copyObject': PUT,
  's3.abortMultipartUpload': { on: [OBJECT] },
  's3.getObject': { on: [OBJECT] },
  's3.deleteObject': { on: [OBJECT] },
  'ecr.describeImages': { on: [REPOSITORY] },
  'logs.describeLogStreams': { on: [LOG] },
  'logs.getLogEvents': { on: [LOG] },
  'cloudwatch.putMetricAlarm': { on: [ALARM] },
  'cloudwatch.deleteAlarms': { on: [ALARM] },
  'cloudwatch.describeAlarms': {},
  'scaling.registerScalableTarget': {},
  'scaling.deregisterScalableTarget': {},
  'scaling.describeScalableTargets': {},
  'scaling.putScalingPolicy': {},
  // Anyone may ask who they are.
  'sts.getCallerIdentity': {},
};

const calls = (client: string, ...methods: readonly string[]): string[] =>
  methods.map((method) => `${client}.${method}`);
const UPLOAD = calls(
  's3',
  ...['headBucket', 'createBucket', 'listObjectsV2', 'putObject', 'createMultipartUpload', 'uploadPart'],
  ...['completeMultipartUpload', 'abortMultipartUpload'],
);
const IMAGE = calls('ecr', 'describeImages');
const FIND_JOB = calls('sagemaker', 'describeTrainingJob', 'describeHyperParameterTuningJob');
const LOGS = calls('logs', 'describeLogStreams', 'getLogEvents');
const LIST_ENDPOINTS = calls('sagemaker', 'listEndpoints', 'listTags');
/** What an endpoint is made for, and its components. */
const KIND = calls('sagemaker', 'describeEndpoint', 'describeEndpointConfig', 'describeModel');
const REMOVE_COMPONENT = calls('sagemaker', 'describeInferenceComponent', 'deleteInferenceComponent');
const REMOVE = calls(
  'sagemaker',
  'describeEndpoint',
  'deleteEndpoint',
  'deleteEndpointConfig',
  'deleteModel',
);

/** The calls of each command; the tests run each with the policy that follows from its own. */
export const COMMAND_CALLS = {
  train: [...UPLOAD, ...IMAGE, ...calls('sagemaker', 'createTrainingJob', 'describeTrainingJob'), ...LOGS],
  tune: [
    ...UPLOAD,
    ...IMAGE,
    ...calls('sagemaker', 'createHyperParameterTuningJob', 'describeHyperParameterTuningJob'),
  ],
  deploy: [
    ...UPLOAD,
    ...IMAGE,
    ...FIND_JOB,
    ...calls('sagemaker', 'listModelPackages', 'describeModelPackage'),
    ...calls('sagemaker', 'createModel', 'createEndpointConfig', 'createEndpoint', 'updateEndpoint'),
    ...calls('sagemaker', 'addTags', 'deleteTags'),
    ...KIND,
    ...REMOVE_COMPONENT,
    ...calls('sagemaker', 'createInferenceComponent', 'updateInferenceComponent'),
    ...calls('sagemaker', 'updateInferenceComponentRuntimeConfig'),
    // To copy an archive it must be read.
    ...calls('s3', 'copyObject', 'getObject'),
    ...calls('scaling', 'registerScalableTarget', 'deregisterScalableTarget', 'describeScalableTargets'),
    ...calls('scaling', 'putScalingPolicy'),
    ...calls('cloudwatch', 'putMetricAlarm', 'describeAlarms', 'deleteAlarms'),
    ...REMOVE,
    ...LIST_ENDPOINTS,
  ],
  transform: [
    ...UPLOAD,
    ...calls('sagemaker', 'describeEndpoint', 'describeEndpointConfig', 'describeModel'),
    ...calls('sagemaker', 'createTransformJob', 'describeTransformJob'),
  ],
  predict: [
    ...calls('runtime', 'invokeEndpoint', 'invokeEndpointAsync'),
    ...calls('sagemaker', 'describeEndpoint'),
    ...calls('s3', 'putObject', 'getObject', 'deleteObject'),
  ],
  captured: [...calls('sagemaker', 'describeEndpoint'), ...calls('s3', 'listObjectsV2', 'getObject')],
  registry: [
    ...UPLOAD,
    ...IMAGE,
    ...FIND_JOB,
    ...calls('sagemaker', 'createModelPackageGroup', 'deleteModelPackageGroup', 'listModelPackageGroups'),
    ...calls('sagemaker', 'createModelPackage', 'describeModelPackage', 'updateModelPackage'),
    ...calls('sagemaker', 'deleteModelPackage', 'listModelPackages'),
  ],
  list: [
    ...LIST_ENDPOINTS,
    ...calls('sagemaker', 'listInferenceComponents'),
    ...calls('sagemaker', 'listTrainingJobs', 'listHyperParameterTuningJobs', 'listTransformJobs'),
  ],
  logs: [...LOGS, ...calls('sagemaker', 'describeTrainingJob', 'describeEndpoint')],
  stop: calls('sagemaker', 'stopTrainingJob', 'stopTransformJob', 'stopHyperParameterTuningJob'),
  delete: [
    ...REMOVE,
    ...LIST_ENDPOINTS,
    ...KIND,
    ...REMOVE_COMPONENT,
    ...calls('sagemaker', 'listInferenceComponents', 'listEndpointConfigs', 'listModels'),
    ...calls('s3', 'listObjectsV2', 'deleteObject'),
    ...calls('scaling', 'deregisterScalableTarget'),
    ...calls('cloudwatch', 'describeAlarms', 'deleteAlarms'),
  ],
} as const satisfies Record<string, readonly string[]>;

/** Commands that a policy can be for. */
export type PermittedCommand = keyof typeof COMMAND_CALLS;

const PREFIXES: Readonly<Record<string, string>> = {
  sagemaker: 'sagemaker',
  runtime: 'sagemaker',
  s3: 's3',
  ecr: 'ecr',
  logs: 'logs',
  cloudwatch: 'cloudwatch',
  scaling: 'application-autoscaling',
};

/** IAM's name of a call's action, and all that the call needs beside it. */
export function permissionsOf(call: string): (Call & { readonly action: string })[] {
  const known = CALLS[call];
  const [client, method] = call.split('.');
  if (client === 'sts') return [];
  const action = known.action ?? `${PREFIXES[client]}:${method[0].toUpperCase()}${method.slice(1)}`;
  return [
    { ...known, action },
    ...(known.tags ? [{ on: known.on?.slice(0, 1), action: 'sagemaker:AddTags' }] : []),
    ...(known.role ? [{ on: ['role'], action: 'iam:PassRole' }] : []),
    ...(call === 'cloudwatch.putMetricAlarm' ? [{ on: [ALARM], action: 'cloudwatch:TagResource' }] : []),
    ...(call === 'scaling.registerScalableTarget'
      ? [
          { on: ['scaling-role'], action: 'iam:CreateServiceLinkedRole' },
          // Who lets machines come and go must have the right to change their number.
          { on: [ENDPOINT], action: 'sagemaker:UpdateEndpointWeightsAndCapacities' },
        ]
      : []),
  ];
}
