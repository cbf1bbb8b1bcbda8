import { HarrierError } from '../../errors.ts';
import { jsonObject } from '../../json-text.ts';
import { readImageFile } from '../../platform/node/images/decode.ts';
import type { Aws } from '../../sagemaker/client/aws.ts';
import { awsError, isAws } from '../../sagemaker/client/aws-error.ts';
import { describeEndpoint } from '../../sagemaker/client/endpoint.ts';
import { invokeAsync } from '../../sagemaker/client/invoke-async.ts';
import { LIMITS } from '../../sagemaker/client/limits.ts';
import { checkName } from '../../sagemaker/client/requests.ts';
import { targetModel } from '../../sagemaker/client/shared-endpoint.ts';
import { Exit, failureOf } from '../failure.ts';
import { shownOf } from '../predict/labels.ts';
import { type Answer, type FilePrediction, imageText } from '../predict/text.ts';
import { type AwsCommandOptions, type AwsSession, inAws } from './session.ts';

export interface EndpointPredictOptions extends AwsCommandOptions {
  readonly top: number;
  /** Coverage of sets of classes, if any are wanted. */
  readonly sets?: number;
  /** Seconds to wait for an asynchronous endpoint. */
  readonly timeout: number;
  /** The inference component that is asked, or the model of a multi-model endpoint. */
  readonly component?: string;
  readonly targetModel?: string;
}

/** Images that are on their way at the same time. */
const AT_ONCE = 4;

/** `harrier sagemaker predict`: answers for every file that is an image, even when another is not. */
export async function runEndpointPredict(
  endpoint: string,
  files: readonly string[],
  given: EndpointPredictOptions,
): Promise<void> {
  checkName(endpoint, 'endpoint');
  if (given.component !== undefined && given.targetModel !== undefined) {
    throw new HarrierError('bad-option', '--component and --target-model cannot be combined', {
      next: 'An endpoint has inference components, or it is a multi-model endpoint.',
    });
  }
  if (given.component !== undefined) checkName(given.component, '--component');
  const target = given.targetModel === undefined ? undefined : targetModel(given.targetModel);
  await inAws(given, ['runtime', 'sagemaker', 's3'], async (session) => {
    const { aws, reporter, follow, goesOn } = session;
    const hosted = await hostedBy(aws, endpoint);
    const { asyncOutput } = hosted;
    if (asyncOutput !== undefined && (given.component ?? target) !== undefined) {
      const flag = target === undefined ? '--component' : '--target-model';
      throw new HarrierError(
        'bad-option',
        `this endpoint is asynchronous and has one model, so ${flag} names none`,
        {
          where: endpoint,
          next: 'Leave it out.',
        },
      );
    }
    if (asyncOutput !== undefined) {
      reporter.note(`${endpoint} is asynchronous: images and answers go through ${asyncOutput}`);
      goesOn(`Stopped waiting: ${endpoint} still answers what it was asked, into ${asyncOutput}`);
    }
    const one = (file: string) => ask(session, endpoint, file, given, hosted);
    const all: FilePrediction[] = [];
    let failed = 0;
    try {
      for (let start = 0; start < files.length; start += AT_ONCE) {
        follow.signal?.throwIfAborted();
        const answers = files.slice(start, start + AT_ONCE).map((file) => ({ file, answer: one(file) }));
        await Promise.allSettled(answers.map(({ answer }) => answer));
        const grave: unknown[] = [];
        for (const { file, answer } of answers) {
          try {
            const said = { file, ...(await answer) };
            all.push(said);
            if (!given.json) reporter.print(imageText(said, reporter.style));
          } catch (error) {
            // When it is not about the image, no other will fare better.
            if (!(error instanceof HarrierError) || error.code !== 'bad-data') {
              grave.push(error);
              continue;
            }
            const { message = '' } = failureOf(error);
            all.push({ file, predictions: [], error: message });
            reporter.error(message);
            failed++;
          }
        }
        if (grave.length > 0) throw grave[0];
      }
    } finally {
      // Those that came before an end by an error or Ctrl-C are paid for.
      if (given.json && all.length > 0) reporter.json(all);
    }
    if (failed > 0) throw new Exit(1);
  });
}

interface Verbose extends Pick<Answer, 'set' | 'unknown'> {
  readonly probabilities: readonly number[];
  /** Names of the classes. */
  readonly labels: readonly string[];
  /** Those that an image is given, of a model that gives any number of them. */
  readonly predicted_labels?: readonly string[];
}

/** How an endpoint takes images. */
interface Hosted {
  /** Where an asynchronous one puts its answers. */
  readonly asyncOutput?: string;
  /** Bytes of a request at most. */
  readonly payload: number;
}

async function hostedBy(aws: Aws, endpoint: string): Promise<Hosted> {
  const found = await describeEndpoint(aws, endpoint).catch((error) => {
    // Who may ask an endpoint need not be allowed to look at it.
    if (isAws(error, 'AccessDenied')) return undefined;
    throw error;
  });
  const asyncOutput = found?.AsyncInferenceConfig?.OutputConfig?.S3OutputPath;
  const isServerless = found?.ProductionVariants?.some(({ CurrentServerlessConfig: own }) => own);
  return {
    ...(asyncOutput !== undefined && { asyncOutput }),
    payload: isServerless ? LIMITS.serverlessPayload : LIMITS.payload,
  };
}

async function ask(
  { aws, follow }: AwsSession,
  endpoint: string,
  file: string,
  { sets, timeout, component, targetModel: target, ...shown }: EndpointPredictOptions,
  { asyncOutput, payload }: Hosted,
): Promise<Answer> {
  const bytes = await readImageFile(file).catch((error) => {
    throw error instanceof HarrierError
      ? new HarrierError('bad-data', error.message, { cause: error })
      : error;
  });
  const accept = `application/json;verbose${sets === undefined ? '' : `;sets=${sets}`}`;
  if (asyncOutput !== undefined) {
    const request = { endpoint, output: asyncOutput, file, bytes, accept, timeoutSeconds: timeout };
    return answerOf(await invokeAsync(aws, request, follow), shown, endpoint);
  }
  if (bytes.length > payload) {
    throw new HarrierError('bad-data', 'this image is too large for this SageMaker endpoint', {
      where: file,
      expected: `at most ${payload / 2 ** 20} MiB`,
      received: `${(bytes.length / 2 ** 20).toFixed(1)} MiB`,
      next: 'Scale it down first.',
    });
  }
  try {
    const { Body } = await aws.runtime.invokeEndpoint({
      EndpointName: endpoint,
      ...(component !== undefined && { InferenceComponentName: component }),
      ...(target !== undefined && { TargetModel: targetModel(target) }),
      ContentType: 'application/x-image',
      Accept: accept,
      Body: bytes,
    });
    return answerOf(Body!.transformToString(), shown, endpoint);
  } catch (error) {
    if (isAws(error, 'ModelError')) throw modelError(error as Error & ModelAnswer, file);
    throw whichModel(error, endpoint) ?? awsError(error);
  }
}

/** What to say where a request names no model of an endpoint that has several; AWS speaks of headers. */
function whichModel(error: unknown, where: string): HarrierError | undefined {
  if (!isAws(error, 'ValidationError') || !/header/i.test((error as Error).message)) return undefined;
  const { message } = error as Error;
  const isComponent = /inference component/i.test(message);
  const flag = isComponent ? '--component' : '--target-model';
  if (!/required|missing/i.test(message)) return undefined;
  return new HarrierError('bad-option', 'this endpoint has several models, and the request names none', {
    where,
    expected: `${flag} NAME`,
    next: isComponent
      ? 'npx harrier sagemaker list names its components.'
      : 'Give the name that deploy --target-model gave it.',
    cause: error,
  });
}

/** @throws HarrierError `not-supported` where the answer is not that of Harrier's container */
function answerOf(
  text: string,
  { top, json }: Pick<EndpointPredictOptions, 'top' | 'json'>,
  where: string,
): Answer {
  const said = jsonObject(text) as Verbose | undefined;
  const isOurs =
    Array.isArray(said?.labels) &&
    Array.isArray(said.probabilities) &&
    said.labels.length === said.probabilities.length;
  if (!isOurs) {
    throw new HarrierError('not-supported', 'this endpoint does not answer as those of Harrier do', {
      where,
      expected: 'labels and probabilities as JSON',
      received: text.slice(0, 80),
      next: 'Ask it with the client of its model.',
    });
  }
  const { probabilities, labels, predicted_labels: given, set, unknown } = said;
  const all = labels
    .map((label, i) => ({ label, probability: probabilities[i] }))
    .sort((a, b) => b.probability - a.probability);
  return {
    predictions: shownOf(all, given, { top, toPeople: !json }),
    ...(set && { set }),
    ...(given && { labels: given }),
    ...(unknown !== undefined && { unknown }),
  };
}

interface ModelAnswer {
  readonly OriginalStatusCode?: number;
  readonly OriginalMessage?: string;
}

/** What the container answered, which AWS wraps. */
function modelError(error: Error & ModelAnswer, file: string): HarrierError {
  const { OriginalStatusCode: status = 500, OriginalMessage: answer = error.message } = error;
  let said = answer;
  try {
    const body = JSON.parse(answer);
    said = body.error?.message ?? body.detail ?? body.error ?? body.message ?? answer;
  } catch {
    // Not ours, or cut off: as it is.
  }
  const isImage = status >= 400 && status < 500 && status !== 429;
  return new HarrierError(
    isImage ? 'bad-data' : 'refused',
    `the endpoint answered ${status}: ${`${said}`.replace(/\.$/, '')}`,
    {
      where: file,
      cause: error,
    },
  );
}
