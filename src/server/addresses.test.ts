import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { addressesElsewhere, addressHere, isLoopback } from './addresses.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['fd00::2', 'http://[fd00::2]:80'],
  ['box.example', 'http://box.example:80'],
])('opens %s at %s', (host, url) => {
  expect(addressHere(host, 80)).toBe(url);
});

describe('for other machines', () => {
  const network = (address: string, internal = false): NetworkInterfaceInfo[] => [
    { address, internal, family: 'IPv4', netmask: '', mac: '', cidr: null },
  ];
  const networks = {
    lo: network('127.0.0.1', true),
    eth0: [
      ...network('192.168.1.20'),
      { address: 'fe80::1', internal: false, family: 'IPv6', netmask: '', mac: '', cidr: null, scopeid: 2 },
    ] satisfies NetworkInterfaceInfo[],
    'br-lan': network('10.0.0.1'),
    'vEthernet (LAN)': network('10.1.0.1'),
    wlan0: network('169.254.3.4'),
    docker0: network('172.17.0.1'),
    docker_gwbridge: network('172.18.0.1'),
    'cni-podman0': network('10.88.0.1'),
    'vEthernet (DockerNAT)': network('10.0.75.1'),
    'br-0123456789ab': network('172.18.0.1'),
    'vEthernet (WSL (Hyper-V firewall))': network('172.19.0.1'),
  };
  const elsewhere = (host: string, inContainer = false) =>
    addressesElsewhere('http://127.0.0.1:3000/?token=a', host, { networks, inContainer });

  it('names the networks of this one, where all are listened on', () => {
    const own = ['192.168.1.20', '10.0.0.1', '10.1.0.1'].map((each) => `http://${each}:3000/?token=a`);
    expect(elsewhere('0.0.0.0')).toEqual(own);
    expect(elsewhere('::')).toEqual(own);
  });

  it('names none where one address is listened on, or in a container', () => {
    expect(elsewhere('127.0.0.1')).toEqual([]);
    expect(elsewhere('0.0.0.0', true)).toEqual([]);
  });
});

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['127.0.0.1.example', false],
])('%s is of this machine alone: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
