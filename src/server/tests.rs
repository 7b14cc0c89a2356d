use std::io::{Read, Write};

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::RequestBuilder;
use serde_json::json;
use sha2::Sha256;
use tokio::sync::{Notify, mpsc};

use super::*;
use crate::github::client::Observer;
use crate::job::Job;
use crate::scan::finding::Severity;
use crate::scan::policy::PolicyId;
use crate::worker::{Done, JobError, Outcome};

const OLD_SECRET: &str = "the old secret";
const SECRET: &str = "It's a Secret to Everybody";

/// Tells which jobs ran; each run waits until the gate is opened once.
struct Recorder {
    ran: mpsc::UnboundedSender<Job>,
    gate: Arc<Notify>,
}

#[async_trait]
impl JobHandler for Recorder {
    async fn run(&self, job: &Job, _: CancellationToken) -> Result<Done, JobError> {
        self.ran.send(job.clone()).unwrap();
        self.gate.notified().await;
        Ok(Done {
            scan: Duration::from_millis(2),
            findings: vec![(PolicyId::new("kubernetes/privileged-container"), Severity::High)],
            ..Done::without_scan(Outcome::Blocked)
        })
    }

    async fn supersede(&self, _: &Job, _: &Job) -> Result<(), JobError> {
        Ok(())
    }

    async fn abandon(&self, _: &Job, _: &str) -> Result<(), JobError> {
        Ok(())
    }
}

struct Credentials(Result<(), String>);

#[async_trait]
impl Probe for Credentials {
    fn name(&self) -> &'static str {
        "credentials"
    }

    async fn check(&self) -> Result<(), String> {
        self.0.clone()
    }
}

struct Bench {
    address: SocketAddr,
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    ran: mpsc::UnboundedReceiver<Job>,
    gate: Arc<Notify>,
    shutdown: CancellationToken,
    serving: tokio::task::JoinHandle<Result<(), ServerError>>,
}

fn config(secrets: &[&str], metrics: &Arc<Metrics>, credentials: Result<(), String>) -> ServerConfig {
    ServerConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        webhook_secrets: secrets.iter().map(|secret| SecretString::from(*secret)).collect(),
        worker: WorkerSettings { concurrency: 1, grace: Duration::ZERO, ..WorkerSettings::default() },
        probes: vec![Arc::new(Credentials(credentials))],
        uploads: None,
        metrics: Arc::clone(metrics),
        recovery: None,
        reports: None,
    }
}

impl Bench {
    async fn start(credentials: Result<(), String>) -> Self {
        let store = crate::store::open("sqlite::memory:").await.unwrap();
        let metrics = Metrics::new().unwrap();
        let config = config(&[SECRET, OLD_SECRET], &metrics, credentials);
        let (sender, ran) = mpsc::unbounded_channel();
        let (gate, shutdown) = (Arc::new(Notify::new()), CancellationToken::new());
        let handler = Arc::new(Recorder { ran: sender, gate: Arc::clone(&gate) });
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve_on(listener, config, Arc::clone(&store), handler, shutdown.clone()));
        Self { address, store, metrics, ran, gate, shutdown, serving }
    }

    fn post(&self) -> RequestBuilder {
        reqwest::Client::new().post(format!("http://{}/webhook", self.address))
    }

    /// A delivery as GitHub sends it.
    fn signed(&self, event: &str, id: &str, secret: &str, body: &str) -> RequestBuilder {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let hex = mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        self.post()
            .header("x-github-event", event)
            .header("x-github-delivery", id)
            .header("x-hub-signature-256", format!("sha256={hex}"))
            .body(body.to_owned())
    }

    async fn deliver(&self, event: &str, id: &str, body: &str) -> (u16, serde_json::Value) {
        answer(self.signed(event, id, SECRET, body)).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://{}{path}", self.address)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn next_run(&mut self) -> Job {
        tokio::time::timeout(Duration::from_mins(1), self.ran.recv()).await.unwrap().unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap().unwrap();
    }
}

async fn answer(request: RequestBuilder) -> (u16, serde_json::Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

fn pull_request(number: u64, head: char, updated_at: &str) -> String {
    json!({
        "action": "synchronize", "number": number, "installation": {"id": 7},
        "repository": {"full_name": "acme/shop"},
        "pull_request": {"updated_at": updated_at, "head": {"sha": head.to_string().repeat(40)}},
    })
    .to_string()
}

const NOON: &str = "2026-11-25T12:00:00Z";

#[tokio::test]
async fn only_signed_and_well_formed_deliveries_are_taken() {
    let bench = Bench::start(Ok(())).await;
    let body = pull_request(1, 'a', NOON);
    let unsigned = || bench.post().header("x-github-event", "ping").header("x-github-delivery", "d0");
    let without = |name: &str| {
        let (client, request) = bench.signed("pull_request", "d0", SECRET, &body).build_split();
        let mut request = request.unwrap();
        request.headers_mut().remove(name);
        RequestBuilder::from_parts(client, request)
    };
    let cases = [
        (unsigned().body("{}"), 401, "refused"),
        (unsigned().header("x-hub-signature-256", "sha256=00").body("{}"), 401, "refused"),
        (bench.signed("pull_request", "d0", "another secret", &body), 401, "refused"),
        (bench.signed("pull_request", "d0", "", &body), 401, "refused"),
        (without("x-github-event"), 400, "refused"),
        (without("x-github-delivery"), 400, "refused"),
        (bench.signed("pull_request", "two words", SECRET, &body), 400, "refused"),
        (bench.signed("pull_request", "d0", SECRET, "{"), 400, "refused"),
        (bench.signed("pull_request", "d0", SECRET, r#"{"action": "opened"}"#), 400, "refused"),
        (bench.signed("pull_request", "d1", SECRET, &body), 202, "queued"),
        (bench.signed("pull_request", "d1", SECRET, &body), 202, "duplicate"),
        (bench.signed("pull_request", "d2", OLD_SECRET, &body), 202, "queued"),
        (bench.signed("ping", "d3", SECRET, "{}"), 202, "ignored"),
        (bench.signed("watch", "d4", SECRET, "not even JSON"), 202, "ignored"),
    ];
    for (count, (request, status, outcome)) in cases.into_iter().enumerate() {
        let (got, body) = answer(request).await;
        assert_eq!((got, body["outcome"].as_str().unwrap()), (status, outcome), "case {count}: {body}");
        assert!(!body.to_string().contains(SECRET));
    }
    assert_eq!(bench.get("/webhook").await.0, 405);
    bench.stop().await;
}

#[tokio::test]
async fn a_webhook_that_sends_forms_is_understood() {
    let mut bench = Bench::start(Ok(())).await;
    let form =
        |value: &str| url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", value).finish();
    let json = pull_request(1, 'a', NOON);
    for (id, body, expected) in [("1", form(&json), 202), ("2", form("{"), 400), ("3", "other=1".to_owned(), 400)] {
        let request = bench.signed("pull_request", id, SECRET, &body);
        let (status, said) = answer(request.header("content-type", "application/x-www-form-urlencoded")).await;
        assert_eq!(status, expected, "{body} {said}");
    }
    assert_eq!(bench.next_run().await.pull_request().map(|number| number.0), Some(1));
    bench.gate.notify_one();
    bench.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_unread() {
    let bench = Bench::start(Ok(())).await;
    let address = bench.address;
    let exchange = move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head =
            "POST /webhook HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: sha256=00\r\ncontent-length: 26214401\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert_eq!(tokio::task::spawn_blocking(exchange).await.unwrap(), "HTTP/1.1 413");
    bench.stop().await;
}

#[tokio::test]
async fn a_delivery_is_judged_and_of_several_the_newest_state() {
    let mut bench = Bench::start(Ok(())).await;
    bench.deliver("pull_request", "d1", &pull_request(1, 'a', NOON)).await;
    assert_eq!(bench.next_run().await.key().as_str(), "acme/shop#1");
    // The one worker is busy, so these wait.
    for (id, head, updated_at) in [("d2", 'b', NOON), ("d3", 'd', "2026-11-25T12:00:09Z"), ("d4", 'c', NOON)] {
        let (status, _) = bench.deliver("pull_request", id, &pull_request(2, head, updated_at)).await;
        assert_eq!(status, 202);
    }
    bench.gate.notify_one();
    let next = bench.next_run().await;
    assert_eq!((next.key().as_str(), next.head().unwrap().as_str()), ("acme/shop#2", "d".repeat(40).as_str()));
    let queue = bench.store.queue(UnixMillis(i64::MAX)).await.unwrap();
    assert_eq!((queue.queued, queue.running), (0, 1));
    bench.stop().await;
}

#[tokio::test]
async fn what_can_not_be_stored_is_not_accepted() {
    let bench = Bench::start(Ok(())).await;
    bench.store.close().await;
    let (status, body) = bench.deliver("pull_request", "d1", &pull_request(1, 'a', NOON)).await;
    assert_eq!(status, 503, "{body}");
    let (status, body) = bench.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains(r#"{"name":"database","ok":false,"why":"the store is closed"}"#), "{body}");
    assert!(bench.get("/metrics").await.1.contains("dockgate_database_up 0"));
    assert_eq!(bench.get("/healthz").await, (200, "ok\n".to_owned()));
    bench.stop().await;
}

#[tokio::test]
async fn readiness_names_what_fails() {
    let bench = Bench::start(Ok(())).await;
    let (status, body) = bench.get("/readyz").await;
    assert_eq!(status, 200, "{body}");
    bench.stop().await;

    let bench = Bench::start(Err("GitHub answered 401".to_owned())).await;
    let (status, body) = bench.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains(r#""name":"credentials","ok":false,"why":"GitHub answered 401""#), "{body}");
    bench.stop().await;
}

#[tokio::test]
async fn everything_is_counted_under_bounded_names() {
    let mut bench = Bench::start(Ok(())).await;
    bench.deliver("pull_request", "d1", &pull_request(1, 'a', NOON)).await;
    bench.deliver("pull_request", "d1", &pull_request(1, 'a', NOON)).await;
    bench.deliver("hostile\"name", "d2", "{}").await;
    bench.next_run().await;
    bench.gate.notify_one();
    bench.deliver("pull_request", "d3", &pull_request(2, 'b', NOON)).await;
    bench.next_run().await;
    bench.metrics.request("create a check run", Some(201), Duration::ZERO);
    bench.metrics.remaining(Some(7), "core", 4_999);
    bench.metrics.remaining(None, "dependency_snapshots", 3);
    let (status, text) = bench.get("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        r#"dockgate_deliveries_total{event="pull_request",outcome="queued"} 2"#,
        r#"dockgate_deliveries_total{event="pull_request",outcome="duplicate"} 1"#,
        r#"dockgate_deliveries_total{event="other",outcome="ignored"} 1"#,
        r#"dockgate_jobs_total{outcome="blocked"} 1"#,
        r#"dockgate_findings_total{rule="kubernetes/privileged-container",severity="high"} 1"#,
        "dockgate_scan_seconds_count 1",
        r#"dockgate_queue_jobs{state="running"} 1"#,
        r#"dockgate_github_requests_total{operation="create a check run",status="201"} 1"#,
        r#"dockgate_github_rate_limit_remaining{installation="7",resource="core"} 4999"#,
        r#"dockgate_github_rate_limit_remaining{installation="app",resource="other"} 3"#,
        "dockgate_database_up 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn the_number_of_series_is_bounded() {
    let bench = Bench::start(Ok(())).await;
    for installation in 0..1_000 {
        bench.metrics.remaining(Some(installation), "core", 1);
    }
    let (_, text) = bench.get("/metrics").await;
    let series = text.lines().filter(|line| line.starts_with("dockgate_github_rate_limit_remaining{")).count();
    assert_eq!(series, 201);
    bench.stop().await;
}

#[tokio::test]
async fn a_server_without_a_secret_does_not_start() {
    let lists: [&[&str]; 3] = [&[], &[""], &[SECRET, ""]];
    for secrets in lists {
        let config = config(secrets, &Metrics::new().unwrap(), Ok(()));
        let store = crate::store::open("sqlite::memory:").await.unwrap();
        let (sender, _ran) = mpsc::unbounded_channel();
        let handler = Arc::new(Recorder { ran: sender, gate: Arc::new(Notify::new()) });
        let listener = TcpListener::from_std(listen(config.listen).unwrap()).unwrap();
        let served = serve_on(listener, config, store, handler, CancellationToken::new()).await;
        assert!(matches!(served, Err(ServerError::NoSecret)), "{secrets:?}");
    }
}
