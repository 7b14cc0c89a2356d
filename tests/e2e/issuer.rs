//! An issuer of workflow tokens, as GitHub Actions has one.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::fake_github::access::app_key;

/// A running issuer.
pub struct Issuer {
    pub url: String,
}

impl Issuer {
    /// Starts one that publishes its key.
    pub async fn start() -> Self {
        let modulus = URL_SAFE_NO_PAD.encode(app_key().modulus());
        let keys =
            json!({"keys": [{"kty": "RSA", "kid": "one", "alg": "RS256", "n": modulus, "e": "AQAB"}]}).to_string();
        let router = Router::new().route("/.well-known/jwks", get(move || async move { keys }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url }
    }

    /// A token for a workflow of `repository` that runs on `commit`, for `reference`, with other claims laid over it.
    pub fn token(&self, repository: &str, commit: &str, reference: &str, other: &Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut claims = json!({
            "iss": self.url, "aud": "dockgate", "iat": now, "nbf": now, "exp": now + 300,
            "repository": repository, "sha": commit, "ref": reference,
            "job_workflow_ref": format!("{repository}/.github/workflows/scan.yml@refs/heads/main"),
        });
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::RS256) };
        let key = EncodingKey::from_rsa_pem(app_key().private_pem.as_bytes()).unwrap();
        encode(&header, &claims, &key).unwrap()
    }
}
