// Which addresses on the network a document may be fetched from.

import ipaddr from 'ipaddr.js';

/** All that is given out of IPv6 (RFC 4291, section 2.4, and the IANA's registry); what lies outside may lead anywhere. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Tells whether `address` (IPv4 or IPv6) is a public one: not of this machine, not of a private network, not of any special range. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // Also unwraps IPv4 addresses that are written as IPv6 ones.
  const parsed = ipaddr.process(address);
  if (parsed.range() === 'unicast') return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
  const inside = embeddedIpv4(parsed);
  return inside !== undefined && isPublicAddress(inside);
}

/** The IPv4 address that a NAT64 address (RFC 6052) leads to. */
function embeddedIpv4(address: ipaddr.IPv4 | ipaddr.IPv6): string | undefined {
  if (address.kind() !== 'ipv6' || address.range() !== 'rfc6052') return undefined;
  return (address as ipaddr.IPv6).toByteArray().slice(12).join('.');
}
