import { BlockList, isIP, isIPv4 } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * Networks that are not the public internet, loopback among them: what the registries of special
 * addresses (RFC 6890) do not call global, and IPv6 ways to IPv4 that could lead to one of these.
 */
const PRIVATE = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // also where clouds keep their keys
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24], // documentation, as the two below
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3], // multicast and reserved
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4')
}
for (const [network, bits] of [
  ['::', 96], // unspecified, loopback, and IPv4 as it was once written
  ['64:ff9b::', 96], // NAT64, as the next
  ['64:ff9b:1::', 48],
  ['100::', 64], // discarded
  ['2001::', 23], // Teredo and others
  ['2001:db8::', 32], // documentation, as 3fff
  ['2002::', 16], // 6to4
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10], // site-local, as it was once
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6')
}

const bare = (host: string): string => host.toLowerCase().replace(/^\[(.*)\]$/, '$1')

/** Whether a host of an address is this machine, by name or number. */
export function isLoopbackHost(host: string): boolean {
  const name = bare(host)
  if (isIP(name) === 0) return name === 'localhost'
  return LOOPBACK.check(name, isIPv4(name) ? 'ipv4' : 'ipv6')
}

/** Whether an IP address is not of the public internet; false for a name. */
export function isPrivateAddress(host: string): boolean {
  const name = bare(host)
  if (isIP(name) === 0) return false
  return PRIVATE.check(name, isIPv4(name) ? 'ipv4' : 'ipv6') // IPv4 within IPv6 is looked into
}
