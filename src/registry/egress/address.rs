//! Ranges of addresses.
//!
//! Invariant: what is not known to be an ordinary public address is not one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// A text that is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network: expected an address with the length of its prefix, such as 10.1.0.0/16, without bits after it")]
pub struct NetworkError;

/// Not public, or not ordinary.
///
/// # Source
/// IANA's registry of special-purpose IPv4 addresses; `168.63.129.16` is Azure's address for its machines.
const SPECIAL_V4: [(Ipv4Addr, u8); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only range of IPv6 whose addresses are public, and what in it is special: protocols and Teredo, documentation,
/// 6to4, documentation again. Mapped, compatible and translated IPv4 addresses, private and local ones lie outside.
///
/// # Source
/// IANA's registry of special-purpose IPv6 addresses.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether `ip` is an ordinary address of the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !SPECIAL_V4.into_iter().any(|range| v4_within(ip, range)),
        IpAddr::V6(ip) => v6_within(ip, GLOBAL_V6) && !SPECIAL_V6.into_iter().any(|range| v6_within(ip, range)),
    }
}

impl Network {
    /// Whether `ip` lies in this network. An IPv4 address in the clothes of IPv6 lies in no IPv4 network.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => v4_within(ip, (base, self.bits)),
            (IpAddr::V6(base), IpAddr::V6(ip)) => v6_within(ip, (base, self.bits)),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u8>().map_err(|_| NetworkError)?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| NetworkError)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        let network = Self { base: masked(base, bits), bits };
        // Every address is no network of one's own.
        if bits == 0 || bits > most || network.base != base { Err(NetworkError) } else { Ok(network) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.base, self.bits)
    }
}

fn masked(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & v4_mask(bits)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & v6_mask(bits)).into(),
    }
}

fn v4_mask(bits: u8) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(bits.into())).unwrap_or(0)
}

fn v6_mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(bits.into())).unwrap_or(0)
}

fn v4_within(ip: Ipv4Addr, (base, bits): (Ipv4Addr, u8)) -> bool {
    (ip.to_bits() ^ base.to_bits()) & v4_mask(bits) == 0
}

fn v6_within(ip: Ipv6Addr, (base, bits): (Ipv6Addr, u8)) -> bool {
    (ip.to_bits() ^ base.to_bits()) & v6_mask(bits) == 0
}

#[cfg(test)]
mod tests;
