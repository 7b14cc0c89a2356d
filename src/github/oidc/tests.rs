//! Tokens of an issuer of our own, and what is refused.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A key pair that exists for these tests alone: the private half as PEM, the public one as modulus.
struct Pair {
    pem: String,
    modulus: String,
}

fn pair() -> Pair {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let label = ["PRIVATE", "KEY"].join(" ");
    let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der.as_ref()));
    // PKCS #1: two headers of four bytes and a zero stand before the 256 bytes of the modulus.
    let modulus = URL_SAFE_NO_PAD.encode(&pair.public_key().as_ref()[9..265]);
    Pair { pem, modulus }
}

/// An issuer that publishes `keys`; gives its address.
async fn issuer(keys: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0_u8; 4096];
            let _ = stream.read(&mut request).await;
            let body = keys.to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    address
}

fn token(pair: &Pair, id: &str, claims: &Value) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &EncodingKey::from_rsa_pem(pair.pem.as_bytes()).unwrap()).unwrap()
}

fn claims(issuer: &str) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({
        "iss": issuer, "aud": "dockgate", "iat": now, "nbf": now, "exp": now + 300,
        "repository": "acme/shop", "sha": "a".repeat(40), "ref": "refs/pull/12/merge",
        "job_workflow_ref": "acme/shop/.github/workflows/scan.yml@refs/heads/main",
    })
}

#[tokio::test]
async fn a_token_of_the_issuer_speaks_for_its_workflow() {
    let pair = pair();
    let issuer = issuer(json!({"keys": [{"kty": "RSA", "kid": "one", "n": pair.modulus, "e": "AQAB"}]})).await;
    let tokens = WorkflowTokens::new(&issuer, "dockgate").unwrap();
    let workflow = tokens.verify(&token(&pair, "one", &claims(&issuer))).await.unwrap();
    assert_eq!(workflow.repository.to_string(), "acme/shop");
    assert_eq!(workflow.commit.to_string(), "a".repeat(40));
    assert_eq!(workflow.pull_request, Some(PullRequestNumber(12)));
    assert_eq!(workflow.reference, "refs/pull/12/merge");
    assert_eq!(workflow.file, "acme/shop/.github/workflows/scan.yml@refs/heads/main");
}

#[tokio::test]
async fn what_is_not_of_the_issuer_or_not_for_us_is_refused() {
    let (own, other) = (pair(), pair());
    let issuer = issuer(json!({"keys": [{"kty": "RSA", "kid": "one", "n": own.modulus, "e": "AQAB"}]})).await;
    let tokens = WorkflowTokens::new(&issuer, "dockgate").unwrap();
    let with = |field: &str, value: Value| {
        let mut claims = claims(&issuer);
        claims[field] = value;
        token(&own, "one", &claims)
    };
    let secret = EncodingKey::from_secret(own.modulus.as_bytes());
    let header = |algorithm| Header { kid: Some("one".into()), ..Header::new(algorithm) };
    let symmetric = encode(&header(Algorithm::HS256), &claims(&issuer), &secret).unwrap();
    let mut unsigned = token(&own, "one", &claims(&issuer));
    unsigned.truncate(unsigned.rfind('.').unwrap() + 1);
    for (token, why) in [
        (token(&other, "one", &claims(&issuer)), "signature is wrong"),
        (token(&own, "two", &claims(&issuer)), "does not publish"),
        (with("iss", json!("https://other.example")), "another issuer"),
        (with("aud", json!("other")), "another audience"),
        (with("exp", json!(1_000_000)), "has expired"),
        (with("nbf", json!(9_999_999_999_u64)), "not valid yet"),
        (with("repository", json!("../..")), "claims are not those"),
        (with("sha", json!("main")), "claims are not those"),
        (symmetric, "expected a JSON Web Token"),
        (unsigned, "signature is wrong"),
        ("x".repeat(MAX_TOKEN_BYTES + 1), "expected a JSON Web Token"),
        (String::new(), "expected a JSON Web Token"),
    ] {
        let error = tokens.verify(&token).await.unwrap_err();
        assert!(error.to_string().contains(why), "{why}: {error}");
        assert!(!error.is_retryable());
    }
    let nobody = WorkflowTokens::new("http://127.0.0.1:9", "dockgate").unwrap();
    let error = nobody.verify(&token(&own, "one", &claims(&issuer))).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
}
