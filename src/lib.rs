//! dockgate: a pre-merge gate for containers.
//!
//! It judges what a change brings to Dockerfiles, Kubernetes manifests, compose files, Helm values and configuration:
//! secrets, privileged settings and images that are not pinned. The same engine runs on a command line and behind a
//! GitHub App. This page is the architecture of record; rustdoc fails when a name in it goes stale.
//!
//! # The flow
//!
//! ```text
//! Event → Job → Lease → Snapshot → Document → Finding → Verdict → check run and review
//! ```
//!
//! A delivery becomes an [`Event`](github::event::Event), which asks for [`Job`](job::Job)s; the
//! [`Store`](store::Store) keeps them until a [`Worker`](worker::Worker) leases one. A [`Source`](source::Source) turns
//! it into a [`Snapshot`](scan::snapshot::Snapshot), base and head of every changed file. [`scan()`](scan::scan) reads
//! the files as documents and lets policies and detectors speak: findings and problems. [`decide()`](verdict::decide)
//! compares base and head, so that only what the change introduces blocks. [`report`] tells the verdict to each kind of
//! reader. The command line begins at the source and ends at a report; both ways meet in [`pipeline::run`].
//!
//! # The order
//!
//! Modules are listed in dependency order: each imports only from itself and from those above it (`tests/layering.rs`
//! keeps this). Down to [`report`] everything is pure: no clock, disk, environment, network or async. These modules
//! build alone, with `--no-default-features`; that is the wall.
//!
//! | module | what it is for |
//! |---|---|
//! | [`scan`] | the engine: documents with places, policies, secrets, suppressions, edits |
//! | [`settings`] | what a team, an organisation and an operator decide, with the origin of each value |
//! | [`verdict`] | introduced or existing, blocking or not, waived or suppressed |
//! | [`report`] | one renderer for each format, the check run and the review |
//! | `github` | the calls we make, credentials, limits, deliveries |
//! | `job` | what a delivery asks for |
//! | `store` | the durable queue and the decision records |
//! | `registry` | images at their registries, read safely |
//! | `image` | what an image holds, and which vulnerabilities are known of it |
//! | `source` | where a change comes from: a folder, a git repository, a pull request, a saved change |
//! | `pipeline` | from a change to its verdict |
//! | `worker` | leases jobs, runs them, writes the outcome to GitHub |
//! | `telemetry` | logs |
//! | `server` | webhook, health and metrics, pages of reports and rules, the set-up of the app |
//! | `cli` | one file for each subcommand |
//!
//! # What always holds
//!
//! - A secret value is a [`Redacted`](scan::secret::redacted::Redacted): it can't be printed, serialised or compared.
//! - What can't be judged is a [`Problem`](scan::problem::Problem), never silence.
//! - Settings, waivers and a team's policies come from the base of a change, never from what it proposes.
//! - Facts are code, judgement is data: Rust exposes typed facts of each
//!   [`Target`](scan::policy::target::Target), policies in `policies/` decide.
//! - A webhook is answered only when its jobs survive a crash; every job ends in one concluded check run.
//! - The engine keeps no state between files beyond its arguments and an index of the objects that belong together, and
//!   its cost grows linearly with bytes.
//!
//! # Two walks
//!
//! **A new rule.** Add `policies/kubernetes/host-port.yaml`: title, target, condition, message, why, fix, examples. The
//! loader ([`scan::policy::load`]) documents each field and refuses what is wrong; `tests/policies.rs` runs each
//! example as a test of its own. Nothing else is touched. If the rule needs a fact that its target lacks, that is a
//! commit of its own in [`scan::policy::target`].
//!
//! **A webhook.** `server` checks the signature over the raw bytes, parses the few fields we need, and stores delivery
//! and job in one transaction; only then it answers 202. A worker leases the job, finds or creates the check run in
//! progress, fetches base and head with a bare git repository (or the API) and what each commit in between adds, runs
//! the pipeline, reads the head again, keeps the decision record, concludes the check run, and only then writes
//! comments. A newer push to the same pull request replaces the waiting job and tells a running one to end as
//! superseded. The registries are asked for digests only then, so that comments can suggest them, and a job for the
//! images that the change brings in is stored with the end of this one: it concludes `dockgate/images`. Images that the
//! change builds itself are awaited: the check stays open, and an event, an upload of results or the time brings the
//! job back.
//!
//! What gets lost on the way is found again by [`Recovery`](worker::recovery::Recovery), which one process of many does
//! at a time: it asks GitHub for deliveries that never arrived, gives heads without a verdict a job, and tries given-up
//! jobs again.
//!
//! What was merged is watched by [`Watch`](worker::watch::Watch), where the operator wants it: the images that default
//! branches use are scanned again, and one issue of a repository tells what appeared in them.
//!
//! A command in a comment, and a button of a check run, are jobs as well: the webhook only stores them. A worker asks
//! GitHub who may, keeps what it changes, notes it in the audit log, and asks for the pull request to be judged again.
//! Waivers enter the verdict as data beside those of the settings. A pull request or merge group that is over replaces
//! its waiting job and cancels the running one.
//!
//! # Where we differ from the plan, on purpose
//!
//! - Dockerfiles are read by our own parser alone. A library reads valid ones well but stops at the first mistake, so a
//!   tolerant one was needed beside it; one parser with exact places is simpler than two that must agree.
//! - `source` may hand over a *saved* change, so that `dockgate replay` needs no second path through the pipeline.
//! - Conditions are read by the Pratt parser of `cel`, not its ANTLR one. The build turns the built-in policies into
//!   JSON, and a run reads only those that have something to judge, without examples, and compiles no pattern that it
//!   does not use. What a comparison with a literal decides is not evaluated. So hundreds of rules start as fast as few.
//! - `telemetry` stands above `server` and `cli`, which set it up.
//! - Where a server offers no GraphQL, or no `git`, the REST API gives the same verdict with more requests.

pub mod scan;

pub mod settings;

pub mod verdict;

pub mod report;

#[cfg(feature = "io")]
pub mod github;

#[cfg(feature = "io")]
pub mod job;

#[cfg(feature = "io")]
pub mod store;

#[cfg(feature = "io")]
pub mod registry;

#[cfg(feature = "io")]
pub mod image;

#[cfg(feature = "io")]
pub mod source;

#[cfg(feature = "io")]
pub mod pipeline;

#[cfg(feature = "io")]
pub mod worker;

#[cfg(feature = "io")]
pub mod telemetry;

#[cfg(feature = "io")]
pub mod server;

#[cfg(feature = "io")]
pub mod cli;
