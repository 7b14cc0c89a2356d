//! A real PostgreSQL server that a test starts, stops and starts again.
//!
//! It runs from Debian's package as the user `postgres` when the tests run as root, which PostgreSQL refuses.
//!
//! Invariant: when the process of the tests ends, however it ends, the server is stopped and its folder is gone.
#![allow(dead_code, reason = "not every test binary needs all of it")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// The name and the password of the owner of every database; the password counts over TCP only.
pub const USER: &str = "dockgate";
pub const PASSWORD: &str = "a-password-of-the-tests";

/// A server of its own, with durable writes switched off: what dies in tests is dockgate, never the machine.
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    /// Whether connections over TCP may be encrypted.
    is_secure: bool,
    watch: Option<Child>,
    databases: AtomicU32,
}

/// The server that all tests of a binary share.
pub fn shared() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(Postgres::start)
}

impl Postgres {
    /// Starts a server with no database of ours.
    pub fn start() -> Self {
        Self::start_as(false)
    }

    /// Starts a server that takes connections over TCP only when they are encrypted.
    pub fn start_secure() -> Self {
        Self::start_as(true)
    }

    fn start_as(is_secure: bool) -> Self {
        let folder = output(as_server().args(["mktemp", "-d", "-t", "dockgate-postgres-XXXXXX"]));
        let folder = PathBuf::from(folder.trim());
        let mut server = Self { folder, port: 0, is_secure, watch: None, databases: AtomicU32::new(0) };
        server.watch = Some(server.watch());
        let (data, password) = (server.data(), server.folder.join("password"));
        output(as_server().args(["sh", "-c", "printf %s \"$1\" > \"$2\"", "sh", PASSWORD]).arg(&password));
        let locale = ["--no-locale", "--encoding=UTF8", "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256"];
        let names = ["-U", USER, "--pwfile"];
        output(as_server().arg(program("initdb")).args(locale).args(names).arg(password).arg("-D").arg(data));
        if is_secure {
            server.secure();
        }
        // Another process may take the port in between.
        let started = (0..5).any(|_| {
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            server.try_start_again()
        });
        assert!(started, "PostgreSQL does not start: {}", server.log());
        server
    }

    /// Ends the server as a machine that goes away does: no client is told goodbye.
    pub fn stop(&self) {
        output(as_server().arg(program("pg_ctl")).args(["stop", "-w", "-m", "immediate", "-D"]).arg(self.data()));
    }

    /// Starts the server again after [`Postgres::stop`], with the data and the addresses it had.
    pub fn start_again(&self) {
        assert!(self.try_start_again(), "PostgreSQL does not start again: {}", self.log());
    }

    /// The address of a new, empty database, over the server's socket.
    pub async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(&self.url("postgres"), &format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    /// The address of the database of `url` over TCP, where the password is asked for.
    pub fn over_tcp(&self, url: &str, password: &str) -> String {
        let name = url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap();
        format!("postgres://{USER}:{password}@127.0.0.1:{}/{name}", self.port)
    }

    /// The certificate of [`Postgres::start_secure`], which vouches for itself.
    pub fn certificate(&self) -> PathBuf {
        self.data().join("server.crt")
    }

    /// Makes a certificate for 127.0.0.1, and refuses what is not encrypted.
    fn secure(&self) {
        let write = |text: &str, path: &Path| {
            output(as_server().args(["sh", "-c", "printf \"$1\" > \"$2\"", "sh", text]).arg(path));
        };
        let (key, request) = (self.data().join("server.key"), self.data().join("request"));
        // Without a section of extensions, so that it is no authority's.
        write("[req]\ndistinguished_name = name\n[name]\n", &request);
        let kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let name = ["-subj", "/CN=dockgate tests", "-addext", "subjectAltName=IP:127.0.0.1", "-config"];
        let mut make = as_server();
        make.arg("openssl").args(kind).args(name).arg(&request).arg("-keyout").arg(key).arg("-out");
        output(make.arg(self.certificate()));
        let rules = self.data().join("pg_hba.conf");
        write("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n", &rules);
        // For the tests, which are somebody else.
        output(as_server().args(["chmod", "711"]).arg(&self.folder));
    }

    /// Runs a statement of a test's own.
    pub async fn execute(&self, url: &str, statement: &str) {
        let mut connection = connect(url).await;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://{USER}@localhost/{database}?host={folder}&port={}", self.port)
    }

    fn try_start_again(&self) -> bool {
        let mut options = format!("-p {} -k {}", self.port, self.folder.display());
        let secure = if self.is_secure { "ssl=on" } else { "ssl=off" };
        let settings = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=300", "shared_buffers=32MB"];
        for setting in settings.into_iter().chain([secure]) {
            options.push_str(" -c ");
            options.push_str(setting);
        }
        let mut start = as_server();
        start.arg(program("pg_ctl")).args(["start", "-w", "-t", "60", "-o", &options, "-l"]);
        start.arg(self.folder.join("log")).arg("-D").arg(self.data());
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    /// Waits for the end of this process, which holds the other end of the pipe, and cleans up.
    fn watch(&self) -> Child {
        let script = "read -r _; \"$1\" stop -m immediate -D \"$2/data\"; rm -rf \"$2\"";
        let mut watch = as_server();
        watch.args(["sh", "-c", script, "sh"]).arg(program("pg_ctl")).arg(&self.folder);
        watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            let _ = watch.wait();
        }
    }
}

async fn connect(url: &str) -> sqlx::PgConnection {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}

/// The newest installed version of one of the server's programs.
fn program(name: &str) -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name))))
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL is needed: apt-get install postgresql").1
}

/// A command to be completed, run as somebody whom PostgreSQL accepts.
fn as_server() -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "env"]);
        command
    } else {
        Command::new("env")
    };
    command.current_dir(Path::new("/"));
    command
}

fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
