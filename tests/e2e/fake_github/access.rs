//! Who may do what: the app's key, installation tokens, permissions.
//!
//! Invariant: a token does what it was narrowed to, never what the installation could.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::issues;
use super::state::State;

/// The app's number.
pub const APP_ID: u64 = 4711;

/// An installation token.
#[derive(Clone, Debug)]
pub struct Token {
    pub installation: u64,
    /// Full names.
    pub repositories: Vec<String>,
    pub permissions: BTreeMap<String, String>,
    pub expires: SystemTime,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub enum Caller {
    Nobody,
    /// The app itself, by its JWT.
    App,
    Installation(Token),
    /// Somebody who signed in.
    Person,
}

/// The app's private key: PKCS #8 in PEM, and its public half.
pub struct AppKey {
    pub private_pem: String,
    public: Vec<u8>,
}

impl AppKey {
    /// The modulus of the public key: in PKCS #1 it stands behind two headers of four bytes and a zero.
    pub fn modulus(&self) -> &[u8] {
        &self.public[9..265]
    }
}

/// The key of all fakes of this process: making one takes a moment.
pub fn app_key() -> &'static AppKey {
    static KEY: OnceLock<AppKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let label = ["PRIVATE", "KEY"].join(" ");
        let private_pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
        AppKey { private_pem, public: pair.public_key().as_ref().to_vec() }
    })
}

/// The caller behind an `Authorization` header.
///
/// # Errors
/// GitHub's answer to bad credentials.
pub fn caller(state: &State, authorization: Option<&str>) -> Result<Caller, Answer> {
    let Some(header) = authorization else { return Ok(Caller::Nobody) };
    let (scheme, rest) = header.split_once(' ').ok_or_else(bad_credentials)?;
    let secret = match scheme.to_lowercase().as_str() {
        "bearer" | "token" => rest.to_owned(),
        "basic" => {
            let pair = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            pair.and_then(|pair| Some(pair.split_once(':')?.1.to_owned())).ok_or_else(bad_credentials)?
        }
        _ => return Err(bad_credentials()),
    };
    match state.tokens.get(&secret) {
        Some(token) if !reaches(state, token) => Err(bad_credentials()),
        Some(token) if token.expires > SystemTime::now() => Ok(Caller::Installation(token.clone())),
        Some(_) => Err(bad_credentials()),
        None if state.people.contains(&secret) => Ok(Caller::Person),
        None if secret.starts_with("ghs_") || secret.starts_with("ghu_") => Err(bad_credentials()),
        None => verify_jwt(&secret).map(|()| Caller::App),
    }
}

/// Whether the installation of a token is still there.
fn reaches(state: &State, token: &Token) -> bool {
    state.installations.get(&token.installation).is_some_and(|installation| !installation.is_suspended)
}

fn bad_credentials() -> Answer {
    Answer::error(401, "Bad credentials")
}

/// RS256, our issuer, and a life of at most ten minutes.
fn verify_jwt(jwt: &str) -> Result<(), Answer> {
    let fail = |what: &str| Answer::error(401, what);
    let undecodable = || fail("A JSON web token could not be decoded");
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(undecodable)?;
    let (header, claims) = signed.split_once('.').ok_or_else(undecodable)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| undecodable());
    let json = |text: &str| serde_json::from_slice::<Value>(&decode(text)?).map_err(|_| undecodable());
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &app_key().public);
    if json(header)?["alg"] != "RS256" || key.verify(signed.as_bytes(), &decode(signature)?).is_err() {
        return Err(undecodable());
    }
    let claims = json(claims)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (issued, expires) = (claims["iat"].as_u64(), claims["exp"].as_u64());
    let issuer = claims["iss"].as_u64().or_else(|| claims["iss"].as_str()?.parse().ok());
    if issuer != Some(APP_ID) {
        return Err(fail("'Issuer' claim ('iss') must be an Integer or the client ID of the app"));
    }
    match (issued, expires) {
        (Some(issued), _) if issued > now + 5 => Err(fail("'Issued at' claim ('iat') must not be in the future")),
        (_, Some(expires)) if expires <= now => Err(fail("'Expiration time' claim ('exp') must be in the future")),
        (_, Some(expires)) if expires > now + 605 => {
            Err(fail("'Expiration time' claim ('exp') is too far in the future"))
        }
        (Some(_), Some(_)) => Ok(()),
        _ => Err(fail("Missing 'issued at' claim ('iat') or 'expiration time' claim ('exp') in assertion")),
    }
}

/// What a REST route needs: a permission and whether it writes. `None` for routes of the app itself.
pub fn needed(method: &str, segments: &[&str]) -> Option<(&'static str, bool)> {
    let write = method != "GET";
    match segments {
        ["repos", _, _] | ["repos", _, _, "collaborators", ..] | ["installation", ..] => Some(("metadata", write)),
        ["repos", _, _, "issues"] | ["repos", _, _, "issues", _] => Some(("issues", write)),
        // Comments on pull requests take either permission.
        ["repos", _, _, "issues", number, ..] if number.parse().is_ok_and(|number: u64| number >= issues::FIRST) => {
            Some(("issues", write))
        }
        ["repos", _, _, "pulls" | "issues", ..] | ["repos", _, _, "commits", _, "pulls"] => {
            Some(("pull_requests", write))
        }
        ["repos", _, _, "check-runs" | "check-suites", ..]
        | ["repos", _, _, "commits", _, "check-runs" | "check-suites"] => Some(("checks", write)),
        ["repos", ..] => Some(("contents", write)),
        _ => None,
    }
}

impl Token {
    /// Whether the token may use a permission.
    pub fn may(&self, permission: &str, write: bool) -> bool {
        match self.permissions.get(permission).map(String::as_str) {
            Some("write") => true,
            Some("read") => !write,
            _ => permission == "metadata" && !write,
        }
    }
}

/// `POST /app/installations/{id}/access_tokens`.
pub fn create_token(state: &mut State, call: &Call, id: &str) -> Answer {
    let id = id.parse::<u64>().unwrap_or_default();
    let Some(installation) = state.installations.get(&id) else {
        return Answer::not_found();
    };
    if installation.is_suspended {
        return Answer::error(403, "This installation has been suspended");
    }
    let mut permissions = installation.permissions.clone();
    if let Some(wanted) = call.body["permissions"].as_object() {
        permissions.retain(|name, _| wanted.contains_key(name));
        for (name, level) in wanted {
            let granted = installation.permissions.get(name).map(String::as_str);
            let level = level.as_str().unwrap_or_default();
            if granted.is_none() || (level == "write" && granted == Some("read")) {
                return Answer::error(422, "The permissions requested are not granted to this installation.");
            }
            permissions.insert(name.clone(), level.to_owned());
        }
    }
    permissions.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
    let mut repositories = installation.repositories.clone();
    let narrowed = call.body["repositories"].as_array();
    if let Some(names) = narrowed {
        let full = |name: &Value| format!("{}/{}", installation.account, name.as_str().unwrap_or_default());
        let wanted: Vec<String> = names.iter().map(full).collect();
        if wanted.iter().any(|name| !repositories.contains(name)) {
            let message = "There is at least one repository that does not exist or is not accessible to the parent \
                           installation.";
            return Answer::error(422, message);
        }
        repositories = wanted;
    }
    let selection = if narrowed.is_some() { "selected" } else { "all" };
    let life = Duration::from_secs(state.token_seconds.unwrap_or(3600));
    let token =
        Token { installation: id, repositories, permissions: permissions.clone(), expires: SystemTime::now() + life };
    let text = token_text(state);
    let expires = super::json::timestamp(token.expires);
    state.tokens.insert(text.clone(), token);
    let answer = json!({"token": text, "expires_at": expires, "permissions": permissions,
        "repository_selection": selection});
    Answer::json(201, answer)
}

/// A token of the old form, or of the long one that holds a JWT.
fn token_text(state: &mut State) -> String {
    let id = state.new_id();
    let digits = format!("{id:036}");
    if !state.long_tokens {
        return format!("ghs_{digits}");
    }
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({"alg": "RS256", "typ": "JWT"}));
    let claims = part(json!({"iss": "github", "sub": digits, "pad": "x".repeat(120)}));
    format!("ghs_{APP_ID}_{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([b's'; 128]))
}
