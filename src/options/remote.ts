import type { Option } from './option.ts';

/** Images on the network, for commands that take lists of images. */
export const REMOTE = {
  allowRemote: {
    type: { kind: 'boolean' },
    help: 'fetch addresses (http, https, s3) that a list names; addresses that you type are always fetched',
    flag: { of: [], insteadOf: { '--remote': '--allow-remote', '--allow-http': '--allow-remote' } },
  },
  allowPrivate: {
    type: { kind: 'texts' },
    help: 'a host on a private network that listed addresses and redirects may lead to: a name, an IP address, or a network such as 10.1.0.0/16; can be given more than once',
    flag: { of: [], value: '<host>' },
  },
} as const satisfies Readonly<Record<string, Option>>;
