//! The end of waivers: announced before it comes and told when it is there, each once, by judging the pull request again:
//! its check run says what ends soon, and what was waived blocks again.
//!
//! Invariant: of many processes one does it, and whoever dies over it is followed by another.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::ledger::{GivenWaiver, Happened, Ledger};
use crate::report::words::describe;
use crate::settings::date::Date;
use crate::store::{Delivery, Shelf, StoreError, UnixMillis};

/// How often it is looked for waivers that ended.
const INTERVAL: Duration = Duration::from_mins(10);
/// How long others leave a waiver to the process that ends it.
const CLAIM: Duration = Duration::from_hours(1);
/// The most waivers that are looked at.
const MOST_WAIVERS: u32 = 50_000;

impl Ledger {
    /// Ends waivers until `shutdown` fires.
    pub async fn end_waivers(self, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.end_waivers_now().await {
                warn!(error = describe(&error), "could not look for waivers that ended");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    async fn end_waivers_now(&self) -> Result<(), StoreError> {
        let now = self.now();
        let today = Date::from_unix_seconds(now.since(UnixMillis::default()).as_secs());
        for (name, body) in self.store.kept_below(Shelf::Waiver, "", now, MOST_WAIVERS).await? {
            let Ok(waiver) = serde_json::from_str::<GivenWaiver>(&body) else { continue };
            let Ok(until) = waiver.until.parse::<Date>() else { continue };
            if !waiver.is_over && until >= today && until < today.plus_days(waiver.announce_days) {
                self.announce(&name, &waiver, now).await?;
            }
            let is_over = until < today;
            let claim = format!("{name}/{}", waiver.until);
            if is_over
                && !waiver.is_over
                && self.store.claim(Shelf::Claim, &claim, "", now, Some(now.plus(CLAIM))).await?
            {
                self.end(&name, waiver, now).await?;
            }
        }
        Ok(())
    }

    /// Has the pull request judged again, whose check run names the waivers that end soon; once for each last day.
    async fn announce(&self, name: &str, waiver: &GivenWaiver, now: UnixMillis) -> Result<(), StoreError> {
        let claim = format!("{name}/{}/soon", waiver.until);
        if self.store.kept(Shelf::Claim, &claim, now).await?.is_some() {
            return Ok(());
        }
        info!(waiver = name, until = waiver.until, "a waiver ends soon");
        // The same id again is known already.
        let id = format!("waiver-soon/{name}/{}", waiver.until);
        self.store.enqueue(Delivery { id, received_at: now, as_of: None, jobs: vec![waiver.job.clone()] }).await?;
        self.store.keep(Shelf::Claim, &claim, "", super::ledger::end_of(&waiver.until)).await
    }

    async fn end(&self, name: &str, waiver: GivenWaiver, now: UnixMillis) -> Result<(), StoreError> {
        info!(waiver = name, until = waiver.until, "a waiver ended");
        let happened = Happened {
            pull_request: waiver.job.pull_request(),
            head: waiver.job.head(),
            event: "waiver-ended",
            actor: None,
            detail: json!({
                "finding": waiver.finding.fingerprint, "rule": waiver.finding.rule, "until": waiver.until,
                "by": waiver.by,
            }),
        };
        self.note(&waiver.job.repository, happened, Some(now.minus(CLAIM * 24))).await?;
        // The same id again is known already.
        let id = format!("waiver/{name}/{}", waiver.until);
        let delivery = Delivery { id, received_at: now, as_of: None, jobs: vec![waiver.job.clone()] };
        self.store.enqueue(delivery).await?;
        let until = super::ledger::end_of(&waiver.until);
        let ended = json!(GivenWaiver { is_over: true, ..waiver }).to_string();
        self.store.keep(Shelf::Waiver, name, &ended, until).await
    }
}
