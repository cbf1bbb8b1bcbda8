import { expect, it } from 'vitest';
import { isSoftwareGpu } from './gpu.ts';

it.each([
  ['google swiftshader', true],
  ['llvmpipe (LLVM 15.0.6, 256 bits)', true],
  ['lavapipe', true],
  ['Microsoft Basic Render Driver', true],
  ['Software Adapter', true],
  ['nvidia ampere', false],
  ['apple metal-3', false],
  ['unnamed', false],
])('%s is computed by the processor: %s', (name, software) => {
  expect(isSoftwareGpu(name)).toBe(software);
});
