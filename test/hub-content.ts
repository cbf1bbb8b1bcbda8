/** A file of a repository; large ones lie at the storage host and are known by their SHA-256. */
export interface HubContent {
  readonly content: Uint8Array;
  readonly large?: boolean;
}

export interface HubRepositoryContent {
  readonly commit: string;
  readonly files: Readonly<Record<string, HubContent>>;
  readonly license?: string;
  readonly gated?: boolean;
  /** Who asks without this token is told that there is no such repository. */
  readonly token?: string;
}
