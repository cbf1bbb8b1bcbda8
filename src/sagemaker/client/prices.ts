import { HarrierError } from '../../errors.ts';

const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^t\d/, 'burstable'],
  [/^m\d/, 'general purpose'],
  [/^c\d/, 'compute optimised'],
  [/^r\d/, 'memory optimised'],
  [/^(g|p)\d/, 'GPU'],
  [/^(inf|trn|dl)\d/, 'accelerator'],
];

/** Where AWS says what it costs; prices differ by region and change. */
export const PRICES = 'https://aws.amazon.com/sagemaker/ai/pricing/';

/** `ml.c7i.xlarge` → `compute optimised`. */
export function familyOf(instanceType: string): string {
  const family = instanceType.split('.')[1] ?? '';
  return FAMILIES.find(([pattern]) => pattern.test(family))?.[1] ?? 'unknown class';
}

/** c7g, m6gd, r8g: Graviton, whose code is another one. g4dn and g5 are GPU machines with x86-64. */
const GRAVITON = /^ml\.[cmrt]\d+g/;

/**
 * Refuses machines that the image cannot run on: SageMaker says only minutes later, in the log, that it does not start.
 *
 * @param isArm whether the user says that the image is for arm64; only endpoints have such machines
 * @throws HarrierError `not-supported` for the other processor
 */
export function checkInstance(instanceType: string, isArm = false): void {
  if (GRAVITON.test(instanceType) === isArm) return;
  if (isArm) {
    throw new HarrierError(
      'not-supported',
      'with --arm64 the image is for Graviton, and this instance type is not',
      {
        where: instanceType,
        expected: 'a type such as ml.c7g.large or ml.m7g.large',
      },
    );
  }
  throw new HarrierError(
    'not-supported',
    'the container image is for x86-64, and this instance type is not',
    {
      where: instanceType,
      expected: 'a type such as ml.c7i.xlarge or ml.m7i.large',
      next: `Choose the type without the g: ${instanceType.replace(/^(ml\.[a-z]+\d+)g/, '$1i')}. For an endpoint on Graviton, build the image with --platform linux/arm64, and deploy with --arm64.`,
    },
  );
}

/** What is wrong with a machine that works, and costs more than it is worth. */
export function instanceAdvice(instanceType: string): string | undefined {
  const family = familyOf(instanceType);
  if (family !== 'GPU' && family !== 'accelerator') return undefined;
  return `Note: Harrier computes on the processor; the ${family} of ${instanceType} would bill and idle.`;
}
