//! Other scanners behind our interface: the real Trivy, alone and as the client of a server, and an adapter of Harbor's
//! interface of our own.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use dockgate::image::ImageError;
use dockgate::image::backend::harbor::HarborScanner;
use dockgate::image::backend::trivy::TrivyScanner;
use dockgate::image::layout::OciLayout;
use dockgate::image::report::ImageReport;
use dockgate::image::scanner::{ImageScanner, ScanRequest};
use dockgate::image::source::ImageSource;
use dockgate::registry::credential::Secret;
use dockgate::registry::{Descriptor, Digest, Manifest, RegistryError};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::fixtures::{images, trivy};

async fn scan(scanner: &dyn ImageScanner, name: &str, image: &str) -> Result<ImageReport, ImageError> {
    let source = OciLayout::new(images().join(name));
    let digest = source.resolve(None).expect("one image");
    let platform = "linux/amd64".parse().expect("a platform");
    scanner.scan(ScanRequest { image, source: &source, digest: &digest, platform: &platform }).await
}

/// Trivy without its database, which no test has: it lists packages, as it does before it looks them up.
fn scanner(folder: &tempfile::TempDir, server: Option<&str>) -> TrivyScanner {
    let variables = [("TRIVY_CACHE_DIR", folder.path().join("cache").display().to_string())];
    let path = std::env::var("PATH").unwrap_or_default();
    TrivyScanner {
        program: trivy(),
        server: server.map(ToOwned::to_owned),
        token: Some("a token of the tests".to_owned().into()),
        arguments: ["--scanners", "license", "--offline-scan"].map(ToOwned::to_owned).to_vec(),
        environment: variables
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .chain([("PATH".into(), path)])
            .collect(),
        folder: folder.path().to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trivy_command_lists_what_the_package_managers_list() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, kind) in [("debian", "dpkg"), ("rpm-sqlite", "rpm")] {
        let report = scan(&scanner(&folder, None), name, "acme/web:1").await.expect("a report");
        let of = |one: &dockgate::image::contents::Installed| {
            format!("{} {} {}", one.package.kind.name(), one.package.name, one.package.version)
        };
        let found: BTreeSet<String> = report.packages.iter().map(of).filter(|line| line.starts_with(kind)).collect();
        let truth = std::fs::read_to_string(images().join(name).join("truth")).expect("the truth of the image");
        assert_eq!(found, truth.lines().map(ToOwned::to_owned).collect(), "{name}");
        assert_eq!((report.scanner.as_str(), report.image.as_str()), ("trivy", "acme/web:1"));
        assert!(report.is_judged() && !report.diff_ids.is_empty(), "{:?}", report.problems);
    }
    let left = std::fs::read_dir(folder.path()).expect("the folder").filter_map(Result::ok);
    let left: Vec<PathBuf> = left.map(|entry| entry.path()).filter(|path| !path.ends_with("cache")).collect();
    assert!(left.is_empty(), "copies are gone: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_trivy_cannot_do_is_an_error_with_its_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = TrivyScanner { arguments: vec!["--no-such-flag".into()], ..scanner(&folder, None) };
    let error = scan(&wrong, "debian", "web").await.expect_err("no report").to_string();
    assert!(error.contains("trivy could not scan the image") && error.contains("no-such-flag"), "{error}");
    let absent = TrivyScanner { program: "/nowhere/trivy".into(), ..scanner(&folder, None) };
    let error = scan(&absent, "debian", "web").await.expect_err("no report").to_string();
    assert!(error.contains("can't be started"), "{error}");
}

type Log = Arc<Mutex<Vec<String>>>;

/// Starts a server that answers by `answer`, which gets what it is for and the body; gives its address.
async fn serve(answer: impl Fn(&str, &HeaderMap, &[u8]) -> Response + Clone + Send + Sync + 'static) -> String {
    let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let answered = answer(uri.path(), &headers, &body);
        async move { answered }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    url
}

/// The fields with number 2 of a message of Protocol Buffers that has only texts, as they stand.
fn second_fields(message: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::new(), message);
    while let [tag, length, more @ ..] = rest {
        let (length, head) = if *length < 128 {
            (usize::from(*length), 2)
        } else {
            (usize::from(length & 127) + (usize::from(more[0]) << 7), 3)
        };
        if *tag == 0x12 {
            kept.extend_from_slice(&rest[..head + length]);
        }
        rest = &rest[head + length..];
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trivy_server_gets_the_packages_before_it_is_asked() {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let server = serve(move |path, headers, body| {
        assert_eq!(
            headers.get("trivy-token").map(axum::http::HeaderValue::as_bytes),
            Some(&b"a token of the tests"[..])
        );
        let call = path.rsplit('/').next().unwrap_or_default().to_owned();
        // Everything is missing at first.
        let answer = if call == "MissingBlobs" { [vec![8, 1], second_fields(body)].concat() } else { Vec::new() };
        seen.lock().expect("the log").push(call);
        ([("content-type", "application/protobuf")], answer).into_response()
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let report = scan(&scanner(&folder, Some(&server)), "debian", "web").await.expect("a report");
    let log = log.lock().expect("the log").clone();
    let first = |call: &str| log.iter().position(|seen| seen == call).unwrap_or_else(|| panic!("{call} in {log:?}"));
    assert!(first("MissingBlobs") < first("PutBlob") && first("PutBlob") < first("Scan"), "{log:?}");
    assert!(first("PutArtifact") < first("Scan"), "{log:?}");
    assert!(!report.is_judged(), "an empty answer is not clean: {:?}", report.problems);
    assert_eq!(report.scanner, "trivy-server");
}

/// An adapter that has the report at the third question.
async fn adapter(log: &Log, report: Value) -> String {
    let log = Arc::clone(log);
    serve(move |path, headers, body| {
        let mut log = log.lock().expect("the log");
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        log.push(format!("{path} {} {}", text("authorization"), String::from_utf8_lossy(body)));
        let asked = log.iter().filter(|line| line.starts_with(path)).count();
        match (path, asked) {
            ("/api/v1/scan", 1) => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
            ("/api/v1/scan", _) => (StatusCode::ACCEPTED, json!({"id": "scan-1"}).to_string()).into_response(),
            ("/api/v1/scan/scan-1/report", 1 | 2) => {
                let here = path.to_owned();
                (StatusCode::FOUND, [("refresh-after", "0".to_owned()), ("location", here)]).into_response()
            }
            ("/api/v1/scan/scan-1/report", _) => report.to_string().into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_of_harbor_is_asked_until_its_report_is_there() {
    let log = Log::default();
    let one = |id: &str, severity: &str, fix: &str| json!({"id": id, "package": "openssl", "version": "3.0.1", "fix_version": fix, "severity": severity, "description": "d"});
    let report = json!({
        "generated_at": "2026-01-01T00:00:00Z", "scanner": {"name": "Some", "vendor": "v", "version": "1"}, "severity": "High",
        "vulnerabilities": [one("CVE-1", "Low", ""), one("CVE-2", "Critical", "3.0.2"), one("CVE-3", "Negligible", "")],
    });
    let url = adapter(&log, report).await;
    let scanner = HarborScanner::new(&url, Some("abc".to_owned().into())).expect("a client");
    let report = scan(&scanner, "debian", "debian:12").await.expect("a report");
    let found: Vec<String> = report.vulnerabilities.iter().map(|one| format!("{} {}", one.id, one.rating)).collect();
    assert_eq!(found, ["CVE-2 critical", "CVE-1 low", "CVE-3 none"]);
    assert!(report.is_judged() && report.scanner == "harbor");
    let log = log.lock().expect("the log").clone();
    let first: Value = serde_json::from_str(log[0].split_once("Bearer abc ").expect("a token").1).expect("JSON");
    assert_eq!(first["registry"], json!({"url": "https://registry-1.docker.io", "authorization": ""}));
    assert_eq!((&first["artifact"]["repository"], &first["artifact"]["tag"]), (&json!("library/debian"), &json!("12")));
    assert_eq!(first["artifact"]["digest"], json!(report.digest));
    assert_eq!(log.len(), 5, "{log:?}");
}

/// An image that not everybody may read.
struct Private(OciLayout);

#[async_trait::async_trait]
impl ImageSource for Private {
    async fn manifest(&self, digest: &Digest) -> Result<Manifest, RegistryError> {
        self.0.manifest(digest).await
    }

    async fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        self.0.config(descriptor).await
    }

    async fn layer(&self, descriptor: &Descriptor) -> Result<Box<dyn std::io::Read + Send>, RegistryError> {
        self.0.layer(descriptor).await
    }

    async fn authorization(&self) -> Result<Option<SecretString>, RegistryError> {
        let secret = Secret::Password { user: "robot".into(), password: "the password".to_owned().into() };
        Ok(secret.header())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_gets_the_credential_of_the_registry_where_nobody_else_can_read_it() {
    let report =
        json!({"scanner": {"name": "Some", "vendor": "v", "version": "1"}, "severity": "None", "vulnerabilities": []});
    let source = Private(OciLayout::new(images().join("debian")));
    let digest = source.0.resolve(None).expect("one image");
    let platform = "linux/amd64".parse().expect("a platform");
    let header = |pair: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let (bound, basic) = (header("robot:the password"), header("us:er"));
    let bound = bound.as_str();
    let log = Log::default();
    let here = adapter(&log, report.clone()).await;
    let image = "ghcr.io/acme/web:1";
    for (token, header) in [("basic:us:er", basic.as_str()), ("plain", "Bearer plain")] {
        log.lock().expect("the log").clear();
        let scanner = HarborScanner::new(&here, Some(token.to_owned().into())).expect("a client");
        let request = ScanRequest { image, source: &source, digest: &digest, platform: &platform };
        scanner.scan(request).await.expect("a report");
        let log = log.lock().expect("the log").clone();
        let (path, body) = log[0].split_once(&format!(" {header} ")).expect("what the adapter wants");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(path, "/api/v1/scan");
        assert_eq!(body["registry"], json!({"url": "https://ghcr.io", "authorization": bound}));
        assert!(
            log.iter().filter(|line| line.contains(bound)).all(|line| line.starts_with("/api/v1/scan ")),
            "{log:?}"
        );
    }
    // By an address that is not known to be this machine's it gets none over http, and that is said.
    log.lock().expect("the log").clear();
    let elsewhere = here.replace("127.0.0.1", "0.0.0.0");
    let scanner = HarborScanner::new(&elsewhere, None).expect("a client");
    let request = ScanRequest { image, source: &source, digest: &digest, platform: &platform };
    let report = scanner.scan(request).await.expect("a report");
    assert!(!log.lock().expect("the log").concat().contains(bound));
    assert!(report.problems.iter().any(|problem| problem.message.contains("not https")), "{:?}", report.problems);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_fails_or_lies_is_no_clean_report() {
    let refusal = serve(|_, _, _| {
        (StatusCode::INTERNAL_SERVER_ERROR, json!({"error": {"message": "no\nroom"}}).to_string()).into_response()
    })
    .await;
    let hostile =
        serve(|_, _, _| (StatusCode::ACCEPTED, json!({"id": "../../secret"}).to_string()).into_response()).await;
    let empty = adapter(&Log::default(), json!({})).await;
    for (url, why) in [
        (refusal.as_str(), "the adapter answered 500: no room"),
        (hostile.as_str(), "the id of the scan is none"),
        (empty.as_str(), "no vulnerabilities and no scanner"),
        ("http://127.0.0.1:9", "harbor could not scan the image"),
    ] {
        let scanner = HarborScanner::new(url, None).expect("a client");
        let error = scan(&scanner, "debian", "debian:12").await.expect_err("no report").to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
}
