import { BlockList, isIP, isIPv4 } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Networks that are not the public internet (RFC 6890), loopback among them. */
const PRIVATE = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // also where clouds keep their keys
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3], // multicast and reserved
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4')
}
for (const [network, bits] of [
  ['::', 127], // unspecified and loopback
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
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
