use super::*;

#[test]
fn content_is_named_by_its_hash() {
    let digest = Digest::of(b"");
    assert_eq!(digest.as_str(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert!(digest.names(b""));
    assert!(!digest.names(b"x"));
}

#[test]
fn sha512_is_checked_too() {
    let mut verifier = Verifier::new(format!("sha512:{}", hex(&Sha512::digest(b"layer"))).parse().expect("a digest"));
    verifier.update(b"la");
    verifier.update(b"yer");
    assert!(verifier.agrees());
}

#[test]
fn what_is_no_digest_is_refused() {
    let upper = format!("sha256:{}", "A".repeat(64));
    let short = format!("sha256:{}", "a".repeat(63));
    for text in ["", "sha256", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e", "../../etc", &upper, &short] {
        assert_eq!(text.parse::<Digest>(), Err(DigestError), "{text}");
    }
}
