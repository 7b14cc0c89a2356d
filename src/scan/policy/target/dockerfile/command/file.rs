//! What a command fetches, and which files it writes.
//!
//! Invariant: an address never holds a user, a password or a query.

use super::super::super::facts::{null, text, truth};
use super::super::list;
use super::word;
use crate::scan::document::node::Node;
use crate::scan::document::shell::{Program, Redirect, ShellCommand};

/// Addresses, and files, that are listed.
const MAX_LISTED: usize = 50;

pub(super) fn facts(command: &ShellCommand, program: Option<&Program<'_>>) -> Vec<(&'static str, Node)> {
    let written: Vec<Node> = redirected(command).chain(program.map(written_by).unwrap_or_default()).collect();
    let downloader = program.filter(|program| program.downloads());
    let saves = downloader.map_or_else(null, |program| {
        let discards = program.arguments.iter().any(|word| word.value.as_deref() == Some("/dev/null"));
        truth(!written.is_empty() || !(program.downloads_to_output() || discards))
    });
    let addresses = program.map(|program| program.arguments).unwrap_or_default().iter().take(MAX_LISTED);
    let urls = addresses.filter_map(|word| Some(Node::new(word.span, text(&url(&word.raw)?).value().clone())));
    vec![("writes", list(written)), ("saves", saves), ("urls", list(urls))]
}

/// The files that redirections write.
fn redirected(command: &ShellCommand) -> impl Iterator<Item = Node> {
    let writes = |redirect: &&Redirect| matches!(redirect.operator, ">" | ">>" | "&>" | "&>>" | ">|");
    let is_device = |redirect: &&Redirect| redirect.target.raw.starts_with("/dev/");
    let redirects = command.redirects.iter().filter(writes).filter(move |redirect| !is_device(redirect));
    redirects.filter(|redirect| !redirect.is_other_output).take(MAX_LISTED).map(|redirect| word(&redirect.target))
}

/// The files that `tee`, and the options of downloads, name.
fn written_by(program: &Program<'_>) -> Vec<Node> {
    match program.name {
        "tee" => program.operands().into_iter().take(MAX_LISTED).map(word).collect(),
        "curl" | "wget" => {
            let options = program.options();
            let files = options.iter().filter(|option| {
                let names: &[&str] =
                    if program.name == "curl" { &["-o", "--output"] } else { &["-O", "--output-document"] };
                names.contains(&option.name.as_str())
                    && !matches!(option.value, Some("-" | "/dev/stdout" | "/dev/null"))
            });
            files.take(MAX_LISTED).filter_map(|option| option.value.map(text)).collect()
        }
        _ => Vec::new(),
    }
}

/// `scheme://host/path` of a word that is an address.
fn url(word: &str) -> Option<String> {
    let word = word.trim_matches(['"', '\'']);
    let (scheme, _) = word.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let is_known = matches!(scheme.as_str(), "http" | "https" | "ftp" | "ftps");
    is_known.then(|| Some(format!("{scheme}://{}", host_and_path(word)?)))?
}

/// Host and path of a URL without user and query.
pub(super) fn host_and_path(word: &str) -> Option<String> {
    let (_, rest) = word.split_once("://")?;
    let end = rest.find(['?', '#', '"', '\'']).unwrap_or(rest.len());
    let place = rest.get(..end)?;
    let host_end = place.find('/').unwrap_or(place.len());
    let (authority, path) = place.split_at_checked(host_end)?;
    let host = authority.rsplit('@').next().unwrap_or_default();
    Some(format!("{host}{path}"))
}
