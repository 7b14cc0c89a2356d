//! Deliveries that never arrived: GitHub makes no second attempt by itself, so we ask for one.
//!
//! Every attempt at a delivery shares its guid. One of which no attempt was answered with success was not accepted:
//! success is answered only to what is stored. Accepting twice changes nothing, since the guid is known by then.
//!
//! # Source
//! GitHub: "Handling failed webhook deliveries"; deliveries are kept for three days. The list's own filter by failure
//! leaves out those without an answer, so it is not used.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::{info, warn};

use super::{Recovery, RecoveryError};
use crate::github::client::HookDelivery;
use crate::github::event;
use crate::report::words::describe;
use crate::store::UnixMillis;

/// How far back a new database looks.
const KEPT: Duration = Duration::from_hours(3 * 24);
/// How far before the last one handled the list is read again: attempts are listed once they ended.
const OVERLAP: Duration = Duration::from_mins(10);
/// Most pages of 100 that are read at once.
const MOST_PAGES: usize = 200;
/// Most deliveries that are asked for in one turn.
const MOST_ASKED: usize = 200;
/// How often one delivery is asked for.
const MOST_TRIES: u32 = 8;

const CURSOR: &str = "deliveries";

/// A delivery that was not accepted.
struct Lost<'a> {
    newest: &'a HookDelivery,
    at: UnixMillis,
}

impl Recovery {
    /// Asks for what was lost since the last one handled.
    pub(super) async fn recover_deliveries(&self) -> Result<(), RecoveryError> {
        let now = (self.clock)();
        let through = self.cursor(CURSOR).await?.and_then(|text| text.parse().ok()).map(UnixMillis);
        let since = through.unwrap_or_else(|| now.minus(KEPT)).minus(OVERLAP);
        let attempts = self.attempts_since(since).await?;
        let lost = lost(&attempts);
        let mut handled = attempts.iter().filter_map(at).max().or(through).unwrap_or(since);
        let mut asked = 0;
        for delivery in &lost {
            let may_go_on = asked < MOST_ASKED;
            if !may_go_on || !self.ask_again(delivery, &mut asked).await? {
                handled = handled.min(UnixMillis(delivery.at.0 - 1));
                break;
            }
        }
        if asked > 0 {
            info!(asked, lost = lost.len(), "asked GitHub to deliver again what never arrived");
        }
        Ok(self.keep_cursor(CURSOR, &handled.0.to_string(), None).await?)
    }

    /// The attempts since a moment, newest first.
    async fn attempts_since(&self, since: UnixMillis) -> Result<Vec<HookDelivery>, RecoveryError> {
        let mut all = Vec::new();
        let mut cursor = None;
        for _ in 0..MOST_PAGES {
            let (page, next) = self.client.deliveries(cursor.as_deref()).await?;
            let is_older = page.last().and_then(at).is_some_and(|last| last < since);
            all.extend(page.into_iter().filter(|attempt| at(attempt).is_some_and(|at| at >= since)));
            match next {
                Some(next) if !is_older => cursor = Some(next),
                _ => return Ok(all),
            }
        }
        warn!(read = all.len(), "more deliveries than are read at once; older ones are found by looking through");
        Ok(all)
    }

    /// Asks for one; `false` when it has to be asked for later.
    async fn ask_again(&self, lost: &Lost<'_>, asked: &mut usize) -> Result<bool, RecoveryError> {
        let name = format!("delivery/{}", lost.newest.guid);
        let tries: u32 = self.cursor(&name).await?.and_then(|text| text.parse().ok()).unwrap_or_default();
        if tries >= MOST_TRIES {
            return Ok(true);
        }
        *asked += 1;
        match self.client.redeliver(lost.newest.id).await {
            Ok(()) => {}
            Err(error) if error.is_retryable() => {
                warn!(error = describe(&error), "could not ask for a delivery again");
                return Ok(false);
            }
            // GitHub does not have it any more.
            Err(error) => warn!(delivery_id = lost.newest.guid, error = describe(&error), "a delivery is lost"),
        }
        let until = (self.clock)().plus(KEPT + KEPT);
        self.keep_cursor(&name, &(tries + 1).to_string(), Some(until)).await?;
        Ok(true)
    }
}

fn at(attempt: &HookDelivery) -> Option<UnixMillis> {
    attempt.delivered_at().map(UnixMillis::from)
}

/// The deliveries of which no attempt succeeded, oldest first.
fn lost(attempts: &[HookDelivery]) -> Vec<Lost<'_>> {
    let mut by_guid: BTreeMap<&str, Vec<&HookDelivery>> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| event::may_matter(&attempt.event, attempt.action.as_deref())) {
        by_guid.entry(&attempt.guid).or_default().push(attempt);
    }
    let never = by_guid.into_values().filter(|attempts| !attempts.iter().any(|attempt| attempt.succeeded()));
    let newest = never.filter_map(|attempts| attempts.into_iter().max_by_key(|attempt| at(attempt)));
    let mut lost: Vec<Lost<'_>> = newest.filter_map(|newest| Some(Lost { newest, at: at(newest)? })).collect();
    lost.sort_by_key(|lost| lost.at);
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: u64, guid: &str, status: i64, second: u32, event: &str, action: &str) -> HookDelivery {
        serde_json::from_value(serde_json::json!({
            "id": id, "guid": guid, "delivered_at": format!("2026-11-25T14:12:{second:02}Z"), "status_code": status,
            "event": event, "action": action,
        }))
        .unwrap()
    }

    #[test]
    fn what_no_attempt_delivered_is_lost_timeouts_included() {
        let attempts = [
            attempt(6, "mended", 202, 50, "pull_request", "opened"),
            attempt(5, "late", 0, 40, "pull_request", "opened"),
            attempt(4, "late", 503, 10, "pull_request", "opened"),
            attempt(3, "early", 504, 30, "merge_group", "checks_requested"),
            attempt(2, "noise", 500, 20, "check_run", "created"),
            attempt(1, "mended", 500, 10, "pull_request", "opened"),
        ];
        let lost = lost(&attempts);
        assert_eq!(lost.iter().map(|lost| lost.newest.id).collect::<Vec<_>>(), [3, 5]);
    }
}
