import type { ListTagsOutput } from '@aws-sdk/client-sagemaker';
import type { Aws } from './aws.ts';
import { isAws, isMissing } from './aws-error.ts';
import { EXPIRES_TAG } from './endpoint.ts';

export interface ListedEndpoint {
  readonly name: string;
  readonly status: string;
  readonly created: Date;
  readonly expires?: Date;
  /** What its tag says of that where it is no date, for people can edit tags. */
  readonly unreadableExpiry?: string;
}

export interface ListedJob {
  readonly kind: 'training' | 'tuning' | 'transform';
  readonly name: string;
  readonly status: string;
  readonly created: Date;
}

/** Every endpoint of the region that Harrier made, newest first. */
export async function listEndpoints(aws: Aws): Promise<ListedEndpoint[]> {
  const found: ListedEndpoint[] = [];
  let [read, refused]: [number, unknown] = [0, undefined];
  let NextToken: string | undefined;
  do {
    const page = await aws.sagemaker.listEndpoints({
      SortBy: 'CreationTime',
      SortOrder: 'Descending',
      MaxResults: 100,
      NextToken,
    });
    for (const { EndpointName, EndpointArn, EndpointStatus, CreationTime } of page.Endpoints ?? []) {
      const { Tags = [] } = await aws.sagemaker
        .listTags({ ResourceArn: EndpointArn })
        .then((answer): Pick<ListTagsOutput, 'Tags'> => {
          read++;
          return answer;
        })
        .catch((error): Pick<ListTagsOutput, 'Tags'> => {
          // Another's, or one that is gone by now.
          if (isAws(error, 'AccessDenied')) refused = error;
          else if (!isMissing(error)) throw error;
          return {};
        });
      if (!Tags.some(({ Key }) => Key === 'harrier')) continue;
      const expiry = Tags.find(({ Key }) => Key === EXPIRES_TAG)?.Value;
      const expires = new Date(expiry ?? Number.NaN);
      const isDate = !Number.isNaN(expires.getTime());
      found.push({
        name: EndpointName!,
        status: EndpointStatus!,
        created: CreationTime!,
        ...(isDate && { expires }),
        ...(!isDate && expiry && { unreadableExpiry: expiry }),
      });
    }
    NextToken = page.NextToken;
  } while (NextToken);
  // Who may read the tags of none cannot say which are Harrier's.
  if (refused && read === 0) throw refused;
  return found;
}

/** The newest jobs of each kind in the region. Any program may have started them, so their names may be anything. */
export async function listJobs(aws: Aws, most: number): Promise<ListedJob[]> {
  const newest = { SortBy: 'CreationTime', SortOrder: 'Descending', MaxResults: most } as const;
  const [training, tuning, transform] = await Promise.all([
    aws.sagemaker.listTrainingJobs(newest),
    aws.sagemaker.listHyperParameterTuningJobs(newest),
    aws.sagemaker.listTransformJobs(newest),
  ]);
  return [
    ...(training.TrainingJobSummaries ?? []).map((job) => ({
      kind: 'training' as const,
      name: job.TrainingJobName!,
      status: job.TrainingJobStatus!,
      created: job.CreationTime!,
    })),
    ...(tuning.HyperParameterTuningJobSummaries ?? []).map((job) => ({
      kind: 'tuning' as const,
      name: job.HyperParameterTuningJobName!,
      status: job.HyperParameterTuningJobStatus!,
      created: job.CreationTime!,
    })),
    ...(transform.TransformJobSummaries ?? []).map((job) => ({
      kind: 'transform' as const,
      name: job.TransformJobName!,
      status: job.TransformJobStatus!,
      created: job.CreationTime!,
    })),
  ];
}

/** Those whose time is over: AWS deletes nothing by itself. */
export function expired(endpoints: readonly ListedEndpoint[], now: Date = new Date()): ListedEndpoint[] {
  return endpoints.filter(({ expires }) => expires !== undefined && expires <= now);
}
