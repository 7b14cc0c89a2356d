//! `dockgate replay`: judges a saved change, or what a recorded webhook delivery is about, again.
//!
//! Invariant: nothing is written anywhere; the same file gives the same text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::Value;

use super::scan::{circumstances, exit, format_parser, plain_input};
use super::serve::{self, ServeArgs};
use super::{Exit, Surroundings};
use crate::github::client::NoObserver;
use crate::github::event::Event;
use crate::job::Job;
use crate::pipeline::{self, Circumstances, Flags, Judgement};
use crate::report::{self, Format};
use crate::source::saved::SavedChange;
use crate::worker::check_pull_request::CheckPullRequest;
use crate::worker::judge::{CheckOptions, Judge};

/// Arguments of `dockgate replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A change that `dockgate scan --save` wrote; or a delivery, as GitHub lists it or as
    /// `{"event": "pull_request", "payload": {…}}`, judged with the app's credentials
    file: PathBuf,
    /// How to print
    #[arg(long, default_value = "human", value_parser = format_parser())]
    format: Format,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Judges and prints.
///
/// # Errors
/// The file is neither a saved change nor a delivery, or GitHub does not give the change.
pub fn run(args: &ReplayArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let name = || format!("read {}", args.file.display());
    let text = std::fs::read_to_string(&args.file).with_context(name)?;
    let json: Value = serde_json::from_str(&text).with_context(name)?;
    let judged = if json.get("event").is_some() {
        delivery(&json, args, &surroundings.environment)
    } else {
        saved(&text, &args.file, &surroundings.environment)
    };
    let (judgement, settings_from) = judged.with_context(name)?;
    let text = report::render(args.format, &plain_input(&judgement, &settings_from));
    surroundings.out.write_all(text.as_bytes())?;
    Ok(exit(&judgement.verdict))
}

fn saved(text: &str, file: &Path, environment: &BTreeMap<String, String>) -> anyhow::Result<(Judgement, String)> {
    let saved = SavedChange::from_json(text)?;
    let circumstances = Circumstances {
        organisation: saved.organisation.clone(),
        today: saved.today.parse().map_err(|error| anyhow!("today: {error}"))?,
        flags: Flags {
            fail_on: saved.fail_on.as_deref().map(str::parse).transpose()?,
            profile: saved.profile,
            standard: saved.standard.clone(),
        },
        ..circumstances(Flags::default(), environment)
    };
    Ok((pipeline::run(saved.into_change(), &circumstances), file.display().to_string()))
}

fn delivery(
    json: &Value,
    args: &ReplayArgs,
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<(Judgement, String)> {
    let event = json.get("event").and_then(Value::as_str).context("\"event\" is no text")?;
    let payload = json.get("payload").or_else(|| json.pointer("/request/payload")).context("it has no \"payload\"")?;
    let event = Event::parse(event, &serde_json::to_vec(payload)?)?;
    let jobs = Job::from_event(&event);
    let Some(job) = jobs.first() else { bail!("the delivery asks for no check") };
    let settings = args.serve.settings(environment)?;
    if settings.app_id.value.is_none() || settings.private_key.value.is_none() {
        bail!("judging a delivery needs the app: set DOCKGATE_APP_ID and DOCKGATE_PRIVATE_KEY_FILE");
    }
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(async {
        let client = serve::client(&settings, Arc::new(NoObserver))?;
        Ok(CheckPullRequest::new(client, Arc::new(Judge::new(CheckOptions::default())), None).preview(job).await?)
    })
}
