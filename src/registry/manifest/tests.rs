use super::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn descriptor(more: &str) -> String {
    format!(r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:{HEX}","size":7{more}}}"#)
}

fn read(text: &str) -> Result<Manifest, RegistryError> {
    Manifest::read(text.as_bytes(), "registry.example/app:1")
}

fn image_of(layers: &[String]) -> String {
    let config =
        format!(r#"{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{HEX}","size":2}}"#);
    format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{}]}}"#, layers.join(","))
}

#[test]
fn an_image_is_read() {
    let Ok(Manifest::Image(image)) = read(&image_of(&[descriptor("")])) else { panic!("an image") };
    assert_eq!(image.layers[0].size_bytes, 7);
    assert!(!image.layers[0].is_foreign);
    assert_eq!(image.config.digest.hex(), HEX);
}

#[test]
fn an_index_is_read_with_platforms() {
    let entry =
        descriptor(r#","platform":{"os":"linux","architecture":"arm64","variant":"v8"},"annotations":{"a":"b"}"#);
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{entry}],"annotations":null}}"#
    );
    let Ok(Manifest::Index(index)) = read(&text) else { panic!("an index") };
    assert_eq!(index.manifests[0].platform.as_ref().map(ToString::to_string).as_deref(), Some("linux/arm64/v8"));
    assert_eq!(index.manifests[0].annotations["a"], "b");
}

#[test]
fn schema_1_is_refused_by_name() {
    for text in [
        r#"{"schemaVersion":1,"name":"app","tag":"1","fsLayers":[],"history":[]}"#,
        r#"{"schemaVersion":2,"fsLayers":[{"blobSum":"sha256:00"}]}"#,
    ] {
        assert!(matches!(read(text), Err(RegistryError::Unsupported { what: "schema 1", .. })), "{text}");
    }
}

#[test]
fn foreign_layers_are_marked() {
    for more in [r#","urls":["http://169.254.169.254/x"]"#, r#","urls":["https://elsewhere.example/x"]"#] {
        let Ok(Manifest::Image(image)) = read(&image_of(&[descriptor(more)])) else { panic!("an image") };
        assert!(image.layers[0].is_foreign, "{more}");
    }
    let foreign = descriptor("").replace("layer.v1", "layer.nondistributable.v1");
    let Ok(Manifest::Image(image)) = read(&image_of(&[foreign, descriptor(r#","urls":[]"#)])) else { panic!() };
    assert_eq!(image.layers.iter().map(|layer| layer.is_foreign).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn long_lists_are_refused() {
    let layers = vec![descriptor(""); MAX_LAYERS];
    assert!(read(&image_of(&layers)).is_ok());
    let layers = vec![descriptor(""); 20_000];
    assert!(matches!(read(&image_of(&layers)), Err(RegistryError::TooMany { what: "layers", max: 128, .. })));
    let entries = vec![descriptor(""); 65].join(",");
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{entries}]}}"#);
    assert!(matches!(read(&index), Err(RegistryError::TooMany { what: "index entries", max: 64, .. })));
}

#[test]
fn annotations_are_bounded() {
    let many: Vec<String> = (0..5_000).map(|number| format!(r#""k{number}":"v""#)).collect();
    let layer = descriptor(&format!(r#","annotations":{{"long":"{}",{}}}"#, "x".repeat(9_000), many.join(",")));
    let Ok(Manifest::Image(image)) = read(&image_of(&[layer])) else { panic!("an image") };
    assert_eq!(image.layers[0].annotations.len(), 64);
    assert!(!image.layers[0].annotations.contains_key("long"));
}

#[test]
fn a_document_is_one_thing_only() {
    let both = image_of(&[descriptor("")]).replace(r#""schemaVersion":2"#, r#""schemaVersion":2,"manifests":[]"#);
    let index_type = r#""schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json""#;
    let wrong_type = image_of(&[]).replace(r#""schemaVersion":2"#, index_type);
    let twice = image_of(&[]).replace(r#""schemaVersion":2"#, r#""schemaVersion":2,"layers":[]"#);
    for text in [both.as_str(), &wrong_type, &twice, "", "[]", "{}", "{\"schemaVersion\":3}", r#"{"schemaVersion":2}"#]
    {
        assert!(matches!(read(text), Err(RegistryError::Malformed { .. })), "{text}");
    }
    let other = image_of(&[]).replace(r#""schemaVersion":2"#, r#""schemaVersion":2,"mediaType":"text/html""#);
    assert!(matches!(read(&other), Err(RegistryError::Unsupported { .. })));
}

#[test]
fn errors_do_not_repeat_what_the_registry_sent() {
    let text = r#"{"schemaVersion":2,"mediaType":["](http://evil.example) @team"]}"#;
    let error = read(text).expect_err("malformed").to_string();
    assert!(!error.contains("evil"), "{error}");
}

#[test]
fn deep_json_does_not_break_the_stack() {
    let deep = format!(r#"{{"schemaVersion":2,"x":{}"#, "[".repeat(200_000));
    assert!(matches!(read(&deep), Err(RegistryError::Malformed { .. })));
}

#[test]
fn platforms_are_compared_as_engines_do() {
    let platform = |text: &str| text.parse::<Platform>().expect("a platform");
    assert!(platform("linux/amd64").serves(&platform("linux/amd64")));
    assert!(platform("linux/arm64").serves(&platform("linux/arm64/v8")));
    assert!(platform("linux/arm/v7").serves(&platform("linux/arm")));
    assert!(!platform("linux/arm/v6").serves(&platform("linux/arm/v7")));
    assert!(!platform("windows/amd64").serves(&platform("linux/amd64")));
    assert_eq!(platform("linux/arm64/v8").to_string(), "linux/arm64/v8");
    for text in ["linux", "", "linux/", "a/b/c/d", "linux/amd 64"] {
        assert_eq!(text.parse::<Platform>(), Err(PlatformError), "{text}");
    }
}
