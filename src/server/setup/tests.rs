use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn answers(name: &str, owner: &str, url: &str) -> Option<String> {
    let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    pages::Answers::read(&[of("name", name), of("owner", owner), of("url", url)]).wrong()
}

#[test]
fn answers_are_checked_before_an_app_is_made() {
    assert_eq!(answers("gate", "acme-corp", "https://gate.example/"), None);
    assert_eq!(answers("gate", "", "http://127.0.0.1:8080"), None);
    for (name, owner, url) in [
        ("", "", "https://gate.example"),
        (&*"x".repeat(35), "", "https://gate.example"),
        ("gate", "a/../b", "https://gate.example"),
        ("gate", "a b", "https://gate.example"),
        ("gate", "", ""),
        ("gate", "", "javascript:alert(1)"),
        ("gate", "", "https://user@gate.example"),
        // Browsers would not keep the cookies of sign-in.
        ("gate", "", "http://gate.example"),
    ] {
        assert!(answers(name, owner, url).is_some(), "{name:?} {owner:?} {url:?}");
    }
}

#[test]
fn credentials_are_written_for_nobody_else_to_read_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials.json");
    let stored = StoredCredentials {
        app_id: 7,
        private_key: SecretText::new("k"),
        webhook_secret: SecretText::new("w"),
        client_id: "c".to_owned(),
        client_secret: SecretText::new("s"),
        public_url: "https://gate.example".to_owned(),
    };
    assert_eq!(not_writable(&path), None);
    write(&path, &stored).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let read = StoredCredentials::from_json(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(read == stored);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = not_writable(&folder.path().join("missing/credentials.json")).unwrap();
    assert!(nowhere.contains("DOCKGATE_CREDENTIALS_FILE"), "{nowhere}");
}
