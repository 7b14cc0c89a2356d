//! Made-up JSON web tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{DIGITS, LOWER, Random, UPPER};

/// A time in 2033, in seconds.
const LATER: u64 = 2_000_000_000;
/// A time in 2018, in seconds.
const EARLIER: u64 = 1_516_239_022;

/// The token of a kind that begins with `jwt`.
pub(super) fn token(kind: &str, random: &mut Random) -> Option<String> {
    let user = random.text(LOWER, 8);
    let id = random.text(&format!("{LOWER}{DIGITS}"), 20);
    let payload = match kind {
        "jwt" | "jwt-unsigned" => format!(r#"{{"sub":"{user}","iat":{EARLIER},"exp":{LATER}}}"#),
        "jwt-endless" => format!(r#"{{"sub":"{user}","iat":{EARLIER}}}"#),
        "jwt-expired" => format!(r#"{{"iss":"https://login.acme.io","sub":"{user}","exp":{EARLIER}}}"#),
        "jwt-sample" => format!(r#"{{"sub":"1234567890","name":"John Doe","iat":{EARLIER}}}"#),
        "jwt-argocd" => {
            format!(r#"{{"iss":"argocd","sub":"{user}:apiKey","nbf":{EARLIER},"iat":{EARLIER},"jti":"{id}"}}"#)
        }
        "jwt-kubernetes" => format!(
            r#"{{"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/namespace":"{user}","sub":"system:serviceaccount:{user}:ci"}}"#
        ),
        "jwt-supabase-anon" | "jwt-supabase-service" => {
            let role = if kind == "jwt-supabase-anon" { "anon" } else { "service_role" };
            format!(r#"{{"iss":"supabase","ref":"{id}","role":"{role}","iat":{EARLIER},"exp":{LATER}}}"#)
        }
        "jwt-1password" => format!(
            r#"{{"1password.com/auuid":"{id}","1password.com/vts":[{{"u":"{user}","a":48}}],"aud":["com.1password.connect"],"sub":"{id}"}}"#
        ),
        _ => return None,
    };
    let header = match kind {
        "jwt-unsigned" => r#"{"alg":"none","typ":"JWT"}"#.to_owned(),
        "jwt-kubernetes" => format!(r#"{{"alg":"RS256","kid":"{id}"}}"#),
        _ => r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(),
    };
    let length = match kind {
        "jwt-unsigned" => 0,
        "jwt-kubernetes" => 342,
        _ => 43,
    };
    let signature = random.text(&format!("{DIGITS}{UPPER}{LOWER}-_"), length);
    Some(format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload)))
}
