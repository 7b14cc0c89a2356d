//! Each cloud is asked in its own form, and its answer becomes the secret of its registry.

use std::fs;

use dockgate::registry::credential::aws::{AwsIdentity, AwsKeys, Ecr};
use dockgate::registry::credential::azure::{Acr, AzureIdentity, AzureProof};
use dockgate::registry::credential::google::{Google, GoogleIdentity};
use dockgate::registry::credential::{CredentialSource, Secret};
use secrecy::ExposeSecret as _;

use crate::fixture::{PASSWORD, authority, basic};
use crate::server::{Hit, Reply, Server};

/// A server that answers each path with its own text.
async fn answering(answers: &'static [(&'static str, &'static str)]) -> (Server, String) {
    let answer = move |hit: &Hit| {
        let found = answers.iter().find(|(path, _)| *path == hit.path);
        let text = |text: &str| text.replace("ECR-TOKEN", &basic()[6..]).replace("PASS-WORD", PASSWORD);
        found.map_or_else(|| Reply::status(404), |(_, answer)| Reply::new(200, &[], text(answer)))
    };
    let server = Server::plain(answer).await;
    let address = format!("http://127.0.0.1:{}", server.port);
    (server, address)
}

async fn secret_of(source: &impl CredentialSource) -> String {
    match source.issue().await.expect("a secret").secret {
        Some(Secret::Password { user, password }) => format!("{user}:{}", password.expose_secret()),
        Some(Secret::IdentityToken(token)) => format!("identity {}", token.expose_secret()),
        other => panic!("{other:?}"),
    }
}

const ECR_HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

#[tokio::test]
async fn ecr_gives_a_password_for_signed_keys() {
    let (server, address) =
        answering(&[("/", r#"{"authorizationData":[{"authorizationToken":"ECR-TOKEN","expiresAt":1.0}]}"#)]).await;
    let session_token = Some("session".into());
    let keys = AwsKeys { id: "the-id".to_owned(), secret: PASSWORD.into(), session_token };
    let ecr = Ecr::new(&authority(ECR_HOST), AwsIdentity::Keys(keys), reqwest::Client::new()).expect("an ECR host");
    let ecr = ecr.at(format!("{address}/"), String::new());
    assert_eq!(secret_of(&ecr).await, format!("robot:{PASSWORD}"));
    let hit = server.hits().remove(0);
    assert_eq!(hit.header("x-amz-target"), Some("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"));
    assert_eq!((hit.header("x-amz-security-token"), hit.body.as_str()), (Some("session"), "{}"));
    let authorization = hit.authorization().expect("a signature");
    let start = format!(
        "AWS4-HMAC-SHA256 Credential=the-id/{}/eu-west-1/ecr/aws4_request, SignedHeaders=",
        &hit.header("x-amz-date").expect("a date")[..8]
    );
    let names = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=";
    assert!(authorization.starts_with(&(start + names)), "{authorization}");
    assert!(!format!("{:?}{ecr:?}", server.hits()).contains(PASSWORD));
}

#[tokio::test]
async fn ecr_takes_the_role_of_a_cluster_token() {
    let (server, address) = answering(&[
        ("/ecr", r#"{"authorizationData":[{"authorizationToken":"ECR-TOKEN"}]}"#),
        (
            "/sts",
            r#"{"AssumeRoleWithWebIdentityResponse":{"AssumeRoleWithWebIdentityResult":{"Credentials":
                {"AccessKeyId":"assumed","SecretAccessKey":"x","SessionToken":"y","Expiration":1}}}}"#,
        ),
    ])
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let token_file = folder.path().join("token");
    fs::write(&token_file, "cluster-token\n").expect("a file");
    let identity =
        AwsIdentity::WebIdentity { role: "arn:aws:iam::1:role/r".to_owned(), token_file: token_file.clone() };
    let ecr = Ecr::new(&authority(ECR_HOST), identity, reqwest::Client::new()).expect("an ECR host");
    // The path of ECR is always the root; its signature is for that.
    let ecr = ecr.at(format!("{address}/ecr"), format!("{address}/sts"));
    assert_eq!(secret_of(&ecr).await, format!("robot:{PASSWORD}"));
    let hits = server.hits();
    assert!(hits[0].body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"), "{}", hits[0].body);
    assert!(hits[0].body.ends_with("WebIdentityToken=cluster-token"), "{}", hits[0].body);
    assert!(hits[1].authorization().expect("a signature").contains("Credential=assumed/"));
    fs::remove_file(token_file).expect("removed");
    assert!(ecr.issue().await.expect_err("no file").to_string().contains("token could not be read"));
}

#[tokio::test]
async fn acr_exchanges_a_token_of_the_tenant() {
    let (server, address) = answering(&[
        ("/the-tenant/oauth2/v2.0/token", r#"{"access_token":"entra"}"#),
        ("/oauth2/exchange", r#"{"refresh_token":"refresh"}"#),
    ])
    .await;
    let proof = AzureProof::Secret(PASSWORD.into());
    let identity = AzureIdentity { tenant: "the-tenant".to_owned(), client: "the-client".to_owned(), proof };
    let acr = Acr::new(&authority("acme.azurecr.io"), identity, reqwest::Client::new());
    let acr = acr.at(address.clone(), format!("{address}/oauth2/exchange"));
    assert_eq!(secret_of(&acr).await, "identity refresh");
    let hits = server.hits();
    assert!(hits[0].body.contains(&format!("client_secret={PASSWORD}")), "{}", hits[0].body);
    assert_eq!(hits[1].body, "grant_type=access_token&service=acme.azurecr.io&tenant=the-tenant&access_token=entra");
    assert!(!format!("{acr:?}").contains(PASSWORD));
}

#[tokio::test]
async fn google_gives_a_token_or_takes_a_key() {
    const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
    let (server, address) = answering(&[(PATH, r#"{"access_token":"PASS-WORD","expires_in":3599}"#)]).await;
    let google = Google::new(GoogleIdentity::Metadata, reqwest::Client::new()).at(address);
    assert_eq!(secret_of(&google).await, format!("oauth2accesstoken:{PASSWORD}"));
    assert_eq!(server.hits()[0].header("metadata-flavor"), Some("Google"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key.json");
    fs::write(&file, "{\"type\":\"service_account\"}").expect("a file");
    let google = Google::new(GoogleIdentity::KeyFile(file), reqwest::Client::new());
    assert_eq!(secret_of(&google).await, "_json_key:{\"type\":\"service_account\"}");
}

#[tokio::test]
async fn a_cloud_that_fails_is_not_quoted() {
    for answer in ["PASS-WORD", r#"{"error":"PASS-WORD"}"#] {
        let (_server, address) = match answer {
            "PASS-WORD" => answering(&[("/oauth2/exchange", "PASS-WORD")]).await,
            _ => answering(&[("/t/oauth2/v2.0/token", r#"{"error":"PASS-WORD"}"#)]).await,
        };
        let proof = AzureProof::Secret(PASSWORD.into());
        let identity = AzureIdentity { tenant: "t".to_owned(), client: "c".to_owned(), proof };
        let acr = Acr::new(&authority("acme.azurecr.io"), identity, reqwest::Client::new());
        let error = acr.at(address.clone(), format!("{address}/oauth2/exchange")).issue().await.expect_err("no secret");
        assert!(!format!("{error:?}").contains(PASSWORD), "{error}");
    }
}
