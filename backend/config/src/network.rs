//! Whom a setting trusts by address: one, or a whole network, for where addresses are given out anew
//! each time that something starts, as in a cluster of containers.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, net::IpAddr, str::FromStr};

/// An address, or all that begin with the same bits: `10.1.2.3`, `10.244.0.0/16`, `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// How many bits are the same; all of them for one address.
    bits: u32,
}

impl Network {
    /// Is this one of its addresses? An IPv4 address is the same however it is written.
    pub fn contains(&self, address: &IpAddr) -> bool {
        let address = address.to_canonical();
        length(address) == length(self.first)
            && is_zero(number(self.first) ^ number(address), length(self.first), self.bits)
    }

    /// Is it every address of its kind, `0.0.0.0/0` or `::/0`?
    pub fn is_everywhere(&self) -> bool {
        self.bits == 0
    }
}

/// How many bits an address has.
fn length(address: IpAddr) -> u32 {
    if address.is_ipv4() { u32::BITS } else { u128::BITS }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Are the first bits of so many all 0?
fn is_zero(number: u128, length: u32, bits: u32) -> bool {
    // None of the bits to shift away: then nothing is left of any number.
    number.checked_shr(length.saturating_sub(bits)).unwrap_or(0) == 0
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self { first, bits: length(first) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        if self.bits < length(self.first) { write!(f, "/{}", self.bits) } else { Ok(()) }
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let Some((first, bits)) = text.split_once('/') else {
                return text.parse::<IpAddr>().ok().map(Self::from);
            };
            // An IPv4 network has to be written as one.
            let first =
                first.parse().ok().filter(|first: &IpAddr| first.to_canonical() == *first)?;
            let bits: u32 = bits.parse().ok().filter(|bits| *bits <= length(first))?;
            let rest = length(first).saturating_sub(bits);
            let below = 1_u128.checked_shl(rest).map_or(u128::MAX, |end| end.saturating_sub(1));
            // `10.1.2.3/8` could be meant as either.
            (number(first) & below == 0).then_some(Self { first, bits })
        };
        read().ok_or(
            "expected an IP address, or a network by its first address, such as 10.244.0.0/16",
        )
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(&address.parse().unwrap())
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, inside, outside) in [
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.3", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("10.244.0.0/16", "10.244.255.255", "10.245.0.0"),
            ("10.244.0.0/16", "::ffff:10.244.7.7", "fd00::1"),
            ("192.168.4.0/22", "192.168.7.1", "192.168.8.1"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.2"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("0.0.0.0/0", "255.1.2.3", "fd00::1"),
            ("::/0", "fd00::1", "1.2.3.4"),
        ] {
            assert!(has(network, inside), "{inside} in {network}");
            assert!(!has(network, outside), "{outside} in {network}");
        }
    }

    #[test]
    fn two_networks_are_everywhere() {
        for (network, is_everywhere) in
            [("0.0.0.0/0", true), ("::/0", true), ("0.0.0.0/1", false), ("::", false)]
        {
            assert_eq!(network.parse::<Network>().unwrap().is_everywhere(), is_everywhere);
        }
    }

    #[test]
    fn what_is_shown_can_be_read() {
        for text in ["10.1.2.3", "10.244.0.0/16", "fd00::/8", "::1", "0.0.0.0/0"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        for wrong in [
            "10.1.2.3/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "/8",
            "::/129",
            "::ffff:10.0.0.0/104",
            "a",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
