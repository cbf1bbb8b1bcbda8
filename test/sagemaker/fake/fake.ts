import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Policy } from '../../../src/sagemaker/client/policy.ts';
import { AwsFailure, checkRequest } from './api.ts';
import { Hosting } from './hosting.ts';
import { authorizeHttp, authorizeJson } from './iam.ts';
import { Monitoring } from './monitoring.ts';
import { Registry } from './registry.ts';
import { Training } from './training.ts';
import { ACCOUNT, type Json, REGION, World } from './world.ts';

export { ACCOUNT, IMAGE, REGION, ROLE } from './world.ts';

/** Services whose requests are checked by their description, by what `x-amz-target` calls them. */
const SERVICES: Readonly<Record<string, string>> = {
  SageMaker: 'sagemaker',
  GraniteServiceVersion20100801: 'cloudwatch',
  AnyScaleFrontendService: 'application-autoscaling',
};

export const ACCESS_KEY = 'AKIAFAKEFAKEFAKEFAKE';

/** A request as it came in. */
export interface Captured {
  /** As botocore calls it. */
  readonly service: string;
  readonly operation: string;
  readonly request: Json;
}

/**
 * AWS on 127.0.0.1: SageMaker with its states, which runs our container's entry points, and as much as that needs of
 * S3, CloudWatch, STS, ECR and Application Auto Scaling. It refuses what AWS refuses.
 */
export class FakeAws {
  readonly world = new World();
  readonly training = new Training(this.world);
  readonly monitoring = new Monitoring(this.world);
  readonly registry = new Registry(this.world);
  readonly hosting = new Hosting(this.world, this.registry, this.monitoring);
  readonly captured: Captured[] = [];
  /** Operations that the caller may not do, with AWS's words for it. */
  readonly denied = new Map<string, string>();
  /** Operations whose next answer is lost on the way. */
  readonly lost = new Set<string>();
  /** What the caller may do, where that is not all. */
  policy: Policy | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => {
        process.stderr.write(`${error.stack}\n`);
        response.destroy(error);
      });
    });
  }

  static async start(): Promise<FakeAws> {
    const fake = new FakeAws();
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a command needs to reach it, and no other AWS. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  async close(): Promise<void> {
    await this.hosting.close();
    while (this.world.work.size > 0) await Promise.all(this.world.work);
    // Those that this work has started.
    await this.hosting.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const target = `${request.headers['x-amz-target'] ?? ''}`;
    const isXml = target === '' && !request.url!.startsWith('/endpoints/');
    try {
      this.#authenticate(request);
      const [service, operation] = target.split('.');
      const isSts = `${request.headers['content-type']}`.includes('x-www-form-urlencoded');
      if (this.policy && !target && !isSts) authorizeHttp(this.policy, request);
      if (target) {
        const denied = this.denied.get(operation);
        if (denied) throw new AwsFailure('AccessDeniedException', denied);
        if (this.policy) authorizeJson(this.policy, service, operation, JSON.parse(body.toString() || '{}'));
        const answer = this.#json(service, operation, JSON.parse(body.toString() || '{}'));
        if (this.lost.delete(operation)) {
          response.destroy();
          return;
        }
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        response.end(JSON.stringify(answer));
      } else if (request.url!.startsWith('/endpoints/')) {
        await this.#invoke(request, body, response);
      } else if (isSts) {
        response.setHeader('content-type', 'text/xml');
        response.end(
          `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${ACCOUNT}</Account><Arn>arn:aws:iam::${ACCOUNT}:user/test</Arn><UserId>A</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>`,
        );
      } else this.world.s3.handle(request, body, response);
    } catch (error) {
      if (!(error instanceof AwsFailure)) throw error;
      const { name, message, status } = error;
      response.statusCode = status;
      if (isXml) {
        response.setHeader('content-type', 'application/xml');
        const text = `<Error><Code>${name}</Code><Message>${message}</Message></Error>`;
        // STS wraps what S3 says plainly.
        const isSts = `${request.headers['content-type']}`.includes('x-www-form-urlencoded');
        response.end(
          isSts ? `<ErrorResponse>${text}</ErrorResponse>` : request.method === 'HEAD' ? '' : text,
        );
      } else {
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        response.setHeader('x-amzn-errortype', name);
        response.end(JSON.stringify({ __type: name, message, Message: message }));
      }
    }
  }

  #authenticate({ headers }: IncomingMessage): void {
    const { authorization = '' } = headers;
    if (authorization.startsWith('AWS4-HMAC-SHA256') && authorization.includes(`Credential=${ACCESS_KEY}/`))
      return;
    throw new AwsFailure(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  }

  #json(service: string, operation: string, request: Json): Json {
    const { world } = this;
    const name = SERVICES[service];
    if (name !== undefined) this.captured.push({ service: name, operation, request });
    if (service === 'SageMaker') {
      checkRequest(operation, request);
      const known =
        this.training.operations[operation] ??
        this.hosting.operations[operation] ??
        this.hosting.components.operations[operation] ??
        this.registry.operations[operation];
      if (known) return known(request);
      if (operation === 'DeleteTags') {
        world.untag(request.ResourceArn, request.TagKeys);
        return {};
      }
      if (operation === 'ListTags') return { Tags: world.tags.get(request.ResourceArn) ?? [] };
      world.tag(request.ResourceArn, request.Tags);
      return { Tags: world.tags.get(request.ResourceArn) };
    }
    const watched = this.monitoring.operations[operation];
    if (watched && name !== undefined) {
      checkRequest(operation, request);
      return watched(request);
    }
    switch (operation) {
      case 'DescribeLogStreams':
        return this.#streamPage(request);
      case 'GetLogEvents':
        return this.#events(request);
      case 'DescribeImages': {
        const name = `${request.repositoryName}:${request.imageIds[0].imageTag}`;
        const type = world.images.get(name);
        if (!type) throw new AwsFailure('ImageNotFoundException', `The image ${name} does not exist`);
        return { imageDetails: [{ imageManifestMediaType: type }] };
      }
      default:
        throw new AwsFailure('UnknownOperationException', `the fake has no ${service}.${operation}`);
    }
  }

  /** One stream a page, so that whoever does not turn them is found out. */
  #streamPage(request: Json): Json {
    const all = this.#streams(request);
    const start = Number(request.nextToken ?? 0);
    const logStreams = all.slice(start, start + 1).map(([logStreamName]) => ({ logStreamName }));
    return { logStreams, ...(start + 1 < all.length && { nextToken: `${start + 1}` }) };
  }

  #streams({ logGroupName, logStreamNamePrefix = '' }: Json): [string, string[]][] {
    const group = this.world.logs.get(logGroupName);
    if (!group) throw new AwsFailure('ResourceNotFoundException', 'The specified log group does not exist.');
    return [...group].filter(([name]) => name.startsWith(logStreamNamePrefix));
  }

  /** An empty page, then ten lines at a time, so that whoever does not ask on is found out. */
  #events({ logGroupName, logStreamName, nextToken }: Json): Json {
    if (nextToken === undefined) return { events: [], nextForwardToken: 'f/0', nextBackwardToken: 'b/0' };
    const [[, lines] = ['', []]] = this.#streams({ logGroupName, logStreamNamePrefix: logStreamName });
    const start = Number(nextToken.slice(2));
    const events = lines.slice(start, start + 10).map((message) => ({ message, timestamp: Date.now() }));
    return { events, nextForwardToken: `f/${start + events.length}`, nextBackwardToken: `b/${start}` };
  }

  async #invoke(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const [, , encoded, kind] = request.url!.split('/');
    const name = decodeURIComponent(encoded);
    if (kind === 'async-invocations') {
      const { InferenceId, output, failure } = this.hosting.invokeAsync(name, request.headers);
      response.statusCode = 202;
      response.setHeader('x-amzn-sagemaker-outputlocation', output);
      response.setHeader('x-amzn-sagemaker-failurelocation', failure);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ InferenceId }));
      return;
    }
    const headers: Record<string, string> = {};
    for (const header of ['content-type', 'accept', 'x-amzn-sagemaker-custom-attributes']) {
      const value = request.headers[header];
      if (typeof value === 'string') headers[header] = value;
    }
    const { status, type, bytes } = await this.hosting.invoke(name, headers, body, {
      component: request.headers['x-amzn-sagemaker-inference-component'] as string | undefined,
      target: request.headers['x-amzn-sagemaker-target-model'] as string | undefined,
    });
    if (status < 400) {
      response.setHeader('content-type', type);
      response.end(bytes);
      return;
    }
    response.statusCode = 424;
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-amzn-errortype', 'ModelError');
    const text = bytes.toString();
    response.end(
      JSON.stringify({
        Message: `Received client error (${status}) from primary with message "${text}".`,
        OriginalStatusCode: status,
        OriginalMessage: text,
        LogStreamArn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/aws/sagemaker/Endpoints/${name}`,
      }),
    );
  }
}
