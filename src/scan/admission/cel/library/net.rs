//! Addresses and ranges of them.
//!
//! Invariant: as Kubernetes reads them: no zone, no IPv4 address inside an IPv6 one, no leading zeros.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::value::Val;
use super::super::{Outcome, error};

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    Some(match (name, values) {
        ("ip", [Val::String(text)]) => {
            address(text).map_or_else(|| error(format!("{text:?} is no address")), |ip| Ok(Val::Ip(ip)))
        }
        ("ip", [Val::Cidr(ip, _)]) => Ok(Val::Ip(*ip)),
        ("isIP", [Val::String(text)]) => Ok(Val::Bool(address(text).is_some())),
        ("ip.isCanonical", [Val::String(text)]) => match address(text) {
            Some(ip) => Ok(Val::Bool(ip.to_string() == **text)),
            None => error(format!("{text:?} is no address")),
        },
        ("cidr", [Val::String(text)]) => match range(text) {
            Some((ip, length)) => Ok(Val::Cidr(ip, length)),
            None => error(format!("{text:?} is no range of addresses")),
        },
        ("isCIDR", [Val::String(text)]) => Ok(Val::Bool(range(text).is_some())),
        ("family", [Val::Ip(ip)]) => Ok(Val::Int(if ip.is_ipv4() { 4 } else { 6 })),
        ("isUnspecified", [Val::Ip(ip)]) => Ok(Val::Bool(ip.is_unspecified())),
        ("isLoopback", [Val::Ip(ip)]) => Ok(Val::Bool(ip.is_loopback())),
        ("isLinkLocalUnicast", [Val::Ip(ip)]) => Ok(Val::Bool(is_link_local(*ip))),
        ("isLinkLocalMulticast", [Val::Ip(ip)]) => Ok(Val::Bool(match ip {
            IpAddr::V4(ip) => ip.octets().starts_with(&[224, 0, 0]),
            IpAddr::V6(ip) => ip.segments().first().is_some_and(|first| first & 0xff0f == 0xff02),
        })),
        ("isGlobalUnicast", [Val::Ip(ip)]) => {
            let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
            let is_other = ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_link_local(*ip);
            Ok(Val::Bool(!is_broadcast && !is_other))
        }
        ("prefixLength", [Val::Cidr(_, length)]) => Ok(Val::Int(i64::from(*length))),
        ("masked", [Val::Cidr(ip, length)]) => Ok(Val::Cidr(masked(*ip, *length), *length)),
        ("containsIP", [Val::Cidr(ip, length), Val::Ip(other)]) => Ok(Val::Bool(holds(*ip, *length, *other))),
        ("containsIP", [Val::Cidr(ip, length), Val::String(text)]) => match address(text) {
            Some(other) => Ok(Val::Bool(holds(*ip, *length, other))),
            None => error(format!("{text:?} is no address")),
        },
        ("containsCIDR", [Val::Cidr(ip, length), other]) => {
            let other = match other {
                Val::Cidr(ip, length) => Some((*ip, *length)),
                Val::String(text) => range(text),
                _ => return None,
            };
            match other {
                Some((first, inner)) => Ok(Val::Bool(inner >= *length && holds(*ip, *length, first))),
                None => error("no range of addresses"),
            }
        }
        _ => return None,
    })
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let ip: IpAddr = text.parse().ok()?;
    let is_mapped = matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some());
    (!is_mapped).then_some(ip)
}

fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, length) = text.split_once('/')?;
    let ip = address(ip)?;
    let is_plain = length == "0" || !length.starts_with('0');
    let length = length.parse().ok().filter(|_| is_plain && length.bytes().all(|byte| byte.is_ascii_digit()))?;
    (length <= if ip.is_ipv4() { 32 } else { 128 }).then_some((ip, length))
}

fn masked(ip: IpAddr, length: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(ip) & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(ip) & mask))
        }
    }
}

fn holds(first: IpAddr, length: u8, other: IpAddr) -> bool {
    first.is_ipv4() == other.is_ipv4() && masked(first, length) == masked(other, length)
}
