//! Hard negatives: what looks like a secret and is none. Nothing of them may be found.

use dockgate::scan::secret::fake;

use super::item::Item;
use super::random::Random;

/// A kind of value that is no secret: its name, the names of settings that hold it, and how a value is made.
struct Kind {
    name: &'static str,
    settings: &'static [&'static str],
    make: fn(&mut Random) -> String,
}

const fn kind(name: &'static str, settings: &'static [&'static str], make: fn(&mut Random) -> String) -> Kind {
    Kind { name, settings, make }
}

const SECRET: &[&str] =
    &["db password", "api key", "auth token", "client secret", "admin password", "secret key", "access token"];

const KINDS: &[Kind] = &[
    kind("n_env_reference", SECRET, |random| {
        let name = random.word().to_uppercase();
        random
            .one(&["${NAME}", "$(NAME)", "$NAME", "%NAME%", "${NAME:?}", "#{NAME}#"])
            .replace("NAME", &format!("{name}_SECRET"))
    }),
    kind("n_template", SECRET, |random| {
        random
            .one(&[
                "{{ .Values.auth.password }}",
                "<%= secret %>",
                "{{ vault_password }}",
                "[[ password ]]",
                "{{ env.TOKEN }}",
            ])
            .to_owned()
    }),
    kind("n_workflow_expression", SECRET, |_| "${{ secrets.DEPLOY_KEY }}".to_owned()),
    kind("n_store_reference", SECRET, |random| {
        let word = random.word();
        random
            .one(&[
                "op://prod/NAME/password",
                "vault:secret/data/NAME#key",
                "ref+vault://secret/NAME#key",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:NAME",
                "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/NAME)",
                "projects/acme/secrets/NAME/versions/latest",
                "awssm://prod/NAME",
            ])
            .replace("NAME", &word)
    }),
    kind("n_file_reference", SECRET, |random| format!("/run/secrets/{}_password", random.word())),
    kind("n_angle", SECRET, |random| {
        random.one(&["<your-password>", "<API_KEY>", "<token>", "<insert key here>"]).to_owned()
    }),
    kind("n_masked", SECRET, |random| {
        random
            .one(&[
                "********",
                "xxxxxxxxxxxx",
                "••••••••",
                "XXXXXXXXXXXXXXXX",
                "***REMOVED***",
                "<redacted>",
                "[REDACTED]",
            ])
            .to_owned()
    }),
    kind("n_placeholder", SECRET, |random| {
        random
            .one(&[
                "REPLACE_ME",
                "your-api-key-here",
                "YOUR_PASSWORD",
                "__REPLACE_ME__",
                "TODO",
                "your_token",
                "insert-your-key",
                "placeholder",
                "dummy-value",
                "example-password",
                "my-example-token",
            ])
            .to_owned()
    }),
    kind("n_documented", &["aws secret access key", "secret access key"], |_| {
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()
    }),
    kind("n_sops", SECRET, |random| {
        format!(
            "ENC[AES256_GCM,data:{},iv:{},tag:{},type:str]",
            random.base64(12),
            random.base64(32),
            random.base64(16)
        )
    }),
    kind("n_sealed", &["password", "token"], |random| format!("AgB{}", random.base64(300))),
    kind("n_jasypt", SECRET, |random| format!("ENC({})", random.base64(24))),
    kind("n_cipher", SECRET, |random| format!("{{cipher}}{}", random.hex(64))),
    kind("n_dummy_checksum", &["github token", "auth token"], |_| {
        fake::expand("{fake:github-token-dummy}").into_owned()
    }),
    kind("n_git_sha", &["revision", "commit", "target revision", "git sha"], |random| random.hex(40)),
    kind("n_digest", &["image digest", "checksum", "sha"], |random| format!("sha256:{}", random.hex(64))),
    kind("n_integrity", &["integrity", "hash"], |random| format!("sha512-{}", random.base64(64))),
    kind("n_uuid", &["tenant id", "subscription id", "client id", "uid"], Random::uuid),
    kind("n_key_id", &["aws access key id", "access key id"], |random| {
        format!("AKIA{}", random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))
    }),
    kind("n_public_key", &["ssh public key", "public key"], |random| {
        format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}", random.base64(32))
    }),
    kind("n_certificate", &["ca bundle", "client certificate", "certificate data"], |random| {
        format!("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t{}", random.base64(600))
    }),
    kind("n_url", &["token url", "auth url", "jwks uri", "database url"], |random| {
        format!("https://sso.acme.io/realms/{}/token", random.word())
    }),
    kind("n_secret_name", &["secret name", "existing secret", "token secret ref", "password key"], |random| {
        format!("{}-credentials", random.word())
    }),
    kind(
        "n_policy",
        &[
            "password policy",
            "password min length",
            "token ttl",
            "key algorithm",
            "token type",
            "secret type",
            "password encoder",
        ],
        |random| random.one(&["strict", "12", "30m", "RS256", "bearer", "Opaque", "bcrypt"]).to_owned(),
    ),
    kind(
        "n_switch",
        &["use password", "show password", "allow empty password", "token enabled", "secret required"],
        |random| random.one(&["true", "false", "yes"]).to_owned(),
    ),
    kind(
        "n_other_key",
        &["cache key", "partition key", "sort key", "message key", "object key", "label key"],
        |random| format!("{}-{}", random.word(), random.hex(8)),
    ),
    kind("n_image", &["logo", "icon"], |random| format!("data:image/png;base64,{}", random.base64(120))),
    kind("n_publishable", &["publishable key", "stripe public key"], |random| format!("pk_live_{}", random.alnum(24))),
    kind("n_version", &["image tag", "version", "chart version"], |random| {
        format!("1.{}.{}-{}", random.below(30), random.below(9), random.hex(7))
    }),
    kind("n_host", &["auth host", "token endpoint", "vault address"], |random| {
        format!("{}.prod.svc:8443", random.word())
    }),
    kind("n_prose", &["password hint", "token description", "secret message"], |_| {
        "the name of your first pet".to_owned()
    }),
    kind("n_when", &["update password"], |random| random.one(&["on_create", "when_changed", "always"]).to_owned()),
    kind("n_arn", &["resource", "secret arn"], |random| {
        format!("arn:aws:secretsmanager:*:*:secret:prod-{}-{}", random.word(), random.alnum(6))
    }),
    kind("n_module", &["gen pwd", "merge pwd"], |random| format!("acme.{}.mergepwd:main", random.word())),
    kind("n_field", SECRET, |random| format!("prefix={{{}_secret}}", random.word())),
    kind("n_type", SECRET, |_| "AWS::Location::APIKey".to_owned()),
    kind("n_path_of_variable", &["private key", "secret key"], |random| format!("$HOME/.ssh/{}_key", random.word())),
    kind("n_data", &["license data", "signature data"], |random| random.base64(900)),
    kind("n_dated_name", &["secret", "client secret"], |random| format!("{}_creds_jan_2026", random.word())),
    kind("n_translation", SECRET, |random| random.one(&["пароль", "密码至少8位", "パスワードを入力"]).to_owned()),
    kind("n_object", &["auth secret", "token secret", "tls secret"], |random| {
        format!("{}-auth-users{}", random.word(), random.below(9))
    }),
    kind("n_user", &["db user", "username", "auth user"], Random::word),
];

/// One setting of each kind.
pub fn items(random: &mut Random, round: usize) -> Vec<Item> {
    let item = |kind: &Kind| {
        let name = kind.settings[round % kind.settings.len()].split(' ').map(str::to_owned).collect();
        Item {
            kind: kind.name,
            name,
            before: String::new(),
            secret: (kind.make)(random),
            after: String::new(),
            is_secret: false,
        }
    };
    KINDS.iter().map(item).collect()
}
