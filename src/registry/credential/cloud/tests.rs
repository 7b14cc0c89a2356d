use super::*;

fn environment(names: &[&str]) -> BTreeMap<String, String> {
    names.iter().map(|name| ((*name).to_owned(), "hidden-word".to_owned())).collect()
}

const AWS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
const AZURE: [&str; 3] = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"];

#[test]
fn clouds_are_named_with_their_registries() {
    let list =
        "ecr:123456789012.dkr.ecr.eu-west-1.amazonaws.com, acr:acme.azurecr.io,google:europe-docker.pkg.dev/acme";
    let store = read(list, &environment(&[&AWS[..], &AZURE[..]].concat())).expect("a list");
    let keys: Vec<String> = store.keys().map(ToString::to_string).collect();
    let expected = ["europe-docker.pkg.dev/acme", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "acme.azurecr.io"];
    assert_eq!(keys, expected);
    assert!(!format!("{store:?}").contains("hidden-word"));
}

#[test]
fn what_is_missing_is_named() {
    let check = |list: &str, names: &[&str], expected: &str| {
        let error = read(list, &environment(names)).expect_err(list).to_string();
        assert!(error.contains(expected) && !error.contains("hidden-word"), "{error}");
    };
    let ecr = "ecr:1.dkr.ecr.eu-west-1.amazonaws.com";
    check(ecr, &[], "AWS_ACCESS_KEY_ID is not set");
    check(ecr, &AWS[..1], "AWS_SECRET_ACCESS_KEY is not set");
    check("acr:acme.azurecr.io", &AZURE[..2], "AZURE_CLIENT_SECRET is not set");
    check("ecr:ghcr.io", &AWS, "is not ecr:HOST");
    check("ghcr.io", &[], "is not ecr:HOST");
    check("oracle:ghcr.io", &[], "is not ecr:HOST");
}
