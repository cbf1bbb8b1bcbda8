import { HarrierError } from '../../errors.ts';

/** A graphics device that is there, and the news that it no longer is. */
export interface Gpu {
  /** A GPUDevice: not every version of the DOM's types has that. */
  readonly device: object;
  /** What it calls itself, for people: `nvidia ampere`, `google swiftshader`. */
  readonly name: string;
  /** What a piece of work comes to; rejected with `device-lost` as soon as the device goes away, or where it has gone. */
  unlessLost<T>(work: () => Promise<T>): Promise<T>;
  /** Whether it has gone. */
  readonly isLost: boolean;
}

/** Limits of a device that large models come near: as much as there is of each is asked for. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** What ONNX Runtime's kernels use where a device has it. */
const FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups'];

let current: Promise<Gpu> | undefined;

/**
 * The graphics device of this page or worker: one for all.
 *
 * @throws HarrierError `not-supported` when the browser has no WebGPU, or no device for it; `device-lost` when it was
 *   lost before: ONNX Runtime may then wait for it for ever, and with it whatever comes next
 */
export async function openGpu(): Promise<Gpu> {
  const known = await current?.catch(() => undefined);
  if (known?.isLost) {
    throw new HarrierError('device-lost', 'the graphics device of this page was lost', {
      next: "Use the backend 'wasm', or a new worker.",
    });
  }
  if (!known) current = requestGpu();
  return current!;
}

/** Name of the WebGPU device, for people; undefined if there is none. */
export async function webGpuName(): Promise<string | undefined> {
  const adapter = await findAdapter();
  return adapter ? nameOf(adapter.info) : undefined;
}

/** Parts of the names of graphics devices that the processor computes. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/**
 * Whether a graphics device is one that the processor computes: ONNX Runtime does that better itself.
 *
 * @param name as `webGpuName` gives it
 */
export function isSoftwareGpu(name: string): boolean {
  return SOFTWARE.test(name);
}

async function requestGpu(): Promise<Gpu> {
  const adapter = await findAdapter();
  if (!adapter) {
    throw new HarrierError(
      'not-supported',
      hasWebGpu() ? 'this browser has no device for WebGPU' : 'this browser has no WebGPU',
      { next: "Use the backend 'wasm'." },
    );
  }
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
  });
  let lost: HarrierError | undefined;
  // A race against a promise that never settles would keep what each piece of work came to.
  const waiting = new Set<(error: HarrierError) => void>();
  void device.lost.then(({ message, reason }) => {
    lost = new HarrierError('device-lost', 'the graphics device was lost, and with it the state of the run', {
      received: message || reason,
      next: "Resume from the last checkpoint, with the backend 'wasm'.",
    });
    for (const reject of waiting) reject(lost);
    waiting.clear();
  });
  return {
    device,
    name: nameOf(adapter.info),
    unlessLost(work) {
      if (lost) return Promise.reject(lost);
      return new Promise((resolve, reject) => {
        waiting.add(reject);
        work()
          .then(resolve, reject)
          .finally(() => waiting.delete(reject));
      });
    },
    get isLost() {
      return lost !== undefined;
    },
  };
}

function hasWebGpu(): boolean {
  return typeof navigator !== 'undefined' && 'gpu' in navigator && navigator.gpu !== undefined;
}

async function findAdapter(): Promise<GPUAdapter | null> {
  return hasWebGpu() ? navigator.gpu.requestAdapter({ powerPreference: 'high-performance' }) : null;
}

function nameOf({ description, vendor, architecture }: GPUAdapterInfo): string {
  return description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed';
}
