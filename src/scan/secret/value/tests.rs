use super::*;

/// Checks how each of `values` under `name` is judged.
fn check(name: &str, step: Step, values: &[&str]) {
    let read = Name::read(name).unwrap();
    for value in values {
        assert_eq!(judge(value, Asked::of(&read)), step, "{name}: {value}");
    }
}

#[test]
fn fingerprints_of_keys_are_public_where_the_name_is_vague() {
    let fingerprint = "9B7C1A6F02D4E83B5517C0AA64F2E9D1083CB75E";
    check("tini_key", Step::Public, &[fingerprint]);
    check("api_key", Step::Random, &[fingerprint]);
}

#[test]
fn references_are_never_secrets() {
    let values = [
        "${DB_PASSWORD}",
        "$DB_PASSWORD",
        "$(DB_PASSWORD)",
        "((db-token",
        "{{ .Values.password }}",
        "<%= password %>",
        "op://vault/db/password",
        "vault:secret/db#password",
        "ref+vault://secret/db#pw",
        "/run/secrets/db",
        "/tmp/pgpass0",
        "~/.pgpass1",
        "file:/etc/db",
        "env:DB_PASSWORD",
        "%s",
        "%(pw)s",
        "@Microsoft.KeyVault(SecretUri=https://v)",
        "arn:aws:secretsmanager:eu-west-1:1:secret:db",
        "%DB_PASSWORD%",
        "#{password}#",
        "secretKeyRef: db",
        "getenv('DB')",
        "config.get(\"db\")",
        "os.environ['DB']",
        "var.db_password",
        "<password>",
        "[password]",
        "$$(cat /run/secrets/db)",
        "!vault |",
        "${{ secrets.DB }}",
        "$env:DB_PASSWORD",
        "@db_password@",
        "&db_password",
        "{{ lookup('x', ']') }}",
        "${DB:?set it (please)}",
        "db.internal2.acme",
        "form.password2",
        "node1.internal2",
        "secret/data/K8s",
        "token/Renew12",
        "images/logo2",
        "step two of 12",
    ];
    for value in values {
        let read = Name::read("password").unwrap();
        let step = judge(value, Asked::of(&read));
        assert!(matches!(step, Step::Reference | Step::OtherThing), "{value}: {step:?}");
    }
}

#[test]
fn ciphertext_hashes_and_public_values_are_told_apart() {
    check(
        "password",
        Step::Ciphertext,
        &[
            "ENC[AES256_GCM,data:YWJj,iv:YWJj,tag:YWJj]",
            "ENC(YWJjZGVmZ2hpamtsbW5v)",
            "{cipher}0a1b2c",
            "{COQLCE6DU6GtcS5PaB=}",
            "$ANSIBLE_VAULT;1.1;AES256",
        ],
    );
    check(
        "password",
        Step::PasswordHash,
        &[
            "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
            "$apr1$abcdefgh$ABCDEFGHIJKLMNOPQRSTUV",
            "{SSHA}c2VjcmV0IGhhc2ggb2YgaXQ=",
        ],
    );
    check(
        "private_key",
        Step::Public,
        &["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", "-----BEGIN CERTIFICATE-----\nMIIC"],
    );
    check("token", Step::Digest, &["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]);
    check("token", Step::Documented, &["abcdef.0123456789abcdef", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]);
}

#[test]
fn what_says_itself_that_it_is_none_is_none() {
    check("password", Step::Masked, &["********", "xxxxxxxx", "••••••", "...", "[REDACTED] by x", "aaaaaaaa"]);
    check(
        "password",
        Step::Placeholder,
        &[
            "your-password",
            "REPLACE_ME",
            "__PASSWORD__",
            "DB_PASSWORD",
            "insert-password-here",
            "example-password",
            "Example123",
            "DB_PASSWORD_2024",
        ],
    );
    check(
        "api_key",
        Step::Placeholder,
        &[
            "YOUR_API_KEY",
            "your-api-key",
            "placeholder",
            "TODO",
            "dummy",
            "my-example-key",
            "1234567890abcdef",
            "12345",
        ],
    );
    check("api_key", Step::OwnName, &["api_key", "apikey", "token", "changeit"]);
}

#[test]
fn defaults_people_and_machines_are_told_apart() {
    check(
        "password",
        Step::Default,
        &[
            "postgres",
            "admin",
            "changeme",
            "change-me",
            "Password1",
            "my-very-secret-password",
            "123456",
            "P@ssw0rd",
            "root",
        ],
    );
    check(
        "password",
        Step::Human,
        &[
            "hunter2",
            "correcthorse",
            "correct horse battery staple",
            "ExampleTiger42",
            "Summer2024!",
            "Tiger-copper-42",
            "dragonfly9",
            "MyTestDragon77",
            "river.lantern7",
            "Lantern.2041",
            "41river.lantern",
            "copper/Lantern42",
            "ORANGE_THUNDER_2024",
            "marble lantern 33",
            "солнце2024",
        ],
    );
    check(
        "password",
        Step::Random,
        &[
            "x9Kq2LmZ7pRt4WvB",
            "t7#Kp!2vQz9@Lm",
            "/yzLIL78Zeln/IMVRFyTBEKYXmex2F9E3t+TdW7AMO8=",
            "//6ngN+I8lerDz/bTvMEr+gkqAwo56HxMnsEMGi4yNY=",
        ],
    );
    check(
        "api_key",
        Step::Random,
        &[
            "08JD4JMiuJ4hwMqBH0epTBdE97PUy2q8",
            "dfed3d7de470072f481944dd0bf3ecff",
            "3a38a363-ff5e-47bc-afe1-aa6fdafe2aee",
            "7205946183047261938455",
        ],
    );
    check("jwt_secret", Step::Human, &["Tiger-copper-42-signing", "super-long-phrase-for-jwt1"]);
}

#[test]
fn other_things_are_no_secrets() {
    check(
        "password",
        Step::OtherThing,
        &[
            "true",
            "null",
            "/etc/db/password",
            "secret.txt",
            "https://sso.acme.io/token",
            "string",
            "30s",
            "acme.password.store",
            "the name of a pet",
            "must hold eight characters",
            "Passwort bitte eingeben",
            "me@acme.io",
        ],
    );
    check("secret", Step::Wording, &["grafana-admin", "db-credentials"]);
    check("token", Step::Wording, &["my-service", "default-token"]);
    check("auth", Step::Wording, &["basicauth", "required-by-proxy"]);
    check("password", Step::Size, &["", " "]);
}

#[test]
fn the_literal_in_a_reference_is_found() {
    for (value, literal) in [
        ("${A:-secret}", "secret"),
        ("${db.password:hunter2}", "hunter2"),
        ("{{ .Values.p | default \"hunter2\" }}", "hunter2"),
        ("${A:?must be set}", ""),
        ("${A}", ""),
        ("${A:-${B}}", ""),
    ] {
        let found = literal_default(value).map_or("", |(start, end)| &value[start..end]);
        assert_eq!(found, literal, "{value}");
    }
}

#[test]
fn a_long_value_costs_its_length() {
    let name = Name::read("password").unwrap();
    for text in ["a", "$(", "-", "aB3$", "{{"] {
        assert_ne!(judge(&text.repeat(2_000), Asked::of(&name)), Step::Default);
    }
    assert_eq!(judge(&"a".repeat(1_000_000), Asked::of(&name)), Step::Size);
}

#[test]
fn letters_that_no_word_is_made_of_are_told_from_words() {
    for value in ["fzqputzfdoje", "KXWQTZPD", "crzwqbtmvxutjfta"] {
        assert!(words::is_gibberish(value), "{value}");
    }
    for value in
        ["password", "correcthorse", "kubernetes", "postgresql", "authentication", "short", "Mixedcase", "a1b2c3d4"]
    {
        assert!(!words::is_gibberish(value), "{value}");
    }
}

#[test]
fn texts_of_other_formats_are_no_passwords() {
    check(
        "password",
        Step::Reference,
        &["{$ILO.PASSWORD}", "@client_password@2", "[parameters('publicKey')]", "$token&project=x2"],
    );
    check(
        "password",
        Step::OtherThing,
        &["{\"algorithm\":\"argon2\",\"n\":1}", "--password=$3x", "-Dkey.password=x9Kq2LmZ", "Variant[", "1538"],
    );
    check(
        "password",
        Step::PasswordHash,
        &["{SHA384}WKd1ukESvjAFrkQHznV9iP2nHUBJe7gCbsrFTU4", "$2$8y16z4benwtsemhh$pufmrdhm41s53eccisds6rxych3"],
    );
    check("password", Step::Ciphertext, &["__encrypt__yFOcJAvns8+JhQK+5/epzw==:txdHCA3C3xriWWFP"]);
    check("password", Step::Placeholder, &["managed-by-external-secrets", "set-via-sops"]);
    check("password", Step::Default, &["changemeibegyou", "test2", "testtest", "cGFzc3dvcmQK", "systemPassword"]);
    check("password", Step::Human, &["{PLAIN}copper-lantern-77", "$4copper$lantern", "148203957"]);
    check("license", Step::OtherThing, &["admin/img/LICENSE.2c54f4e1ca1c"]);
    check("psk", Step::Default, &["000102030405060708090a0b0c0d0e0f1011"]);
    check("api_key", Step::Placeholder, &["00112233445566778899aabbccddeeff"]);
    check("api_key", Step::Random, &["mtX0moDoqW4sg8NFNl5o:FA6Qd8Mj7zdnbMjAdTdl"]);
}

#[test]
fn marks_that_a_random_value_has_by_chance_decide_nothing() {
    check(
        "password",
        Step::Random,
        &[
            "jamK5AB_W1vB.Ep6",
            "yvs18t1F/lf7",
            "T5QRA-23DSX-YZ7VE",
            "r3eJXCe.7nDB.t4X",
            "4dvheax9wci1",
            "m{{h}o)p${e]nob(ody[finds>-_$#this-one}}",
        ],
    );
    check("session_secret", Step::Random, &["4dvheax9wci1"]);
    check("session_secret", Step::Human, &["CopperRiverLantern"]);
    check("auth_secret", Step::Wording, &["basic-auth-users2", "registry-auth-2024", "app-tls2"]);
    check("credentials", Step::Random, &["K2u6mFw8wJOsAf"]);
    check(
        "password",
        Step::OtherThing,
        &["Passwort:", "kDHEPSK:kECDHEPSK:", "请输入6位密码和用户名", "Das Kennwort ist ungültig (min. 8)"],
    );
}
