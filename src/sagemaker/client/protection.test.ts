import { expect, it } from 'vitest';
import { diskAdvice, type Protection } from './protection.ts';
import { type JobResources, trainingRequest, tuningRequest } from './training.ts';
import { transformRequest } from './transform.ts';

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd';
const protection: Protection = {
  subnets: ['subnet-0a1', 'subnet-0b2'],
  securityGroups: ['sg-0c3'],
  kmsKey: KEY,
  networkIsolation: true,
  encryptTraffic: true,
  tags: { team: 'vision' },
};
const resources: JobResources = {
  image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/harrier:latest',
  role: 'arn:aws:iam::123456789012:role/SageMakerRole',
  channels: { train: 's3://mine/train/' },
  bucket: 'mine',
  instanceType: 'ml.c7i.2xlarge',
  volumeGigabytes: 30,
  maxSeconds: 3600,
  spot: false,
  protection,
};
const NETWORK = {
  VpcConfig: { SecurityGroupIds: ['sg-0c3'], Subnets: ['subnet-0a1', 'subnet-0b2'] },
  EnableNetworkIsolation: true,
  EnableInterContainerTrafficEncryption: true,
  OutputDataConfig: { KmsKeyId: KEY },
  ResourceConfig: { VolumeKmsKeyId: KEY },
};

it('puts network, keys and tags into training and tuning jobs', () => {
  const tags = [
    { Key: 'harrier', Value: 'true' },
    { Key: 'team', Value: 'vision' },
  ];
  expect(trainingRequest(resources, {})).toMatchObject({ ...NETWORK, Tags: tags });
  const tuned = tuningRequest(
    resources,
    {},
    {
      parameters: [{ name: 'seed', among: ['1', '2'] }],
      jobs: 2,
      parallel: 1,
      strategy: 'Random',
      metric: 'test:accuracy',
    },
  );
  expect(tuned).toMatchObject({ TrainingJobDefinition: NETWORK, Tags: tags });
});

it('leaves all of it out where nothing is asked for', () => {
  const { VpcConfig, EnableNetworkIsolation, OutputDataConfig, ResourceConfig, ...rest } = trainingRequest(
    { ...resources, protection: {} },
    {},
  );
  expect([VpcConfig, EnableNetworkIsolation, rest.EnableInterContainerTrafficEncryption]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(OutputDataConfig).not.toHaveProperty('KmsKeyId');
  expect(ResourceConfig).not.toHaveProperty('VolumeKmsKeyId');
});

it.each(['ml.g5.xlarge', 'ml.m5d.large', 'ml.g4dn.xlarge', 'ml.p4d.24xlarge'])(
  'gives %s no key for its disk, which has its own, and says so',
  (instanceType) => {
    const { ResourceConfig, OutputDataConfig } = trainingRequest({ ...resources, instanceType }, {});
    expect(ResourceConfig).not.toHaveProperty('VolumeKmsKeyId');
    expect(OutputDataConfig).toMatchObject({ KmsKeyId: KEY });
    expect(diskAdvice(protection, instanceType)).toContain('encrypts its own disk in hardware');
  },
);

it('encrypts the disks and the answers of transform jobs', () => {
  const job = { model: 'm', input: 's3://mine/in/', isLines: false, output: 's3://mine/out', instances: 1 };
  expect(transformRequest({ ...job, instanceType: 'ml.c5.xlarge', protection })).toMatchObject({
    TransformOutput: { KmsKeyId: KEY },
    TransformResources: { VolumeKmsKeyId: KEY },
  });
});
