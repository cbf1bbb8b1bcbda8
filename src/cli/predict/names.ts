import { isS3Prefix, S3Images } from '../../platform/node/remote/s3.ts';
import { isInShard, type Shard } from '../shard.ts';
import { namesOf } from './list.ts';
import { checkListed, type RemoteFlags } from './remote.ts';

export interface Names {
  /** The names that were typed. */
  readonly files: readonly string[];
  /** A file with further names, one a line. */
  readonly list?: string;
  readonly shard?: Shard;
}

/**
 * The images of a part: those that were typed, then those of a list, each shared among the parts by itself. An
 * `s3://` prefix stands for all images below it.
 *
 * @throws HarrierError as `namesOf`, `checkListed` and `S3Images.list` do
 */
export async function* imageNames({ files, list, shard }: Names, flags: RemoteFlags): AsyncGenerator<string> {
  yield* partOf(withListings(files), shard);
  if (list !== undefined) yield* partOf(withListings(checkedNames(list, flags)), shard);
}

/** Names, with the images below a prefix in its place. */
export async function* withListings(names: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let s3: S3Images | undefined;
  for await (const name of names) {
    if (!isS3Prefix(name)) {
      yield name;
      continue;
    }
    s3 ??= new S3Images();
    yield* s3.list(name);
  }
}

async function* checkedNames(list: string, flags: RemoteFlags): AsyncGenerator<string> {
  for await (const name of namesOf(list)) yield checkListed(name, list, flags);
}

async function* partOf(names: AsyncIterable<string>, shard: Shard | undefined): AsyncGenerator<string> {
  let index = 0;
  for await (const name of names) {
    if (!shard || isInShard(shard, index)) yield name;
    index++;
  }
}
