//! The binary: environment, arguments and exit codes, nothing else.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use dockgate::cli::{self, Args, Exit, Surroundings};
use dockgate::report::words::describe;
use mimalloc::MiMalloc;

/// Trees of documents are many small pieces: with it a scan takes up to a quarter less time than with that of glibc.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    let stdout = io::stdout();
    let stderr = io::stderr();
    let (out_is_terminal, err_is_terminal) = (stdout.is_terminal(), stderr.is_terminal());
    let mut out = BufWriter::new(stdout.lock());
    let mut err = stderr;
    let mut surroundings = Surroundings {
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        out: &mut out,
        err: &mut err,
        out_is_terminal,
        err_is_terminal,
    };
    let outcome = cli::run(args, &mut surroundings).and_then(|exit| {
        surroundings.out.flush()?;
        Ok(exit)
    });
    match outcome {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            if !is_closed_pipe(&error) {
                // Nothing is left to do when standard error is closed as well.
                let _ = writeln!(io::stderr(), "dockgate: {}", describe(&*error));
            }
            ExitCode::from(Exit::Unjudged.code())
        }
    }
}

/// Whether the reader of our output went away, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
