/**
 * Colours for numbers from 0 to 1: from a dark blue through magenta and orange to a light yellow. It is a path through
 * Oklab (Ottosson, "A perceptual color space for image processing", 2020): lightness rises in a straight line, so that
 * equal steps look equally large, in grey and to people who see fewer colours too; hue turns once by half a circle.
 *
 * @returns red, green and blue, 0–255, unrounded
 */
export function heatColour(value: number): [number, number, number] {
  const t = Math.min(1, Math.max(0, value));
  const lightness = 0.18 + 0.77 * t;
  // As much as a screen can show at these lightnesses, with room to spare.
  const chroma = 0.1 + 0.03 * t + 0.05 * Math.sin(Math.PI * t);
  const hue = ((285 + 180 * t) * Math.PI) / 180;
  return oklabToSrgb(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
}

/** The matrices are Ottosson's. */
function oklabToSrgb(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** The curve of sRGB (IEC 61966-2-1), to 0–255. */
function encode(linear: number): number {
  return 255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055);
}
