import { setTimeout as sleep } from 'node:timers/promises';
import { AwsFailure, invalid } from './api.ts';
import { FakeS3 } from './s3.ts';

export const ACCOUNT = '123456789012';
export const REGION = 'eu-west-1';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/SageMakerRole`;
export const IMAGE = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/harrier:latest`;

// biome-ignore lint/suspicious/noExplicitAny: requests and answers of any shape; api-model.json has checked them
export type Json = Record<string, any>;

/** What all services of the fake share. */
export class World {
  readonly s3 = new FakeS3(REGION);
  /** Repository and tag, and the format of the manifest. */
  readonly images = new Map([['harrier:latest', 'application/vnd.docker.distribution.manifest.v2+json']]);
  /** Lines by group and stream. */
  readonly logs = new Map<string, Map<string, string[]>>();
  readonly tags = new Map<string, Json[]>();
  /** Machines that the account may not start. */
  readonly withoutQuota = new Set<string>();
  readonly scaling = new Map<string, Json>();
  readonly policies = new Map<string, Json>();
  /** Endpoints that take requests from S3. */
  readonly asynchronous = new Set<string>();
  /** Work under way; the fake waits for it when it is closed. */
  readonly work = new Set<Promise<void>>();

  /** Between two states of anything. */
  readonly pause = () => sleep(30);

  begin(work: Promise<void>): void {
    const noted = work.finally(() => this.work.delete(noted));
    this.work.add(noted);
  }

  log(group: string, stream: string): (line: string) => void {
    const streams = this.logs.get(group) ?? new Map<string, string[]>();
    this.logs.set(group, streams);
    const lines = streams.get(stream) ?? [];
    streams.set(stream, lines);
    return (line) => lines.push(line);
  }

  arn(kind: string, name: string): string {
    return `arn:aws:sagemaker:${REGION}:${ACCOUNT}:${kind}/${name}`;
  }

  tag(arn: string, tags: readonly Json[] = []): void {
    const kept = (this.tags.get(arn) ?? []).filter(({ Key }) => !tags.some((tag) => tag.Key === Key));
    this.tags.set(arn, [...kept, ...tags]);
  }

  untag(arn: string, keys: readonly string[]): void {
    this.tags.set(
      arn,
      (this.tags.get(arn) ?? []).filter(({ Key }) => !keys.includes(Key)),
    );
  }

  checkRole(role: string): void {
    if (role !== ROLE) {
      throw invalid(
        `Could not assume role ${role}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.`,
      );
    }
  }

  checkImage(image: string): void {
    const name = image.split('/').at(-1)!;
    if (!image.startsWith(`${ACCOUNT}.dkr.ecr.${REGION}.`) || !this.images.has(name)) {
      throw invalid(`Requested image ${image} not found`);
    }
    if (this.images.get(name)!.includes('oci'))
      throw invalid(`Unsupported manifest media type for image ${image}`);
  }

  checkQuota(instanceType: string): void {
    if (!this.withoutQuota.has(instanceType)) return;
    throw new AwsFailure(
      'ResourceLimitExceeded',
      `The account-level service limit '${instanceType} for training job usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances.`,
    );
  }

  /** Objects below an address. */
  checkObjects(uri: string, what: string): void {
    if (this.s3.keys(uri.replace('s3://', '')).length === 0)
      throw invalid(`Could not find ${what} at ${uri}.`);
  }
}

export const seconds = (date: Date = new Date()) => date.getTime() / 1000;

/** A page of a list, newest first. */
export function page(
  all: Iterable<Json>,
  { NameContains = '', MaxResults = 10, NextToken = '0' }: Json,
  name: string,
) {
  const found = [...all].filter((each) => each[name].includes(NameContains)).reverse();
  const start = Number(NextToken);
  const next = start + MaxResults;
  return { items: found.slice(start, next), ...(next < found.length && { NextToken: `${next}` }) };
}
