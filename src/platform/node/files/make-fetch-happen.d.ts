// npm's own fetch is published without types.
declare module 'make-fetch-happen' {
  import type { UrlAnswer } from './open-url.ts';
  export default function fetch(url: string, options: Record<string, unknown>): Promise<UrlAnswer>;
}
