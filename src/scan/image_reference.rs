//! Image references, so that every rule about images reads a name the way a container engine does.
//!
//! Invariant: a parsed reference says exactly which registry, repository, tag and digest an engine would ask for;
//! nothing is guessed beyond the defaults of the grammar.

mod moving;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The registry of a name without a host.
pub const DEFAULT_REGISTRY: &str = "docker.io";
const LEGACY_REGISTRY: &str = "index.docker.io";
const OFFICIAL_PREFIX: &str = "library/";
const MAX_REPOSITORY_BYTES: usize = 255;
const MAX_TAG_BYTES: usize = 128;

/// A reference to an image: `[host[:port]/]path[:tag][@algorithm:hex]`.
///
/// # Source
/// The reference grammar of the CNCF distribution project, with its normalisation of familiar names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageReference {
    raw: Box<str>,
    registry: Box<str>,
    path: Box<str>,
    name_end: usize,
    tag: Option<Range<usize>>,
    digest: Option<Range<usize>>,
}

/// Why a text is no image reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageReferenceError {
    /// Nothing to read.
    #[error("image reference is empty")]
    Empty,
    /// 64 hex digits, which an engine reads as an image id.
    #[error("64 hex digits are an image id, not a repository name")]
    ImageId,
    /// The host is not a domain name or address with an optional port.
    #[error("registry host is not a domain name or address with an optional port")]
    Host,
    /// The repository holds upper-case letters.
    #[error("repository name must be lower case")]
    UpperCase,
    /// The repository is not made of lower-case components.
    #[error("repository name holds characters that are not allowed")]
    Repository,
    /// The repository is longer than 255 bytes.
    #[error("repository name is longer than 255 characters")]
    TooLong,
    /// The tag is not `\w[\w.-]{0,127}`.
    #[error("tag holds characters that are not allowed or is longer than 128")]
    Tag,
    /// The digest is not `sha256:` with 64 lower-case hex digits, or `sha384`, `sha512` with theirs.
    #[error("digest is not a known algorithm with its number of lower-case hex digits")]
    Digest,
}

impl ImageReference {
    /// Reads `text`, without white space around it.
    ///
    /// # Errors
    /// [`ImageReferenceError`] names the first part that the grammar refuses.
    pub fn parse(text: &str) -> Result<Self, ImageReferenceError> {
        if text.is_empty() {
            return Err(ImageReferenceError::Empty);
        }
        if is_image_id(text) {
            return Err(ImageReferenceError::ImageId);
        }
        let (name_and_tag, digest) = match text.split_once('@') {
            Some((before, digest)) => (before, Some(check_digest(digest)?)),
            None => (text, None),
        };
        let (host, path_start) = split_host(name_and_tag);
        let path_and_tag = name_and_tag.get(path_start..).unwrap_or_default();
        let (path, tag) = match path_and_tag.split_once(':') {
            Some((path, tag)) => (path, Some(check_tag(tag)?)),
            None => (path_and_tag, None),
        };
        if let Some(host) = host {
            check_host(host)?;
        }
        check_path(path)?;
        let registry = host.filter(|host| *host != LEGACY_REGISTRY).unwrap_or(DEFAULT_REGISTRY);
        let official = registry == DEFAULT_REGISTRY && !path.contains('/');
        let full_path = if official { format!("{OFFICIAL_PREFIX}{path}") } else { path.to_owned() };
        if full_path.len() > MAX_REPOSITORY_BYTES {
            return Err(ImageReferenceError::TooLong);
        }
        let end = name_and_tag.len();
        Ok(Self {
            raw: text.into(),
            registry: registry.into(),
            path: full_path.into(),
            name_end: path_start + path.len(),
            tag: tag.map(|tag| end - tag.len()..end),
            digest: digest.map(|digest| text.len() - digest.len()..text.len()),
        })
    }

    /// The reference as written.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The registry host with its port, such as `docker.io` or `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path within the registry, such as `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The full repository name, such as `docker.io/library/nginx`: where the image comes from, without its version.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.path)
    }

    /// The repository as people write it: `nginx` for `docker.io/library/nginx`, `acme/web` for `docker.io/acme/web`.
    pub fn familiar_name(&self) -> String {
        if &*self.registry != DEFAULT_REGISTRY {
            return self.repository();
        }
        let short = self.path.strip_prefix(OFFICIAL_PREFIX).filter(|rest| !rest.contains('/'));
        short.unwrap_or(&self.path).to_owned()
    }

    /// The tag, when one is written.
    pub fn tag(&self) -> Option<&str> {
        self.raw.get(self.tag.clone()?)
    }

    /// The digest, `algorithm:hex`, when one is written.
    pub fn digest(&self) -> Option<&str> {
        self.raw.get(self.digest.clone()?)
    }

    /// The bytes of the name within [`raw`](Self::raw), before tag and digest.
    pub fn name_range(&self) -> Range<usize> {
        0..self.name_end
    }

    /// The bytes of the tag within [`raw`](Self::raw), without its colon.
    pub fn tag_range(&self) -> Option<Range<usize>> {
        self.tag.clone()
    }

    /// Whether the name gives no version at all, so that an engine would add `latest`.
    pub fn is_untagged(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }

    /// Whether the content behind the name is known to change: no version at all, or a tag such as `latest`,
    /// `stable` or `nightly-alpine`. A digest settles the content. Version-like tags (`3`, `3.12`, `bookworm`) are not
    /// called moving.
    pub fn is_moving(&self) -> bool {
        self.digest.is_none() && self.tag().is_none_or(moving::is_moving_tag)
    }
}

impl FromStr for ImageReference {
    type Err = ImageReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.raw)
    }
}

/// Splits off the host; returns it with the offset of the path.
fn split_host(name: &str) -> (Option<&str>, usize) {
    let Some((first, _)) = name.split_once('/') else { return (None, 0) };
    let is_host = first == "localhost" || first.contains(['.', ':']) || first.chars().any(char::is_uppercase);
    if is_host { (Some(first), first.len() + 1) } else { (None, 0) }
}

fn is_image_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(is_lower_hex)
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn check_host(host: &str) -> Result<(), ImageReferenceError> {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (Err(address), None),
        Some((address, rest)) => (Err(address), Some(rest.strip_prefix(':').ok_or(ImageReferenceError::Host)?)),
        None => match host.split_once(':') {
            Some((name, port)) => (Ok(name), Some(port)),
            None => (Ok(host), None),
        },
    };
    let name_fits = match name {
        Ok(domain) => domain.split('.').all(is_domain_component),
        Err(address) => !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':'),
    };
    let port_fits = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    if name_fits && port_fits { Ok(()) } else { Err(ImageReferenceError::Host) }
}

fn is_domain_component(component: &str) -> bool {
    !component.is_empty()
        && !component.starts_with('-')
        && !component.ends_with('-')
        && component.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_path(path: &str) -> Result<(), ImageReferenceError> {
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(ImageReferenceError::UpperCase);
    }
    if path.split('/').all(is_path_component) { Ok(()) } else { Err(ImageReferenceError::Repository) }
}

/// Alphanumeric runs, parted by one `.`, one or two `_`, or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edges_fit = component.bytes().next().is_some_and(is_letter) && component.bytes().last().is_some_and(is_letter);
    edges_fit
        && component
            .split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-'))
}

fn check_tag(tag: &str) -> Result<&str, ImageReferenceError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let fits = tag.len() <= MAX_TAG_BYTES
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-');
    if fits { Ok(tag) } else { Err(ImageReferenceError::Tag) }
}

fn check_digest(digest: &str) -> Result<&str, ImageReferenceError> {
    let (algorithm, hex) = digest.split_once(':').ok_or(ImageReferenceError::Digest)?;
    let expected = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(ImageReferenceError::Digest),
    };
    let fits = hex.len() == expected && hex.bytes().all(is_lower_hex);
    if fits { Ok(digest) } else { Err(ImageReferenceError::Digest) }
}

#[cfg(test)]
mod tests;
