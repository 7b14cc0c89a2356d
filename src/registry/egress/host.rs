//! Host names with ports, and patterns of them.
//!
//! Invariant: hosts are compared label by label and in lower case, never as parts of a text.

use std::fmt;

use url::Url;

/// A host with its port: `host[:port]`, `[address]:port`. No port means 443 over https.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Authority {
    /// In lower case; an IPv6 address stands in brackets.
    host: Box<str>,
    port: Option<u16>,
}

/// An [`Authority`] whose labels may be `*`, each for exactly one label: `*.azurecr.io`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern(Authority);

/// Domains below which strangers stand beside each other, so that a neighbour proves nothing.
const SHARED_DOMAINS: [&str; 25] = [
    "amazonaws.com",
    "appspot.com",
    "azurecr.io",
    "azurewebsites.net",
    "cloudapp.net",
    "cloudfront.net",
    "duckdns.org",
    "eu.org",
    "fly.dev",
    "gcr.io",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "jfrog.io",
    "netlify.app",
    "ngrok.app",
    "ngrok.io",
    "nip.io",
    "onrender.com",
    "pages.dev",
    "pkg.dev",
    "run.app",
    "sslip.io",
    "vercel.app",
    "workers.dev",
];

impl Authority {
    /// Reads `host[:port]`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&Url::parse(&format!("https://{text}/")).ok()?).filter(|_| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
            !text.is_empty() && text.bytes().all(is_plain)
        })
    }

    /// The host and port of `url`; `None` when it has no host. The port of an http address is always told.
    pub fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
        let port = if url.scheme() == "https" { url.port() } else { url.port_or_known_default() };
        (!host.is_empty()).then(|| Self { host: host.into(), port })
    }

    /// The host in lower case; an IPv6 address stands in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, when it is not 443.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether credentials of this host may go to `other`, a host that it names for tokens: the same host and port, or
    /// a host of the same registrable domain over port 443.
    ///
    /// The registrable domain is the last two labels; three where the last two are a country's second level such as
    /// `co.uk`; none for an address, for fewer labels, and where strangers share a domain.
    pub fn may_share_credentials(&self, other: &Self) -> bool {
        let registrable = self.registrable_domain();
        let is_same_domain = registrable.is_some() && registrable == other.registrable_domain();
        self == other || (is_same_domain && other.port.is_none())
    }

    fn registrable_domain(&self) -> Option<&str> {
        let is_address = self.host.starts_with('[') || self.host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let mut ends = self.host.rmatch_indices('.').map(|(index, _)| index);
        let last = ends.next()?;
        let (top, second_start) = (&self.host[last + 1..], ends.next());
        let second = &self.host[second_start.map_or(0, |index| index + 1)..last];
        let two = &self.host[second_start.map_or(0, |index| index + 1)..];
        let is_shared = SHARED_DOMAINS.contains(&two) || self.host.ends_with(".amazonaws.com.cn");
        if is_address || is_shared {
            return None;
        }
        if top.len() > 2 || second.len() > 3 {
            return Some(two);
        }
        second_start?;
        Some(&self.host[ends.next().map_or(0, |index| index + 1)..])
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl HostPattern {
    /// Reads `host[:port]` in which a whole label may be `*`, but neither of the last two.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) if !text.starts_with('[') => (host, Some(port)),
            _ => (text, None),
        };
        let labels: Vec<&str> = host.split('.').collect();
        let fixed = labels.iter().rev().take_while(|label| **label != "*").count();
        if fixed < labels.len() && (fixed < 2 || labels.iter().any(|label| label.len() > 1 && label.contains('*'))) {
            return None;
        }
        // `*` is not a letter of host names, so a stand-in takes its place while the rest is checked.
        let plain = labels.iter().map(|label| if *label == "*" { "0" } else { label }).collect::<Vec<_>>().join(".");
        let plain = port.map_or(plain.clone(), |port| format!("{plain}:{port}"));
        let authority = Authority::parse(&plain)?;
        let host = if fixed < labels.len() { host.to_ascii_lowercase().into() } else { authority.host };
        Some(Self(Authority { host, port: authority.port }))
    }

    /// Whether `authority` is one of those that are meant.
    pub fn matches(&self, authority: &Authority) -> bool {
        let mut wanted = self.0.host.split('.');
        let mut labels = authority.host.split('.');
        let are_equal = loop {
            match (wanted.next(), labels.next()) {
                (None, None) => break true,
                (Some("*"), Some(label)) if !label.is_empty() => {}
                (Some(wanted), Some(label)) if wanted == label => {}
                _ => break false,
            }
        };
        are_equal && self.0.port == authority.port
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests;
