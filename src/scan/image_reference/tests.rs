use super::ImageReferenceError as Error;
use super::*;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

type Parts<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>);

/// `expected`: registry, path, tag, and anything for a digest. `HEX` stands for 64 digits.
fn check(text: &str, expected: Result<Parts<'_>, Error>) {
    let text = text.replace("HEX", HEX);
    let parsed = ImageReference::parse(&text);
    let found = parsed.as_ref().map(|image| (image.registry(), image.path(), image.tag(), image.digest()));
    let digest = format!("sha256:{HEX}");
    let expected = expected.map(|(registry, path, tag, pin)| (registry, path, tag, pin.map(|_| digest.as_str())));
    assert_eq!(found.map_err(|error| *error), expected, "{text}");
}

#[test]
fn names_are_read_as_an_engine_reads_them() {
    let hub = "docker.io";
    for (text, registry, path, tag, digest) in [
        ("nginx", hub, "library/nginx", None, false),
        ("nginx:1.27", hub, "library/nginx", Some("1.27"), false),
        ("nginx@sha256:HEX", hub, "library/nginx", None, true),
        ("nginx:1.27@sha256:HEX", hub, "library/nginx", Some("1.27"), true),
        ("acme/web", hub, "acme/web", None, false),
        ("acme/team/web:v1", hub, "acme/team/web", Some("v1"), false),
        ("library/nginx", hub, "library/nginx", None, false),
        ("docker.io/nginx", hub, "library/nginx", None, false),
        ("docker.io/acme/web", hub, "acme/web", None, false),
        ("index.docker.io/nginx", hub, "library/nginx", None, false),
        ("index.docker.io/acme/web:1", hub, "acme/web", Some("1"), false),
        ("ghcr.io/acme/web", "ghcr.io", "acme/web", None, false),
        ("quay.io/web", "quay.io", "web", None, false),
        ("localhost/web", "localhost", "web", None, false),
        ("localhost:5000/web", "localhost:5000", "web", None, false),
        ("localhost:5000/web:5000", "localhost:5000", "web", Some("5000"), false),
        ("registry:5000", hub, "library/registry", Some("5000"), false),
        ("registry:5000/web", "registry:5000", "web", None, false),
        ("Foo/bar", "Foo", "bar", None, false),
        ("MYHOST/a/b:c", "MYHOST", "a/b", Some("c"), false),
        ("[::1]:5000/x", "[::1]:5000", "x", None, false),
        ("[2001:db8::1]/x:1", "[2001:db8::1]", "x", Some("1"), false),
        ("192.168.1.10:5000/a", "192.168.1.10:5000", "a", None, false),
        ("xn--7o8h.com/a", "xn--7o8h.com", "a", None, false),
        ("a-b/c_d/e__f/g.h/i---j:t", hub, "a-b/c_d/e__f/g.h/i---j", Some("t"), false),
        ("nginx:_x", hub, "library/nginx", Some("_x"), false),
        ("nginx:V1.0-RC.1", hub, "library/nginx", Some("V1.0-RC.1"), false),
        ("mcr.microsoft.com/dotnet/sdk:8.0@sha256:HEX", "mcr.microsoft.com", "dotnet/sdk", Some("8.0"), true),
    ] {
        check(text, Ok((registry, path, tag, digest.then_some("pinned"))));
    }
}

#[test]
fn what_the_grammar_refuses_is_refused_by_part() {
    for (text, error) in [
        ("", Error::Empty),
        ("HEX", Error::ImageId),
        ("Nginx", Error::UpperCase),
        ("acme/Web", Error::UpperCase),
        ("ghcr.io/Acme/web", Error::UpperCase),
        ("-nginx", Error::Repository),
        ("nginx-", Error::Repository),
        ("a..b", Error::Repository),
        ("a___b", Error::Repository),
        ("a//b", Error::Repository),
        ("/a", Error::Repository),
        ("a/", Error::Repository),
        ("ghcr.io/", Error::Repository),
        ("a b", Error::Repository),
        ("nginx:", Error::Tag),
        ("nginx:-x", Error::Tag),
        ("nginx:a:b", Error::Tag),
        ("nginx:ä", Error::Tag),
        ("nginx@", Error::Digest),
        ("nginx@sha256:abc", Error::Digest),
        ("nginx@md5:HEX", Error::Digest),
        ("nginx@sha256:HEX0", Error::Digest),
        ("nginx@sha256:HEX@sha256:HEX", Error::Digest),
        ("-host.io/a", Error::Host),
        ("host:port/a", Error::Host),
        ("[::g]/a", Error::Host),
        ("[::1]5000/a", Error::Host),
        ("a..b/c", Error::Host),
        ("https://nginx", Error::Host),
    ] {
        check(text, Err(error));
    }
    check(&format!("a:{}", "t".repeat(129)), Err(Error::Tag));
    check(&"a".repeat(248), Err(Error::TooLong));
    check(&"A".repeat(64), Err(Error::UpperCase));
}

#[test]
fn familiar_names_are_what_people_write() {
    for (text, familiar, repository) in [
        ("docker.io/library/nginx:1", "nginx", "docker.io/library/nginx"),
        ("index.docker.io/acme/web", "acme/web", "docker.io/acme/web"),
        ("library/a/b", "library/a/b", "docker.io/library/a/b"),
        ("ghcr.io/library/nginx", "ghcr.io/library/nginx", "ghcr.io/library/nginx"),
    ] {
        let image = ImageReference::parse(text).unwrap();
        assert_eq!((image.familiar_name().as_str(), image.repository().as_str()), (familiar, repository));
    }
}

#[test]
fn the_ranges_cut_the_written_text() {
    let image = ImageReference::parse("localhost:5000/web:1.2").unwrap();
    assert_eq!(&image.raw()[image.name_range()], "localhost:5000/web");
    assert_eq!(&image.raw()[image.tag_range().unwrap()], "1.2");
}

#[test]
fn only_tags_that_are_known_to_move_are_moving() {
    for text in [
        "a",
        "a:latest",
        "a:LATEST",
        "a:stable",
        "a:edge",
        "a:nightly",
        "a:main",
        "a:master",
        "a:dev",
        "a:develop",
        "a:beta",
        "a:rc",
        "a:lts",
        "a:lts-alpine",
        "a:lts-alpine3.20",
        "a:lts-bookworm-slim",
        "a:current",
        "a:rolling",
        "a:canary",
        "a:mainline",
        "a:mainline-alpine",
        "a:latest-alpine3.20",
        "a:8-latest",
        "a:stable-slim",
        "a:alpine_latest",
    ] {
        assert!(ImageReference::parse(text).unwrap().is_moving(), "{text}");
    }
    for text in [
        "a:3",
        "a:3.12",
        "a:bookworm",
        "a:alpine",
        "a:3-slim",
        "a:v1-beta",
        "a:1.0-rc",
        "a:nightly-2024-01-01",
        "a:main-1a2b3c4",
        "a:dev-12",
        "a:stable-20240612",
        "a:rc1",
        "a:jammy",
        "a:lateststuff",
        "a:unlatest",
        "a:2024",
        "a:edge-v1.2",
        "a:1.0.0-SNAPSHOT",
        "a:latest@sha256:HEX",
        "a@sha256:HEX",
    ] {
        assert!(!ImageReference::parse(&text.replace("HEX", HEX)).unwrap().is_moving(), "{text}");
    }
}
