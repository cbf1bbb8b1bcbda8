import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AllowedHosts, isPublicAddress } from './public-address.ts';
import { RemoteImages, type RemoteImagesOptions } from './remote-images.ts';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A server on this machine, and its address by the name "localhost". */
async function serve(handle: (request: IncomingMessage, answer: ServerResponse) => void): Promise<string> {
  server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

const images = (options: RemoteImagesOptions = {}) =>
  new RemoteImages({ allowPrivate: ['localhost'], backoffMs: 1, ...options });
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

describe('which addresses are public', () => {
  it.each([
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '100.100.100.200',
      '127.0.0.1',
      '127.255.0.1',
      '169.254.169.254',
    ],
    ...[
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '240.0.0.1',
    ],
    ...['168.63.129.16', '::', '::1', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '64:ff9b::7f00:1', 'fe80::1'],
    ...[
      'fc00::1',
      'fd00:ec2::254',
      'ff02::1',
      '2002:7f00:1::',
      '2001:0:7f00:1::',
      '2001:db8::1',
      'no address',
    ],
  ])('%s is not', (ip) => {
    expect(isPublicAddress(ip)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s is',
    (ip) => expect(isPublicAddress(ip)).toBe(true),
  );

  it('others are allowed by name, by address and by network', () => {
    const hosts = new AllowedHosts(['Files.Example', '10.1.0.0/16', '::1', '192.168.1.7']);
    expect(hosts.allows('files.example.', '10.9.9.9')).toBe(true);
    expect(hosts.allows('example', '10.9.9.9')).toBe(false);
    const allowed = (...ips: string[]) => ips.map((ip) => hosts.allows(ip, ip));
    expect(allowed('10.1.9.9', '::1', '192.168.1.7')).toEqual([true, true, true]);
    expect(allowed('10.2.0.1', '192.168.1.8', '::2')).toEqual([false, false, false]);
  });

  it('what the user typed may lie anywhere but where clouds keep credentials', () => {
    const hosts = new AllowedHosts([], ['nas.local', '127.0.0.1', '169.254.169.254', 'metadata.internal']);
    expect(hosts.allows('nas.local', '192.168.1.2')).toBe(true);
    expect(hosts.allows('127.0.0.1', '127.0.0.1')).toBe(true);
    expect(hosts.allows('169.254.169.254', '169.254.169.254')).toBe(false);
    expect(hosts.allows('metadata.internal', '169.254.169.254')).toBe(false);
    expect(hosts.allows('metadata.internal', 'fd00:ec2::254')).toBe(false);
  });

  it('where clouds keep credentials, no option leads: neither a name nor a network', () => {
    const all = new AllowedHosts(['metadata.internal', '0.0.0.0/0', '::/0', '169.254.0.0/16']);
    expect(all.allows('10.0.0.1', '10.0.0.1')).toBe(true);
    for (const ip of [
      ...['169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200', '::ffff:169.254.169.254'],
      ...[
        'fe80::1',
        'fd00:ec2::254',
        'fd00:ec2::23',
        'fd20:ce::254',
        '64:ff9b::a9fe:a9fe',
        '2002:a9fe:a9fe::1',
      ],
    ]) {
      expect(all.allows(ip, ip), ip).toBe(false);
      expect(all.allows('metadata.internal', ip), ip).toBe(false);
    }
    for (const ip of ['169.254.169.254', '[fe80::1]', '0xa9fea9fe']) {
      expect(() => new AllowedHosts([ip]), ip).toThrow(/metadata services of clouds are never fetched/);
    }
  });

  it.each(['10.0.0.0/33', 'a/b', 'http://x', '', 'x y', 'a@b', '10.0.0.0/8/8'])('"%s" is no host', (host) => {
    expect(() => new AllowedHosts([host])).toThrow(/--allow-private: this is no host: expected a name/);
  });
});

describe('private networks', () => {
  it('are refused by name, by each way to write an address, and behind a redirect; nothing is asked', async () => {
    let asked = 0;
    const address = await serve((request, answer) => {
      asked++;
      answer.writeHead(302, { location: request.url!.slice(1) }).end();
    });
    const { port } = new URL(address);
    const stranger = images({ allowPrivate: [] });
    for (const host of [
      'localhost',
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ]) {
      const error = await failureOf(stranger.fetch(`http://${host}:${port}/a.png`));
      expect(error, host).toMatchObject({ code: 'refused' });
      expect(error.message).toContain('on a private network. If it is yours, add --allow-private');
    }
    expect(asked).toBe(0);
    // A host that is allowed leads to one that is not.
    for (const to of [`http://127.0.0.1:${port}/a.png`, 'http://169.254.169.254/latest/meta-data/']) {
      expect(await failureOf(images().fetch(`${address}/${to}`))).toMatchObject({ code: 'refused' });
    }
    const credentials = await failureOf(images().fetch('http://169.254.169.254/latest/meta-data/'));
    expect(credentials.message).toMatch(/keep credentials .*, and is never fetched/);
    expect(credentials.message).not.toContain('--allow-private');
    const file = await failureOf(images().fetch(`${address}/file:///etc/passwd`));
    expect(file.message).toContain('redirects to another kind of address: received file:///etc/passwd');
    expect(asked).toBe(3);
    const secret = await failureOf(images().fetch('http://user:secret@localhost/a.png'));
    expect(secret.summary).toBe('addresses with a user or password are not fetched');
  });
});

describe('limits', () => {
  it('follows five redirects, and no sixth', async () => {
    const address = await serve((request, answer) => {
      const left = Number(request.url!.slice(1));
      if (left === 0) answer.end('image');
      else answer.writeHead(307, { location: `/${left - 1}` }).end();
    });
    expect(Buffer.from(await images().fetch(`${address}/5`)).toString()).toBe('image');
    expect((await failureOf(images().fetch(`${address}/6`))).message).toContain('at most 5 redirects');
  });

  it('stops at the largest size, announced or not, and at the longest time', async () => {
    const address = await serve((request, answer) => {
      if (request.url === '/announced') answer.writeHead(200, { 'content-length': 2 ** 30 }).flushHeaders();
      // Never ends by itself.
      if (request.url === '/endless') {
        const more = () => {
          while (answer.write(Buffer.alloc(65_536)));
        };
        answer.on('drain', more);
        more();
      }
      if (request.url === '/slow') answer.write('a');
    });
    for (const path of ['announced', 'endless']) {
      const error = await failureOf(images({ maxBytes: 2 ** 20 }).fetch(`${address}/${path}`));
      expect(error).toMatchObject({ code: 'too-large', details: { expected: 'at most 1 MiB' } });
    }
    const error = await failureOf(images({ timeoutMs: 50 }).fetch(`${address}/slow`));
    expect(error).toMatchObject({ code: 'network' });
    expect(error.summary).toBe('it cannot be fetched (no answer within 0.05 seconds)');
  });

  it('asks for 16 at a time', async () => {
    let most = 0;
    const open: ServerResponse[] = [];
    const address = await serve((_, answer) => {
      open.push(answer);
      most = Math.max(most, open.length);
      // Held until as many are here as may be.
      if (open.length === 16) for (const each of open.splice(0)) each.end('image');
    });
    const client = images();
    await Promise.all(Array.from({ length: 48 }, (_, i) => client.fetch(`${address}/${i}`)));
    expect(most).toBe(16);
    await client.close();
  });
});

describe('another attempt', () => {
  it('mends temporary errors and broken connections, and nothing else', async () => {
    const asked: Record<string, number> = {};
    const address = await serve(({ url = '' }, answer) => {
      asked[url] = (asked[url] ?? 0) + 1;
      if (url === '/gone') answer.writeHead(404).end();
      else if (url === '/down') answer.writeHead(503).end();
      else if (asked[url] === 3) answer.end('image');
      else if (url === '/busy') answer.writeHead(429, { 'retry-after': '0' }).end();
      else if (url === '/reset') answer.destroy();
      else {
        // Half an image.
        answer.writeHead(200, { 'content-length': 5 });
        answer.write('ima', () => answer.destroy());
      }
    });
    for (const path of ['/busy', '/reset', '/half']) {
      expect(Buffer.from(await images().fetch(`${address}${path}`)).toString(), path).toBe('image');
    }
    const [down, gone] = [
      await failureOf(images().fetch(`${address}/down`)),
      await failureOf(images().fetch(`${address}/gone`)),
    ];
    expect([down.code, gone.code]).toEqual(['network', 'not-found']);
    expect(asked).toEqual({ '/busy': 3, '/reset': 3, '/half': 3, '/down': 3, '/gone': 1 });
  });

  it('is none once the work is stopped', async () => {
    const stopped = new AbortController();
    const address = await serve(() => stopped.abort(new Error('stopped')));
    expect((await failureOf(images().fetch(`${address}/a`, stopped.signal))).message).toBe('stopped');
  });
});
