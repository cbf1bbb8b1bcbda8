import { seenPart } from 'harrier';
import { describe, expect, it } from 'vitest';
import { heatColour, heatLayer, overlay, resizeMap } from './index.ts';

const STEPS = 64;
const colours = Array.from({ length: STEPS + 1 }, (_, i) => heatColour(i / STEPS));

const linear = (value: number): number => {
  const fraction = value / 255;
  return fraction <= 0.04045 ? fraction / 12.92 : ((fraction + 0.055) / 1.055) ** 2.4;
};

/** CIE L* of a colour: how light it looks. */
function lightness([red, green, blue]: readonly number[]): number {
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return luminance > 216 / 24389 ? 116 * Math.cbrt(luminance) - 16 : (24389 / 27) * luminance;
}

describe('the colours of heat', () => {
  it('are colours that a screen has', () => {
    for (const colour of colours) {
      for (const part of colour) {
        expect(part).toBeGreaterThanOrEqual(0);
        expect(part).toBeLessThanOrEqual(255);
      }
    }
  });

  it('grow lighter in equal steps', () => {
    const steps = colours.slice(1).map((colour, i) => lightness(colour) - lightness(colours[i]));
    const mean = steps.reduce((a, b) => a + b) / STEPS;
    for (const step of steps) expect(Math.abs(step / mean - 1)).toBeLessThan(0.35);
  });

  // Viénot, Brettel and Mollon, "Digital video colourmaps for checking the legibility of displays by dichromats", 1999.
  it.each([
    ['protanopia', [0.11238, 0.88762, 0, 0.11238, 0.88762, 0, 0.00401, -0.00401, 1]],
    ['deuteranopia', [0.29275, 0.70725, 0, 0.29275, 0.70725, 0, -0.02234, 0.02234, 1]],
  ])('grow lighter to people with %s too', (_, m) => {
    const seen = colours.map((colour) => {
      const [r, g, b] = colour.map(linear);
      const luminance =
        0.2126 * (m[0] * r + m[1] * g) + 0.7152 * (m[3] * r + m[4] * g) + 0.0722 * (m[6] * r + m[7] * g + b);
      return luminance;
    });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('take what is beyond for the ends', () => {
    expect(heatColour(-1)).toEqual(heatColour(0));
    expect(heatColour(7)).toEqual(heatColour(1));
  });
});

describe('a map in another size', () => {
  const map = { map: Float32Array.of(0, 1, 0.5, 0.25), height: 2, width: 2 };

  it('is the same in its own size', () => {
    expect(resizeMap(map, map)).toEqual(map.map);
  });

  it('keeps what is even, and stays between 0 and 1', () => {
    const even = { map: new Float32Array(9).fill(0.3), height: 3, width: 3 };
    for (const value of resizeMap(even, { height: 7, width: 5 })) expect(value).toBeCloseTo(0.3, 6);
    const sharp = { map: Float32Array.of(0, 0, 1, 1), height: 1, width: 4 };
    const wide = resizeMap(sharp, { height: 1, width: 40 });
    expect(Math.min(...wide)).toBe(0);
    expect(Math.max(...wide)).toBe(1);
    expect([...wide]).toEqual([...wide].sort((a, b) => a - b));
  });

  it('is mirrored when the map is', () => {
    const mirrored = { ...map, map: Float32Array.of(1, 0, 0.25, 0.5) };
    const size = { height: 3, width: 5 };
    const [one, other] = [resizeMap(map, size), resizeMap(mirrored, size)];
    one.forEach((value, i) => {
      expect(other[i - (i % 5) + 4 - (i % 5)]).toBeCloseTo(value, 6);
    });
  });
});

describe('overlay', () => {
  const image = { pixels: new Uint8Array(12).fill(100), height: 2, width: 2 };
  const map = { map: Float32Array.of(0, 1, 0, 0), height: 2, width: 2 };

  it('leaves an image as it is where the map is 0, and shows the colour where it is 1', () => {
    const hottest = heatColour(1).map(Math.round);
    const out = overlay(image, map, { opacity: 1 });
    expect([...out.subarray(0, 4)]).toEqual([100, 100, 100, 255]);
    expect([...out.subarray(4, 8)]).toEqual([...hottest, 255]);
    expect([...heatLayer(map, image, { opacity: 1 }).subarray(0, 8)].at(3)).toBe(0);
  });

  it('lets the image through as its opacity says', () => {
    const [red] = heatColour(1);
    const out = overlay(image, map, { opacity: 0.5 });
    expect(Math.abs(out[4] - (red + 100) / 2)).toBeLessThan(1.5);
  });

  it('takes images with alpha, and refuses what is none', () => {
    const pixels = new Uint8Array(16).fill(7);
    expect(overlay({ ...image, pixels }, map)[3]).toBe(7);
    expect(() => overlay({ ...image, pixels: new Uint8Array(5) }, map)).toThrow(
      'expected 2 × 2 × 3 or 4 values, received 5',
    );
  });
});

it('a map of a part of an image leaves the rest dark, and one of more than the image is cut', () => {
  const map = { map: Float32Array.of(1, 1, 1, 1), height: 2, width: 2 };
  const preprocessing = { resize: 'crop', cropFraction: 1, interpolation: 'bicubic' } as const;
  const square = { height: 2, width: 2, channels: 3, preprocessing } as const;
  const middle = heatLayer(
    map,
    { width: 6, height: 2 },
    { opacity: 1, part: seenPart({ width: 6, height: 2 }, square) },
  );
  const alpha = Array.from({ length: 6 }, (_, x) => middle[4 * x + 3]);
  expect(alpha).toEqual([128, 128, 255, 255, 128, 128]);
  expect([...middle.subarray(0, 3)]).toEqual([0, 0, 0]);

  // Above and below lies padding: of three rows of cells the middle one is the image.
  const padded = { map: Float32Array.of(0, 1, 0), height: 3, width: 1 };
  const part = { left: 0, top: -1, width: 1, height: 3 };
  const values = resizeMap(padded, { width: 1, height: 1 }, part);
  expect([...values]).toEqual([1]);
});
