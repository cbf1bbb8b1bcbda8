/** Images as the browser reads them, against Node's; and what the browser keeps. */
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../src/data/preprocessing.ts';
import { random } from '../../src/data/random.ts';
import type { HarrierError } from '../../src/errors.ts';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { type BrowserPage, closeTestBrowser, noChromium, openTestPage } from './browser.ts';

const MODULE = new URL('./pages/files.ts', import.meta.url);

const stream = random(1, 'test/files');
const noise = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp(
    Uint8Array.from({ length: width * height * channels }, () => stream.integer(256)),
    { raw: { width, height, channels } },
  );
/** Soft shapes. */
const photograph = (width: number, height: number) =>
  noise(16, 12).resize(width, height, { fit: 'fill', kernel: 'cubic' });

/** Soft stripes, as a camera of 12 bits gives them. */
const twelveBits = (width: number, height: number) =>
  sharp(
    Uint16Array.from({ length: width * height }, (_, i) => Math.round(2047.5 * (1 + Math.sin(i / 9)))),
    { raw: { width, height, channels: 1 } },
  ).toColourspace('grey16');

describe.skipIf(noChromium)(`in Chromium${noChromium ? ` (${noChromium})` : ''}`, () => {
  let page: BrowserPage;
  beforeAll(async () => {
    page = await openTestPage(MODULE);
  });
  afterAll(async () => {
    await page?.close();
    await closeTestBrowser();
  });

  const decode = (
    bytes: Uint8Array,
    name = 'image',
    side = 32,
    maxPixels?: number,
    preprocessing?: Preprocessing,
  ) => page.call<Uint8Array>('decode', new Uint8Array(bytes), side, side, name, maxPixels, preprocessing);

  describe('images come out as in Node', () => {
    // What codecs themselves do differently, in levels of 256: lossy ones round in their own ways.
    it.each<[string, () => Sharp, number, number]>([
      ['PNG', () => photograph(100, 80).png(), 0.6, 6],
      ['PNG of the very size', () => noise(32, 32).png(), 0, 0],
      ['PNG with a palette', () => photograph(64, 64).png({ palette: true, colours: 16 }), 0.6, 6],
      ['PNG in grey', () => photograph(64, 64).greyscale().png(), 0.6, 6],
      ['PNG of 16 bits', () => photograph(64, 64).toColourspace('rgb16').png(), 0.8, 6],
      ['PNG of 12 bits in 16', () => twelveBits(64, 64).png(), 0.6, 6],
      [
        'PNG with transparent parts',
        () => noise(12, 9, 4).resize(70, 60, { kernel: 'cubic' }).png(),
        1.5,
        12,
      ],
      ['JPEG', () => photograph(640, 480).jpeg({ quality: 90 }), 1.5, 8],
      [
        'JPEG, turned by EXIF',
        () => photograph(300, 200).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }),
        1.5,
        8,
      ],
      ['JPEG of 12 megapixels', () => photograph(4000, 3000).jpeg({ quality: 90 }), 1.5, 8],
      ['WebP', () => photograph(200, 150).webp({ quality: 95 }), 2, 10],
      ...[2, 3, 4, 5, 6, 7, 8].flatMap((orientation): [string, () => Sharp, number, number][] => [
        [
          `WebP, turned by EXIF (${orientation})`,
          () => photograph(200, 150).withMetadata({ orientation }).webp({ quality: 95 }),
          2,
          10,
        ],
        [
          `PNG, turned by EXIF (${orientation})`,
          () => photograph(100, 80).withMetadata({ orientation }).png(),
          0.6,
          6,
        ],
      ]),
      ['AVIF', () => photograph(200, 150).avif({ quality: 90 }), 2, 10],
      [
        'AVIF, turned by EXIF',
        () => photograph(200, 150).withMetadata({ orientation: 6 }).avif({ quality: 90 }),
        2,
        10,
      ],
      ['GIF', () => photograph(64, 48).gif(), 0.8, 8],
      ['smaller than the model', () => photograph(20, 40).png(), 0.6, 6],
    ])('%s', async (name, make, mean, largest) => {
      const bytes = await make().toBuffer();
      const expected = await decodeImage(bytes, { height: 32, width: 32, channels: 3 });
      const actual = await decode(bytes, name);
      const differences = Array.from(actual, (value, i) => Math.abs(value - expected[i]));
      expect(actual.length).toBe(expected.length);
      expect(differences.reduce((sum, each) => sum + each, 0) / differences.length).toBeLessThanOrEqual(mean);
      expect(Math.max(...differences)).toBeLessThanOrEqual(largest);
    });
  });

  it('images come as one channel of brightness for networks of grey images', async () => {
    const bytes = await noise(32, 32).png().toBuffer();
    const grey = await page.call<Uint8Array>(
      'decode',
      new Uint8Array(bytes),
      32,
      32,
      'grey',
      undefined,
      undefined,
      1,
    );
    expect(Array.from(grey)).toEqual([...(await decodeImage(bytes, { height: 32, width: 32, channels: 1 }))]);
  });

  it.each([3, 1])('an image of %i channels comes out alike, whatever a page has it as', async (channels) => {
    const bytes = new Uint8Array(await noise(50, 40).png().toBuffer());
    const { blob, ...others } = await page.call<Record<string, Uint8Array>>(
      'decodeKinds',
      bytes,
      32,
      channels,
    );
    expect(Object.keys(others)).toHaveLength(11);
    expect(blob).toHaveLength(32 * 32 * channels);
    for (const [kind, pixels] of Object.entries(others)) expect(pixels, kind).toEqual(blob);
  });

  it('a file that uses 12 of its 16 bits comes out alike by its address', async () => {
    const bytes = new Uint8Array(await twelveBits(64, 64).png().toBuffer());
    const { blob, address, url, buffer } = await page.call<Record<string, Uint8Array>>(
      'decodeKinds',
      bytes,
      32,
      3,
    );
    for (const each of [address, url, buffer]) expect(each).toEqual(blob);
  });

  it('whatever cannot be used as an image is refused with the reason', async () => {
    expect(await page.call('kindsRefused')).toEqual({
      large: expect.stringMatching(
        /camera: the image is too large: expected at most 100 pixels, received 40 × 30/,
      ),
      early: expect.stringMatching(/video: this image has no pixels/),
      named: expect.stringMatching(/camera: this image has no pixels/),
      missing: expect.stringMatching(/missing\.png: a file cannot be loaded/),
      number: expect.stringMatching(/this is not an image: expected an address.*received number/),
      nothing: expect.stringMatching(/this is not an image: .*received undefined/),
      object: expect.stringMatching(/mine: this is not an image: .*received Object/),
    });
  });

  describe('a model that wants its images cropped, padded or stretched', () => {
    const drawn = (svg: string, width: number, height: number) =>
      sharp(
        Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${svg}</svg>`,
        ),
      );
    /** Edges, which tell places and kernels apart. */
    const text = (width: number, height: number) =>
      drawn(
        `<rect width="100%" height="100%" fill="#fafafa"/><text x="4" y="${height * 0.7}" font-size="${height * 0.7}" fill="#102080">Harrier</text><circle cx="60%" cy="40%" r="${height / 4}" fill="#e04020"/>`,
        width,
        height,
      );
    const IMAGES: [string, () => Sharp, number][] = [
      ['landscape', () => text(500, 375).removeAlpha().png(), 0],
      ['portrait', () => photograph(375, 500).png(), 0],
      ['odd sizes', () => noise(333, 517).png(), 0],
      ['long and narrow', () => photograph(1203, 87).png(), 0],
      ['tiny', () => noise(5, 3).png(), 0],
      ['of one pixel', () => noise(1, 1).png(), 0],
      ['of the very size', () => noise(96, 96).png(), 0],
      ['grey', () => text(200, 150).greyscale().removeAlpha().png(), 0],
      [
        'with transparent parts',
        () => drawn('<circle cx="80" cy="60" r="50" fill="#20a04080"/>', 160, 120).png(),
        1,
      ],
      ['grey with transparent parts', () => noise(40, 30, 4).toColourspace('b-w').png(), 1],
      ['turned by EXIF', () => text(300, 200).withMetadata({ orientation: 6 }).removeAlpha().png(), 0],
      [
        'a WebP, turned by EXIF',
        () => text(200, 150).withMetadata({ orientation: 5 }).webp({ lossless: true }),
        0,
      ],
      ['a JPEG', () => text(640, 480).flatten().jpeg({ quality: 90 }), 1],
      [
        'a JPEG, turned by EXIF',
        () => text(641, 479).withMetadata({ orientation: 8 }).flatten().jpeg({ quality: 95 }),
        1,
      ],
    ];
    const LARGE: [string, () => Sharp, number][] = [
      ['large', () => text(2500, 1900).removeAlpha().png(), 0],
      ['a JPEG of 12 megapixels', () => text(4000, 3000).flatten().jpeg({ quality: 90 }), 1],
    ];
    const WAYS: Preprocessing[] = [
      { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' },
      { resize: 'crop', cropFraction: 1, interpolation: 'bilinear' },
      { resize: 'pad', cropFraction: 1, interpolation: 'lanczos3' },
      { resize: 'stretch', cropFraction: 1, interpolation: 'bicubic' },
    ];

    it.each([
      ...IMAGES.map(([name, make, most]) => [name, make, most, WAYS] as const),
      // What takes time is to decode them.
      ...LARGE.map(([name, make, most]) => [name, make, most, WAYS.slice(0, 1)] as const),
    ])('%s: Node and the browser agree within one grey level', async (name, make, most, ways) => {
      const bytes = await make().toBuffer();
      for (const preprocessing of ways) {
        const shape = { height: 96, width: 96, channels: 3, preprocessing };
        const expected = await decodeImage(bytes, shape);
        const actual = await decode(bytes, name, 96, undefined, preprocessing);
        expect(actual.length).toBe(expected.length);
        const largest = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
        expect(largest, JSON.stringify(preprocessing)).toBeLessThanOrEqual(most);
      }
    });
  });

  describe('what is no usable image', () => {
    const text = (words: string) => new TextEncoder().encode(words);
    it.each<[string, Uint8Array, RegExp]>([
      [
        'notes.jpg',
        text('This is about cats.'),
        /^notes\.jpg: not an image: expected PNG.*text beginning "This is about cats\."/,
      ],
      ['none.png', new Uint8Array(), /^none\.png: not an image.*an empty file/],
      [
        'film.mp4',
        Uint8Array.of(0, 0, 0, 24, ...text('ftypisom'), 0, 0, 2, 0),
        /not an image.*a video \(MP4/,
      ],
      ['film.webm', Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 1, 0, 0, 0, 0, 0, 0, 0), /a video \(WebM/],
      ['photo.heic', Uint8Array.of(0, 0, 0, 24, ...text('ftypheic'), 0, 0, 0, 0), /a HEIC photo/],
      ['drawing.svg', text('<svg xmlns="http://www.w3.org/2000/svg"/>'), /text beginning "<svg/],
      ['letter.pdf', text('%PDF-1.7 and more'), /a PDF document/],
    ])('%s', async (name, bytes, message) => {
      const error = await decode(bytes, name).catch((error) => error);
      expect([error.code, error.message]).toEqual(['bad-data', expect.stringMatching(message)]);
    });

    it.each(['png', 'jpeg', 'webp', 'avif', 'gif'] as const)('a %s cut off', async (format) => {
      const bytes = await noise(64, 64).toFormat(format).toBuffer();
      for (const fraction of [0.3, 0.9]) {
        const error = await decode(bytes.subarray(0, Math.floor(bytes.length * fraction)), 'cut').catch(
          (e) => e,
        );
        expect([fraction, error.code, error.message]).toEqual([
          fraction,
          'bad-data',
          expect.stringMatching(/^cut: the image is damaged or cut off/),
        ]);
      }
    });

    it('a TIFF, which browsers do not read', async () => {
      const bytes = await photograph(40, 40).tiff().toBuffer();
      await expect(decode(bytes, 'scan.tif')).rejects.toMatchObject({ code: 'not-supported' });
    });

    it('a huge one, without decoding it', async () => {
      const bytes = await noise(40, 30).png().toBuffer();
      const claimed = new DataView(bytes.buffer, bytes.byteOffset);
      claimed.setUint32(16, 60_000);
      claimed.setUint32(20, 50_000);
      await expect(decode(bytes, 'huge.png')).rejects.toThrow(
        'huge.png: the image is too large: expected at most 67 megapixels, received 60000 × 50000.',
      );
      const jpeg = await photograph(300, 200).jpeg().toBuffer();
      await expect(decode(jpeg, 'large.jpg', 32, 50_000)).rejects.toThrow('received 300 × 200');
    });
  });

  describe.each(['opfs', 'indexeddb'])('storage, %s', (kind) => {
    let own: BrowserPage;
    beforeAll(async () => {
      own = await openTestPage(MODULE);
      if (kind === 'indexeddb') await own.call('forgetPrivateFiles');
      expect(await own.call('open', 'test')).toBe(kind);
    });
    afterAll(() => own?.close());

    it('keeps bytes by name, also when the page is loaded again', async () => {
      await own.call('write', 'my model/1.onnx', 3, 7);
      await own.call('write', 'a', 2, 1);
      await own.call('write', 'a', 1, 2);
      await own.page.reload();
      await own.page.waitForFunction(() => 'harrierPage' in globalThis);
      if (kind === 'indexeddb') await own.call('forgetPrivateFiles');
      await own.call('open', 'test');
      expect(await own.call('names')).toEqual(['a', 'my model/1.onnx']);
      expect(await own.call('read', 'my model/1.onnx')).toEqual(Uint8Array.of(7, 7, 7));
      expect(await own.call('read', 'a')).toEqual(Uint8Array.of(2));
      await own.call('remove', 'a');
      await own.call('remove', 'a');
      expect([await own.call('read', 'a'), await own.call('names')]).toEqual([
        undefined,
        ['my model/1.onnx'],
      ]);
    });

    it('reads a file whole while another is put in its place', async () => {
      expect(await own.call('readWhileWritten', 'often', 200)).toEqual([]);
      await own.call('remove', 'often');
    });

    // This Chromium does not hold its database to the room that a test allows.
    it.skipIf(kind === 'indexeddb')('says when there is no room, and keeps what was there', async () => {
      const session = await own.page.context().newCDPSession(own.page);
      const origin = new URL(own.url).origin;
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 });
      for (const name of ['my model/1.onnx', 'new']) {
        const error = await own.call<HarrierError>('write', name, 50_000_000, 1).catch((error) => error);
        expect([error.code, error.message]).toEqual([
          'storage',
          expect.stringMatching(
            /: the browser has no storage left for this page: expected 50\.0 MB(, received \d\.\d MB left)?\. Remove/,
          ),
        ]);
      }
      expect(await own.call('read', 'my model/1.onnx')).toEqual(Uint8Array.of(7, 7, 7));
      expect(await own.call('names')).toEqual(['my model/1.onnx']);
      await session.send('Storage.overrideQuotaForOrigin', { origin });
    });
  });

  it('only one tab trains at a time', async () => {
    await page.call('startTraining');
    const other = await page.page.context().newPage();
    await other.goto(page.url);
    await other.waitForFunction(() => 'harrierPage' in globalThis);
    const start = () =>
      other.evaluate(() =>
        (globalThis as unknown as { harrierPage: (name: string, args: []) => Promise<unknown> }).harrierPage(
          'startTraining',
          [],
        ),
      );
    expect(await start()).toMatchObject({
      error: { code: 'in-use', summary: 'another tab of this page is training' },
    });
    await page.call('finishTraining');
    expect(await start()).toEqual({ value: undefined });
    await other.close();
    // A closed tab holds nothing.
    await expect
      .poll(() =>
        page.call('startTraining').then(
          () => 'started',
          () => 'refused',
        ),
      )
      .toBe('started');
    await page.call('finishTraining');
  });
});
