//! Settings as text: what a variable holds, and what the reference shows as default.

use super::network::Network;
use hongbao_shared::{Fen, Site};
use serde::{Deserialize, Deserializer, de};
use std::{
    fmt,
    net::{Ipv6Addr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
};

/// A setting that can be read from the text of a variable.
pub(super) trait Value {
    /// Takes the value that `text` stands for, or says what would be right.
    fn set(&mut self, text: &str) -> Result<(), &'static str>;
    /// The value as text; what [`Value::set`] takes.
    fn show(&self) -> String;
}

macro_rules! from_text {
    ($($type:ty: $expected:literal;)+) => {
        $(
            impl Value for $type {
                fn set(&mut self, text: &str) -> Result<(), &'static str> {
                    *self = text.trim().parse().map_err(|_| $expected)?;
                    Ok(())
                }
                fn show(&self) -> String {
                    self.to_string()
                }
            }
        )+
    };
}

from_text! {
    bool: "true or false";
    // Only decimals are so small.
    u8: "0, 1 or 2";
    u16: "a whole number from 0 to 65535";
    u32: "a whole number from 0 to 4294967295";
    u64: "a whole number, not negative";
    Listen: "an address or name and port such as 127.0.0.1:8080";
    HomeSite: "one of the sites S and N";
    Weights: "`home`, or percentages that add up to 100 such as S=60,N=40";
    CreditMode: "one of split, queue and deferred";
    LogFormat: "text or json";
}

impl Value for String {
    fn set(&mut self, text: &str) -> Result<(), &'static str> {
        text.clone_into(self);
        Ok(())
    }
    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    fn set(&mut self, text: &str) -> Result<(), &'static str> {
        *self = Self::from(text);
        Ok(())
    }
    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for Fen {
    fn set(&mut self, text: &str) -> Result<(), &'static str> {
        let fen = text.trim().parse().ok().and_then(Self::new);
        *self = fen.ok_or("a whole number of fen from 0 to 2^53 - 1")?;
        Ok(())
    }
    fn show(&self) -> String {
        self.get().to_string()
    }
}

macro_rules! from_list {
    ($($type:ty: $expected:literal;)+) => {
        $(
            impl Value for Vec<$type> {
                fn set(&mut self, text: &str) -> Result<(), &'static str> {
                    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                    let values: Result<_, _> = parts.map(str::parse).collect();
                    *self = values.map_err(|_| concat!($expected, " separated by commas"))?;
                    Ok(())
                }
                fn show(&self) -> String {
                    self.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
                }
            }
        )+
    };
}

from_list! {
    Network: "IP addresses, or networks such as 10.244.0.0/16,";
    Origin: "origins such as https://forum.example.com,";
    PushService: "origins such as https://push.example.com or https://*.example.com,";
}

/// A choice among named values, the same in a variable and in the file.
macro_rules! choice {
    (
        $(#[$about:meta])* $name:ident, default $default:ident {
            $( $(#[$doc:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$doc])* $variant, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $( Self::$variant => $text, )+ })
            }
        }

        impl std::str::FromStr for $name {
            type Err = &'static str;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $text => Ok(Self::$variant), )+
                    _ => Err(concat!("expected one of:", $( " ", $text ),+)),
                }
            }
        }

        deserialize_by_text!($name);
    };
}

macro_rules! deserialize_by_text {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

/// Where a page comes from, as browsers write it: `scheme://host`, with the port where it is not
/// the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// As in the header `Origin`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (scheme, authority) = text.split_once("://")?;
            let default = match scheme {
                "http" => 80,
                "https" => 443,
                _ => return None,
            };
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
                _ => (authority, None),
            };
            let is_name = |c: char| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_')
            };
            let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let is_host = match address {
                Some(address) => {
                    address.parse().is_ok_and(|ip: Ipv6Addr| ip.to_string() == address)
                }
                None => !host.is_empty() && host.chars().all(is_name),
            };
            let is_port =
                |port: &str| port.parse().is_ok_and(|n: u16| n != default && n.to_string() == port);
            (is_host && port.is_none_or(is_port)).then(|| Self(text.to_owned()))
        };
        read().ok_or(
            "expected an origin as browsers write it, such as https://forum.example.com: in lower \
             case, no path, no port that is the scheme's own",
        )
    }
}

deserialize_by_text!(Origin);

/// Where push services take what is for browsers: an origin, or all below a name, as
/// `https://*.push.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushService(String);

impl PushService {
    /// Is this an address of it?
    pub fn serves(&self, endpoint: &str) -> bool {
        let origin = endpoint.split('/').take(3).collect::<Vec<_>>().join("/");
        match self.0.split_once("://*") {
            Some((scheme, below)) => origin
                .strip_prefix(scheme)
                .and_then(|rest| rest.strip_prefix("://"))
                .is_some_and(|host| host.len() > below.len() && host.ends_with(below)),
            None => origin == self.0,
        }
    }
}

impl fmt::Display for PushService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for PushService {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let one: Result<Origin, _> = text.replacen("://*.", "://", 1).parse();
        one.map(|_| Self(text.to_owned())).map_err(|_| {
            "expected an origin, such as https://push.example.com, or all below a name, such as \
             https://*.push.example.com"
        })
    }
}

deserialize_by_text!(PushService);

/// Those of the browsers that most people have.
pub(super) fn push_services() -> Vec<PushService> {
    [
        "https://fcm.googleapis.com",
        "https://updates.push.services.mozilla.com",
        "https://*.push.apple.com",
        "https://*.notify.windows.com",
    ]
    .map(|origin| PushService(origin.to_owned()))
    .into()
}

choice! {
    /// How claims are credited (R-MONEY-2).
    CreditMode, default Split {
        /// Large shares at once, small ones through the queue.
        Split = "split",
        /// All through the queue.
        Queue = "queue",
        /// Nothing now; in batches from the claims later.
        Deferred = "deferred",
    }
}

choice! {
    /// How log lines are written.
    LogFormat, default Text {
        /// For people.
        Text = "text",
        /// One JSON object per line, for machines.
        Json = "json",
    }
}

/// Where to listen: an address and port, or a name that stands for one on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Listen {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
        found.map(Self).ok_or("expected an address or name and port such as 127.0.0.1:8080")
    }
}

deserialize_by_text!(Listen);

/// The site that this node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HomeSite(pub Site);

impl fmt::Display for HomeSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for HomeSite {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut letters = text.chars();
        let site = letters.next().filter(|_| letters.as_str().is_empty());
        site.and_then(Site::from_letter).map(Self).ok_or("expected one of: S N")
    }
}

deserialize_by_text!(HomeSite);

/// Which share of new packets each site takes (R-SITE-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Every packet lives at the site that received the request.
    Home,
    /// Percent for each site; they add up to 100.
    Percent {
        /// Site S.
        s: u8,
        /// Site N.
        n: u8,
    },
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home => f.write_str("home"),
            Self::Percent { s, n } => write!(f, "S={s},N={n}"),
        }
    }
}

impl std::str::FromStr for Weights {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected `home` or percentages that add up to 100 such as S=60,N=40";
        if text == "home" {
            return Ok(Self::Home);
        }
        let (s, n) = text.split_once(',').ok_or(wrong)?;
        let percent = |part: &str, name| -> Option<u8> {
            part.trim().strip_prefix(name)?.parse().ok().filter(|percent| *percent <= 100)
        };
        match (percent(s, "S="), percent(n, "N=")) {
            (Some(s), Some(n)) if s.checked_add(n) == Some(100) => Ok(Self::Percent { s, n }),
            _ => Err(wrong),
        }
    }
}

deserialize_by_text!(Weights);

#[cfg(test)]
mod tests {
    use super::PushService;

    #[test]
    fn a_push_service_is_an_origin_or_all_below_a_name() {
        let below: PushService = "https://*.push.apple.com".parse().unwrap();
        assert!(below.serves("https://web.push.apple.com/QOnly"));
        for other in [
            "http://web.push.apple.com/Q",
            "https://push.apple.com/Q",
            "https://.push.apple.com/Q",
            "https://web.push.apple.com.example.org/Q",
            "https://web.push.apple.com:8443/Q",
            "https://evilpush.apple.com/Q",
        ] {
            assert!(!below.serves(other), "{other}");
        }
        let one: PushService = "http://127.0.0.1:9000".parse().unwrap();
        assert!(one.serves("http://127.0.0.1:9000/send") && !one.serves("http://127.0.0.1/send"));
        for wrong in ["fcm.googleapis.com", "https://*", "https://a/b", "ftp://a", "https://a*.b"] {
            assert!(wrong.parse::<PushService>().is_err(), "{wrong}");
        }
    }
}
