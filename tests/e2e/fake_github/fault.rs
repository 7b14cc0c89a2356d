//! Faults of the network and of GitHub, on demand.
//!
//! Invariant: a fault strikes the next requests that fit it, in order, and as often as asked, no more.

/// One fault to come.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `GET`, `POST`, …; any when empty.
    pub method: &'static str,
    /// A part of the path.
    pub path: &'static str,
    /// How many requests it strikes.
    pub times: usize,
    pub kind: FaultKind,
}

/// What happens to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An empty answer with this status; nothing was done.
    Status(u16),
    /// This status although all was done: the answer was lost on the way.
    LostAnswer(u16),
    /// 429 with `retry-after`.
    TooManyRequests { retry_after_seconds: u64 },
    /// 403 without `retry-after`, remaining 0 and a reset at hand.
    QuotaSpent { reset_in_seconds: u64 },
    /// 403 with `retry-after`, as for writing too fast.
    Secondary { retry_after_seconds: u64 },
    /// The first half of the answer.
    Truncated,
    /// No answer for longer than anybody waits; nothing was done.
    Slow,
    /// An answer that was right a moment ago.
    Stale,
    /// No answer until the fake lets go.
    Hang,
    /// The connection ends without an answer.
    Reset,
}

/// Takes the fault that strikes a request, if any does.
pub fn take(faults: &mut Vec<Fault>, method: &str, path: &str) -> Option<FaultKind> {
    let fits = |fault: &Fault| (fault.method.is_empty() || fault.method == method) && path.contains(fault.path);
    let index = faults.iter().position(fits)?;
    let kind = faults[index].kind;
    faults[index].times -= 1;
    if faults[index].times == 0 {
        faults.remove(index);
    }
    Some(kind)
}
