//! Logs: one line per thing that happened, as text or JSON, on standard error.
//!
//! Fields have fixed names: `repo`, `pr`, `sha`, `job_id`, `delivery_id`, `duration_ms`.
//!
//! Invariant: no log line holds a payload, file text, a token or a match; a panic is logged by its place, not by its
//! words, which may quote what it choked on.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::settings::process::LogFormat;

/// Why logging can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("the log filter \"{filter}\" is not valid: expected a level such as info, or target=level,…")]
    Filter {
        /// The filter as given.
        filter: String,
        /// Where it is wrong.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging was set up before.
    #[error("could not set up logging")]
    Installed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends logs to standard error. `filter` (of `DOCKGATE_LOG`) is a level, or `target=level` pairs joined by commas;
/// empty means `info`.
///
/// # Errors
/// [`TelemetryError::Filter`] for a filter that does not parse, [`TelemetryError::Installed`] at a second call.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let subscriber = subscriber(format, filter, std::io::stderr)?;
    subscriber.try_init().map_err(|error| TelemetryError::Installed(error.into()))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "internal error");
    }));
    Ok(())
}

fn subscriber<W>(format: LogFormat, filter: &str, writer: W) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let chosen = if filter.trim().is_empty() { "info" } else { filter };
    let parsed = EnvFilter::try_new(chosen)
        .map_err(|source| TelemetryError::Filter { filter: filter.chars().take(200).collect(), source })?;
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let layer = match format {
        LogFormat::Text => layer.with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // Filters for the whole, not for the layer: that loses a line after somebody asked by way of the crate `log` whether
    // another would be written, as the driver of PostgreSQL does with each statement.
    Ok(tracing_subscriber::registry().with(parsed).with(filter_fn(is_ours_or_serious)).with(layer))
}

/// Libraries log requests, headers and statements below `warn`: no filter brings those out.
fn is_ours_or_serious(metadata: &Metadata<'_>) -> bool {
    let ours = ["dockgate", "tower_http"];
    let target = metadata.target();
    *metadata.level() <= Level::WARN
        || ours.iter().any(|name| target == *name || target.starts_with(&format!("{name}::")))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::callsite::Identifier;
    use tracing::field::FieldSet;
    use tracing::metadata::Kind;
    use tracing::subscriber::Interest;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged under `filter`: which of four messages.
    fn check(filter: &str, expected: &[&str]) {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(LogFormat::Json, filter, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info_span!("job", repo = "acme/shop").in_scope(|| tracing::info!("ours"));
            tracing::trace!("ours in detail");
            tracing::warn!(target: "octocrab", "theirs");
            tracing::trace!(target: "octocrab", "theirs in detail");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let messages: Vec<String> = text.lines().map(message).collect();
        assert_eq!(messages, expected, "{filter}: {text}");
        assert!(messages.is_empty() || text.contains("acme/shop"), "the span's fields are missing: {text}");
    }

    fn message(line: &str) -> String {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["message"].as_str().unwrap().to_owned()
    }

    #[test]
    fn no_filter_brings_out_the_details_of_libraries() {
        check("", &["ours", "theirs"]);
        check("trace", &["ours", "ours in detail", "theirs"]);
        check("dockgate=trace,octocrab=trace", &["ours", "ours in detail", "theirs"]);
        check("off", &[]);
    }

    /// A place in a library, which is not registered, as with the crate `log`.
    struct Library;

    impl tracing::Callsite for Library {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            &STATEMENT
        }
    }

    static STATEMENT: Metadata<'static> = Metadata::new(
        "statement",
        "sqlx::query",
        Level::DEBUG,
        None,
        None,
        None,
        FieldSet::new(&[], Identifier(&Library)),
        Kind::EVENT,
    );

    #[test]
    fn no_line_is_lost_after_a_question_about_another() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(LogFormat::Json, "", move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..3 {
                assert!(!tracing::dispatcher::get_default(|dispatch| dispatch.enabled(&STATEMENT)));
                tracing::info!("ours");
            }
        });
        assert_eq!(String::from_utf8(lines.0.lock().unwrap().clone()).unwrap().lines().count(), 3);
    }

    #[test]
    fn a_wrong_filter_is_named() {
        let error = subscriber(LogFormat::Text, "dockgate=loud", std::io::stderr).err().unwrap();
        assert!(error.to_string().contains("dockgate=loud"), "{error}");
    }
}
