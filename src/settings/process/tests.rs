use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(flags: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<ProcessSettings, String> {
    let file = |path: &str| match path {
        "/key" => Ok("the key\n".to_owned()),
        "/url" => Ok("postgres://db/queue\n".to_owned()),
        _ => Err("no such file".to_owned()),
    };
    ProcessSettings::read(&map(flags), &map(environment), file).map_err(|errors| errors.to_string())
}

#[test]
fn nothing_set_gives_the_defaults() {
    let settings = read(&[], &[("PATH", "/bin"), ("DOCKGATE_WORKERS", "")]).unwrap();
    assert_eq!(settings, ProcessSettings::default());
    assert_eq!(settings.missing().len(), 3);
    assert!(settings.effective().iter().all(|(_, _, origin)| *origin == Origin::Default));
}

#[test]
fn flags_stand_over_the_environment() {
    let settings = read(
        &[("DOCKGATE_LISTEN", "127.0.0.1:1")],
        &[("DOCKGATE_LISTEN", "127.0.0.1:2"), ("DOCKGATE_WORKERS", "8"), ("DOCKGATE_LOG_FORMAT", "json")],
    );
    let settings = settings.unwrap();
    assert_eq!((settings.listen.value.port(), settings.listen.origin), (1, Origin::Flag));
    assert_eq!((settings.workers.value, settings.workers.origin), (8, Origin::Environment));
    assert_eq!(settings.log_format.value, LogFormat::Json);
}

#[test]
fn images_are_watched_only_where_they_are_scanned() {
    let wrong = read(&[], &[("DOCKGATE_IMAGE_WATCH_SECONDS", "86400")]).unwrap_err();
    assert!(wrong.contains("DOCKGATE_IMAGES=scan"), "{wrong}");
    let settings = read(&[], &[("DOCKGATE_IMAGE_WATCH_SECONDS", "86400"), ("DOCKGATE_IMAGES", "scan")]).unwrap();
    assert_eq!(settings.images.watch.value, Duration::from_hours(24));
}

#[test]
fn a_scanner_elsewhere_needs_its_address() {
    for kind in ["trivy-server", "harbor"] {
        let wrong = read(&[], &[("DOCKGATE_IMAGE_SCANNER", kind)]).unwrap_err();
        assert!(wrong.contains("DOCKGATE_IMAGE_SCANNER_URL") && wrong.contains(kind), "{wrong}");
        let url = ("DOCKGATE_IMAGE_SCANNER_URL", "https://scanner.example/");
        let settings = read(&[], &[("DOCKGATE_IMAGE_SCANNER", kind), url, ("DOCKGATE_IMAGE_SCANNER_TOKEN", "abc")]);
        let images = settings.unwrap().images;
        assert_eq!(images.scanner.value.name(), kind);
        assert_eq!(images.scanner_url.value.as_deref(), Some("https://scanner.example"));
        assert!(images.effective().iter().all(|(_, value, _)| value != "abc"), "a token is not shown");
    }
    assert!(read(&[], &[("DOCKGATE_IMAGE_SCANNER", "clair")]).unwrap_err().contains("embedded, trivy"));
}

#[test]
fn resolving_threads_is_a_choice() {
    assert!(!read(&[], &[]).unwrap().resolve_threads.value);
    assert!(read(&[], &[("DOCKGATE_RESOLVE_THREADS", "true")]).unwrap().resolve_threads.value);
    let wrong = read(&[], &[("DOCKGATE_RESOLVE_THREADS", "yes")]).unwrap_err();
    assert!(wrong.contains("DOCKGATE_RESOLVE_THREADS") && wrong.contains("true or false"), "{wrong}");
}

#[test]
fn the_web_address_follows_the_api() {
    for (api, expected) in [
        ("https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://github.com"),
        ("https://git.acme.example/api/v3", "https://git.acme.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("http://127.0.0.1:4600", "http://127.0.0.1:4600"),
    ] {
        let settings = read(&[], &[("DOCKGATE_GITHUB_API_URL", api)]).unwrap();
        assert_eq!(settings.github_url.value, expected, "{api}");
    }
    let own = read(&[], &[("DOCKGATE_GITHUB_API_URL", "http://a"), ("DOCKGATE_GITHUB_URL", "http://b/")]).unwrap();
    assert_eq!(own.github_url.value, "http://b");
}

#[test]
fn secrets_come_from_a_file_or_a_variable_and_are_never_printed() {
    let settings = read(
        &[],
        &[
            ("DOCKGATE_PRIVATE_KEY_FILE", "/key"),
            ("DOCKGATE_WEBHOOK_SECRET", "open\\nsesame"),
            ("DOCKGATE_APP_ID", "7"),
        ],
    );
    let settings = settings.unwrap();
    assert_eq!(settings.private_key.value.as_ref().unwrap().expose(), "the key");
    assert_eq!(settings.webhook_secret.value.as_ref().unwrap().expose(), "open\nsesame");
    assert_eq!(settings.missing(), [""; 0]);
    let printed = format!("{settings:?} {:?}", settings.effective());
    assert!(!printed.contains("sesame") && !printed.contains("the key"), "{printed}");
}

#[test]
fn every_mistake_is_told_at_once() {
    let errors = read(
        &[],
        &[
            ("DOCKGATE_APP_ID", "seven"),
            ("DOCKGATE_DATABASE_URL", "mysql://user:pass@host/db"),
            ("DOCKGATE_RETENTION_DAYS", "0"),
            ("DOCKGATE_LISTEN", "8080"),
            ("DOCKGATE_PRIVATE_KEY_FILE", "/none"),
            ("DOCKGATE_WEBHOOK_SECRET", "x"),
            ("DOCKGATE_WEBHOOK_SECRET_FILE", "/key"),
        ],
    );
    let errors = errors.unwrap_err();
    assert_eq!(
        errors,
        "DOCKGATE_LISTEN: found \"8080\", expected an address such as 0.0.0.0:8080\n\
         DOCKGATE_APP_ID: found \"seven\", expected the App ID, a number\n\
         DOCKGATE_PRIVATE_KEY_FILE: /none could not be read: no such file\n\
         DOCKGATE_WEBHOOK_SECRET: set together with DOCKGATE_WEBHOOK_SECRET_FILE; set one of them\n\
         DOCKGATE_DATABASE_URL: found \"mysql://…@host/db\", \
         expected sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME\n\
         DOCKGATE_RETENTION_DAYS: found \"0\", expected days from 1 to 3650"
    );
}

#[test]
fn the_password_of_a_database_is_for_the_database_only() {
    let url = format!("postgres://gate:{0}2@db.internal/queue?sslmode=verify-full&password={0}3", "hunter");
    let settings = read(&[], &[("DOCKGATE_DATABASE_URL", &url), ("DOCKGATE_RETENTION_DAYS", "30")]).unwrap();
    assert_eq!(settings.database.url.value.expose(), url);
    assert_eq!(settings.database.url.value.kind(), "PostgreSQL");
    assert_eq!(settings.database.retention.value, Duration::from_hours(30 * 24));
    let printed = format!("{settings:?} {:?} {}", settings.effective(), settings.database.url.value);
    assert!(printed.contains("postgres://…@db.internal/queue") && !printed.contains("hunter"), "{printed}");

    // The driver logs what it does not know, so that is refused here.
    let mistyped = format!("postgres://db/queue?pasword={}2", "hunter");
    let error = read(&[], &[("DOCKGATE_DATABASE_URL", &mistyped)]).unwrap_err();
    assert!(error.contains("postgres://db/queue?…") && !error.contains("hunter2"), "{error}");

    let from_file = read(&[], &[("DOCKGATE_DATABASE_URL_FILE", "/url")]).unwrap();
    assert_eq!(from_file.database.url.value.expose(), "postgres://db/queue");
}

#[test]
fn a_name_that_means_nothing_is_noted_and_harms_nothing() {
    let service_link = ("DOCKGATE_SERVICE_HOST", "10.0.0.1");
    let settings = read(&[], &[("DOCKGATE_WORKER", "3"), service_link]).unwrap();
    assert_eq!(settings.unknown, ["DOCKGATE_SERVICE_HOST", "DOCKGATE_WORKER; did you mean DOCKGATE_WORKERS?"]);
}

#[test]
fn one_installation_may_use_more_workers_where_replicas_share_the_work() {
    let jobs = |environment: &[(&str, &str)]| {
        let settings = read(&[], environment).unwrap();
        settings.database.jobs_per_installation(settings.workers.value)
    };
    let shared = ("DOCKGATE_DATABASE_URL", "postgres://db/queue");
    assert_eq!((jobs(&[]), jobs(&[("DOCKGATE_WORKERS", "1")]), jobs(&[shared])), (3, 1, 16));
    assert_eq!(jobs(&[shared, ("DOCKGATE_JOBS_PER_INSTALLATION", "100")]), 100);
}

fn stored() -> web::StoredCredentials {
    let text = r#"{"app_id":7,"private_key":"k","webhook_secret":"w","client_id":"c","client_secret":"s",
        "public_url":"https://gate.example"}"#;
    web::StoredCredentials::from_json(text).unwrap()
}

#[test]
fn what_the_set_up_made_counts_unless_an_app_is_named() {
    let mut settings = read(&[], &[("DOCKGATE_PUBLIC_URL", "https://own.example/")]).unwrap();
    settings.complete(stored());
    assert!(settings.missing().is_empty());
    assert_eq!((settings.app_id.value, settings.app_id.origin), (Some(7), Origin::Credentials));
    assert_eq!(settings.web.sign_in().map(|(id, secret)| (id, secret.expose())), Some(("c", "s")));
    assert_eq!(settings.web.public_url.value.as_deref(), Some("https://own.example"));
    let shown = format!("{:?}", settings.effective());
    assert!(shown.contains("Credentials") && !shown.contains("\"s\"") && !shown.contains("\"k\""), "{shown}");
    let mut named = read(&[], &[("DOCKGATE_APP_ID", "8")]).unwrap();
    named.complete(stored());
    assert_eq!((named.app_id.value, named.missing().len()), (Some(8), 2));
    assert_eq!(
        web::StoredCredentials::from_json("{\n\"app_id\": \"secret\"}").err().as_deref(),
        Some("line 2, column 18")
    );
}

#[test]
fn the_file_of_credentials_is_beside_the_database() {
    for (database, expected) in [
        ("sqlite:///var/lib/dockgate/dockgate.db", "/var/lib/dockgate/dockgate-credentials.json"),
        ("sqlite:///var/lib/dockgate/dockgate.db?mode=rwc", "/var/lib/dockgate/dockgate-credentials.json"),
        ("sqlite://data/dockgate.db", "data/dockgate-credentials.json"),
        ("sqlite://dockgate.db", "dockgate-credentials.json"),
        ("sqlite:///dockgate.db", "/dockgate-credentials.json"),
    ] {
        let settings = read(&[], &[("DOCKGATE_DATABASE_URL", database)]).unwrap();
        assert_eq!(settings.web.credentials_file.value, expected, "{database}");
    }
}

#[test]
fn sign_in_takes_both_halves_and_an_address_that_keeps_cookies() {
    let id = ("DOCKGATE_CLIENT_ID", "c");
    let secret = ("DOCKGATE_CLIENT_SECRET", "s");
    assert!(read(&[], &[id]).unwrap_err().contains("together with DOCKGATE_CLIENT_SECRET"));
    let plain = ("DOCKGATE_PUBLIC_URL", "http://gate.example");
    assert!(read(&[], &[id, secret, plain]).unwrap_err().contains("takes an https:// address"));
    assert!(read(&[], &[plain]).is_ok());
    for url in ["https://gate.example", "http://localhost:8080", "http://127.0.0.1:1"] {
        assert!(read(&[], &[id, secret, ("DOCKGATE_PUBLIC_URL", url)]).is_ok(), "{url}");
    }
}
