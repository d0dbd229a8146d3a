import { BlockList, isIP } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The IP of a multiaddr, or `null` when it begins with something else (a name). */
export function ipOf(address: Multiaddr): string | null {
  const first = address.getComponents()[0]
  return first && (first.name === 'ip4' || first.name === 'ip6') ? normalizeIp(first.value ?? '') : null
}

/** One spelling per address: IPv4 inside IPv6 as IPv4, IPv6 as short as it goes. `null`: no address. */
export function normalizeIp(text: string): string | null {
  if (isIP(text) === 4) return text
  if (isIP(text) !== 6) return null
  const short = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short)
  if (!mapped) return short
  const [high, low] = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** A subnet by its base address and prefix length. */
export type Subnet = { readonly ip: string; readonly prefix: number }

/** Reads `10.0.0.0/8`; `null` when it is none. */
export function tryParseSubnet(text: string): Subnet | null {
  const [address = '', length = '', ...more] = text.split('/')
  const ip = normalizeIp(address.trim())
  const prefix = Number(length)
  if (ip === null || more.length > 0 || !/^\d+$/.test(length) || prefix > (isIP(ip) === 4 ? 32 : 128)) return null
  return { ip, prefix }
}

/** Whether an address lies in one of the subnets. */
export function inSubnets(subnets: readonly Subnet[], ip: string): boolean {
  if (subnets.length === 0) return false
  const list = new BlockList()
  for (const subnet of subnets) list.addSubnet(subnet.ip, subnet.prefix, isIP(subnet.ip) === 4 ? 'ipv4' : 'ipv6')
  return list.check(ip, isIP(ip) === 4 ? 'ipv4' : 'ipv6')
}
