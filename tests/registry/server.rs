//! A server that answers whatever a test wants it to, byte by byte, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::pki::PKI;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Hit {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What is sent back: a head, then each part after a pause, then the connection is closed.
pub struct Reply {
    pub head: Vec<u8>,
    pub parts: Box<dyn Iterator<Item = Vec<u8>> + Send>,
    pub pause: Duration,
}

type Handler = dyn Fn(&Hit) -> Reply + Send + Sync;

pub struct Server {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    hits: Mutex<Vec<Hit>>,
    sent_bytes: AtomicU64,
    connections: AtomicUsize,
}

impl Hit {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }
}

impl Reply {
    /// A whole answer.
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        let headers = [headers, &[("content-length", length.as_str())]].concat();
        Self::parts(status, &headers, std::iter::once(body))
    }

    /// An answer in parts, whose headers say nothing that the test does not.
    pub fn parts(status: u16, headers: &[(&str, &str)], parts: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Self {
        let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        Self { head: (head + "\r\n").into(), parts: Box::new(parts), pause: Duration::ZERO }
    }

    pub fn status(status: u16) -> Self {
        Self::new(status, &[], "")
    }

    pub fn redirect(location: &str) -> Self {
        Self::new(307, &[("location", location)], "")
    }

    pub fn challenge(challenge: &str) -> Self {
        Self::new(401, &[("www-authenticate", challenge)], "")
    }
}

impl Server {
    /// A server with TLS.
    pub async fn tls(handler: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> Self {
        Self::start("127.0.0.1:0", true, Arc::new(handler)).await
    }

    /// A server without.
    pub async fn plain(handler: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> Self {
        Self::start("127.0.0.1:0", false, Arc::new(handler)).await
    }

    /// What must not be contacted: it listens on another loopback address, which no test allows.
    pub async fn tripwire() -> Self {
        Self::tripwire_at(0).await
    }

    /// The same on a certain port.
    pub async fn tripwire_at(port: u16) -> Self {
        Self::start(&format!("127.0.0.2:{port}"), false, Arc::new(|_: &Hit| Reply::status(200))).await
    }

    async fn start(address: &str, with_tls: bool, handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let local: SocketAddr = listener.local_addr().expect("an address");
        let acceptor = with_tls.then(|| PKI.acceptor());
        let shared = Arc::new(Shared::default());
        let server = Self { port: local.port(), shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, handler, acceptor) = (Arc::clone(&shared), Arc::clone(&handler), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, &shared, &*handler).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, &shared, &*handler).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.shared.hits.lock().expect("hits").clone()
    }

    /// The requests as `METHOD path`.
    pub fn asked(&self) -> Vec<String> {
        self.hits().iter().map(|hit| format!("{} {}", hit.method, hit.path)).collect()
    }

    pub fn sent_bytes(&self) -> u64 {
        self.shared.sent_bytes.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

/// Answers one request.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared, handler: &Handler) {
    let Some(hit) = read_request(&mut stream).await else { return };
    let reply = handler(&hit);
    shared.hits.lock().expect("hits").push(hit);
    let parts = if stream.write_all(&reply.head).await.is_ok() { reply.parts } else { return };
    for part in parts {
        tokio::time::sleep(reply.pause).await;
        if stream.write_all(&part).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        shared.sent_bytes.fetch_add(part.len() as u64, Ordering::SeqCst);
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Hit> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let mut hit = Hit { method: first.next()?.to_owned(), path: first.next()?.to_owned(), ..Hit::default() };
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    hit.headers = lines.filter_map(header).collect();
    let length = hit.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    hit.body = String::from_utf8(body).ok()?;
    Some(hit)
}
