//! The functions of Kubernetes' CEL environment, one file for each library.
//!
//! Invariant: a function that is not here is [`Stop::Unsupported`], never an answer.

mod format;
mod lists;
mod net;
mod optional;
pub(super) mod quantity;
pub(super) mod semver;
pub(super) mod strings;
pub(super) mod time;
pub(super) mod url;

use super::value::Val;
use super::{Outcome, Stop, error};

type Library = fn(&str, &[Val]) -> Option<Outcome>;

const LIBRARIES: [Library; 9] = [
    strings::call,
    lists::call,
    quantity::call,
    url::call,
    net::call,
    semver::call,
    format::call,
    optional::call,
    time::call,
];

/// The functions that exist, so that one which is only given the wrong values is an error as in the cluster.
const NAMES: &str = " abs add asApproximateFloat asInteger charAt cidr ip compareTo contains containsCIDR containsIP \
    dns1123Label distinct duration endsWith family find findAll first flatten format getEscapedPath getHost getHostname \
    getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getMonth timestamp getHours getMilliseconds getMinutes getPort getQuery getScheme getSeconds hasValue indexOf isCIDR isGlobalUnicast \
    isGreaterThan isIP isInteger isLessThan isLinkLocalMulticast isLinkLocalUnicast isLoopback isQuantity isSemver \
    isSorted isURL isUnspecified join last lastIndexOf lowerAscii major masked matches max min minor or orValue patch \
    prefixLength quantity replace reverse semver sign slice sort split startsWith sub substring sum trim upperAscii url \
    validate value quote @in _+_ ";

/// Calls `name` on `values`, of which the first is what it is called on, when it is a member.
pub(super) fn call(name: &str, values: &[Val]) -> Outcome {
    if let Some(outcome) = LIBRARIES.iter().find_map(|library| library(name, values)) {
        return outcome;
    }
    let types: Vec<&str> = values.iter().map(Val::type_name).collect();
    if NAMES.contains(&format!(" {name} ")) {
        return error(format!("no such overload: {name}({})", types.join(", ")));
    }
    Err(Stop::Unsupported(format!("the function \"{}\"", name.trim_matches('_'))))
}
