import type { Interpolation, Preprocessing, Resize } from '../../data/preprocessing.ts';
import { type JsonObject, jsonObject } from '../../json-text.ts';
import { isObject } from '../../options/values.ts';
import type { ChannelOrder } from './options.ts';

/** Texts of the files that lie beside a model, by name. */
export interface Companions {
  /** Of Hugging Face's Transformers: how images are prepared. */
  readonly 'preprocessor_config.json'?: string;
  /** Of timm (`pretrained_cfg`) or of Transformers (`id2label`). */
  readonly 'config.json'?: string;
}

/** Names of the files beside a model that say how it wants its images. */
export const COMPANIONS = [
  'preprocessor_config.json',
  'config.json',
] as const satisfies readonly (keyof Companions)[];

/** What is known of how a model wants its images. */
export interface ImageFacts {
  /** On a scale from 0 to 1. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Height and width. */
  readonly imageSize?: readonly [number, number];
  readonly channelOrder?: ChannelOrder;
  readonly preprocessing?: Preprocessing;
  /** In the order of its scores. */
  readonly classNames?: readonly string[];
}

/** What the files beside a model say; nothing of what they leave out, or say in a way that is not known. */
export function imageFacts(companions: Companions): ImageFacts {
  const processor = jsonObject(companions['preprocessor_config.json'] ?? '');
  const config = jsonObject(companions['config.json'] ?? '');
  const timm = config && timmFacts(config);
  return { ...timm, ...labelsOf(config), ...(processor && processorFacts(processor)) };
}

/** timm's `pretrained_cfg`: https://huggingface.co/docs/timm. */
function timmFacts(config: JsonObject): ImageFacts {
  const own = isObject(config.pretrained_cfg) ? config.pretrained_cfg : config;
  const [channels, height, width] = numbers(own.input_size) ?? [];
  if (channels === undefined || height === undefined || width === undefined) return {};
  return {
    ...withColours(own.mean, own.std),
    imageSize: [height, width],
    preprocessing: {
      resize: TIMM_CROPS[`${own.crop_mode}`] ?? 'crop',
      cropFraction: own.crop_mode === 'squash' ? 1 : (fraction(own.crop_pct) ?? 0.875),
      interpolation: INTERPOLATIONS[`${own.interpolation}`] ?? 'bicubic',
    },
    ...(Array.isArray(own.label_names) && { classNames: own.label_names.map(String) }),
  };
}

const TIMM_CROPS: Readonly<Record<string, Resize>> = { center: 'crop', squash: 'stretch', border: 'pad' };

const INTERPOLATIONS: Readonly<Record<string, Interpolation>> = {
  bilinear: 'bilinear',
  bicubic: 'bicubic',
  lanczos: 'lanczos3',
  // PIL's numbers, as Transformers has them.
  1: 'lanczos3',
  2: 'bilinear',
  3: 'bicubic',
};

/** Transformers' image processors: size, crop, rescaling, mean and deviation. */
function processorFacts(own: JsonObject): ImageFacts {
  const scale = own.do_rescale === false ? 1 : (number(own.rescale_factor) ?? 1 / 255);
  // Means and deviations are of what rescaling leaves: here, of pixels from 0 to 1.
  const kind = `${own.image_processor_type ?? own.feature_extractor_type}`;
  const isPlain =
    own.do_normalize === false ||
    // It normalizes nothing, and its files say nothing of it.
    (kind.startsWith('MobileViT') && own.do_normalize === undefined && own.image_mean === undefined);
  const offset = own.rescale_offset === true ? 1 : 0;
  // EfficientNet's divides once more for models with a top, as its training did.
  const power = kind.startsWith('EfficientNet') && own.include_top !== false ? 2 : 1;
  const [mean, std] = isPlain
    ? [[offset], [1]]
    : [
        numbers(own.image_mean)?.map((value) => value + offset),
        numbers(own.image_std)?.map((value) => value ** power),
      ];
  const onUnits = (values: number[] | undefined) => values?.map((value) => value / (255 * scale));
  const resized = own.do_resize === false ? undefined : sizeOf(own.size);
  const cropped = own.do_center_crop === true ? sizeOf(own.crop_size) : undefined;
  const size = cropped ?? resized;
  return {
    ...withColours(onUnits(mean), onUnits(std)),
    ...(size && { imageSize: [size.height, size.width] as const }),
    ...((own.do_flip_channel_order ?? own.do_flip_channels) === true && { channelOrder: 'bgr' as const }),
    ...(size && {
      preprocessing: {
        ...resizeOf(own, resized, cropped),
        interpolation: INTERPOLATIONS[`${own.resample}`] ?? 'bilinear',
      },
    }),
  };
}

function resizeOf(
  own: JsonObject,
  resized: Size | undefined,
  cropped: Size | undefined,
): Pick<Preprocessing, 'resize' | 'cropFraction'> {
  if (cropped && resized?.isShortestEdge) {
    return { resize: 'crop', cropFraction: Math.min(1, cropped.height / resized.height) };
  }
  // ConvNeXT's processor: below 384 pixels the shorter side is scaled to size / crop_pct and the middle cut out.
  const part = fraction(own.crop_pct);
  if (part !== undefined && resized && resized.height < 384) return { resize: 'crop', cropFraction: part };
  if (cropped && resized) {
    return { resize: 'crop', cropFraction: Math.min(1, cropped.height / resized.height) };
  }
  return { resize: 'stretch', cropFraction: 1 };
}

interface Size {
  readonly height: number;
  readonly width: number;
  readonly isShortestEdge: boolean;
}

function sizeOf(given: unknown): Size | undefined {
  const one = number(given) ?? (isObject(given) ? number(given.shortest_edge) : undefined);
  if (one !== undefined) return { height: one, width: one, isShortestEdge: true };
  if (!isObject(given)) return undefined;
  const [height, width] = [number(given.height), number(given.width)];
  return height === undefined || width === undefined ? undefined : { height, width, isShortestEdge: false };
}

/** Transformers' `id2label`, unless its names are only numbered. */
function labelsOf(config: JsonObject | undefined): Pick<ImageFacts, 'classNames'> {
  if (!isObject(config?.id2label)) return {};
  const names = Object.entries(config.id2label)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, name]) => String(name));
  return names.every((name) => /^LABEL_\d+$/.test(name)) ? {} : { classNames: names };
}

function withColours(mean: unknown, std: unknown): Pick<ImageFacts, 'mean' | 'std'> {
  const [means, deviations] = [numbers(mean), numbers(std)];
  const fits = (values: readonly number[] | undefined) => values?.length === 1 || values?.length === 3;
  return fits(means) && fits(deviations) && deviations!.every((each) => each > 0)
    ? { mean: means, std: deviations }
    : {};
}

function numbers(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.every((each) => number(each) !== undefined) ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function fraction(value: unknown): number | undefined {
  const given = number(value);
  return given !== undefined && given > 0 && given <= 1 ? given : undefined;
}
