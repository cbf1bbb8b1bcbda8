/** A graphics device that any machine with Chromium has: SwiftShader, which computes Vulkan on the processor. */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findChromium } from '../../src/cli/bench/web/chromium.ts';

const chromium = findChromium();
const driver = [...(chromium ? [dirname(realpathSync(chromium))] : []), '/usr/lib/chromium']
  .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
  .find((file) => existsSync(file));

/** Vulkan's loader is a library of the system's, which Chromium brings for itself alone. */
const hasLoader = () => `${spawnSync('ldconfig', ['-p']).stdout}`.includes('libvulkan.so.1');

/** Why tests on it are skipped; undefined where they run. */
export const noVulkan: string | undefined =
  process.platform !== 'linux'
    ? 'skipped: written for Linux'
    : !driver
      ? "skipped: no SwiftShader on this machine (Debian's chromium carries it)"
      : !hasLoader()
        ? 'skipped: no libvulkan1 on this machine'
        : undefined;

/** What Vulkan's loader must find in the environment of a process. */
export const softwareVulkan: Readonly<Record<string, string>> = driver ? { VK_ICD_FILENAMES: driver } : {};
