// What SageMaker's API allows in the requests that Harrier sends, in one place: from the API's own description, version
// 2017-07-24, as of 2026-11. https://docs.aws.amazon.com/sagemaker/latest/APIReference/

/** Limits that other code asks for by name. */
export const LIMITS = {
  /** Characters of a name; of a tuning job's. */
  name: 63,
  tuningName: 32,
  /** Bytes of a body for an endpoint; for a serverless one. */
  payload: 25 * 2 ** 20,
  serverlessPayload: 4 * 2 ** 20,
  serverlessConcurrency: 200,
  /** Requests that a machine of an asynchronous endpoint works at. */
  asyncConcurrency: 1000,
  /** Bytes of an object that an asynchronous endpoint takes: AWS would take 1 GiB, the container takes no more. */
  asyncPayload: 25 * 2 ** 20,
  /** Percent of the machines that a canary, or a step of a linear update, may be; the least that a step may be. */
  shiftPercent: 50,
  leastLinearPercent: 10,
  /** Seconds that an update waits with a part of the traffic; that it may take in all. */
  bakeSeconds: 3600,
  updateSeconds: 28_800,
  /** Cores and megabytes of a copy of an inference component, at least. */
  componentCores: 0.25,
  componentMegabytes: 128,
  /** Seconds of a training job: 28 days. */
  runSeconds: 28 * 86_400,
  /** Epochs of a job that the strategy Hyperband starts. */
  hyperbandEpochs: 20_000,
  /** Megabytes of one record of a batch transform, times those on their way at once. */
  transformMegabytes: 100,
} as const;
