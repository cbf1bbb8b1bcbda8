import type { Page } from 'playwright-core';

/** What was seen while a page was scrolled from its top to its end. */
export interface Scrolled {
  readonly frames: number;
  /** Longest time between two frames, in milliseconds. */
  readonly longest: number;
  /** Most images that existed at once. */
  readonly mostImages: number;
  /** Pixels. */
  readonly distance: number;
}

/** Scrolls a wall of images to its end, a screen every third frame: faster than anybody looks. */
export function scrollToEnd(page: Page): Promise<Scrolled> {
  return page.evaluate(async () => {
    const frame = () => new Promise<number>(requestAnimationFrame);
    let before = await frame();
    let [frames, longest, mostImages] = [0, 0, 0];
    while (scrollY + innerHeight < document.documentElement.scrollHeight - 1) {
      if (frames % 3 === 0) scrollBy(0, innerHeight);
      const now = await frame();
      frames++;
      longest = Math.max(longest, now - before);
      before = now;
      mostImages = Math.max(mostImages, document.querySelectorAll('.image-cell').length);
    }
    return { frames, longest, mostImages, distance: scrollY };
  });
}
