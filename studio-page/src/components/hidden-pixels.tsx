import { Message } from './message.tsx';

/** Four pixels that no accident makes. */
const KNOWN = Uint8ClampedArray.of(250, 10, 90, 255, 10, 240, 30, 255, 40, 60, 250, 255, 130, 130, 20, 255);
/** Some browsers add a little noise, which changes no answer. */
const NOISE = 16;

let hidden: boolean | undefined;

/** Whether the browser gives pages other pixels than an image has, against being known again. */
function hidesPixels(): boolean {
  hidden ??= (() => {
    const context = new OffscreenCanvas(2, 2).getContext('2d', { willReadFrequently: true })!;
    context.putImageData(new ImageData(KNOWN, 2, 2), 0, 0);
    const read = context.getImageData(0, 0, 2, 2).data;
    return KNOWN.some((value, i) => Math.abs(value - read[i]) > NOISE);
  })();
  return hidden;
}

/** Says so where models would answer about pixels that no image has. */
export function HiddenPixels() {
  if (!hidesPixels()) return null;
  return (
    <Message kind="error" title="This browser hides the pixels of images from pages">
      A model would see noise in their place. Allow this site to read them (the icon in the address bar, or
      the settings against fingerprinting), then load the page again; or use another browser.
    </Message>
  );
}
