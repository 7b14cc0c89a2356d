use super::*;

fn check(addresses: &[&str], expected: bool) {
    for text in addresses {
        let ip: IpAddr = text.parse().expect("an address");
        assert_eq!(is_public(ip), expected, "{text}");
    }
}

#[test]
fn public_addresses_are_public() {
    check(&["1.1.1.1", "8.8.8.8", "52.216.0.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"], true);
    check(&["168.63.129.15", "192.0.1.1", "198.17.255.255", "198.20.0.0", "223.255.255.255"], true);
    check(&["2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "2001:200::1", "3ffe::1"], true);
}

#[test]
fn special_ipv4_is_refused() {
    check(&["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254"], false);
    check(&["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"], false);
    check(&["169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192"], false);
    check(&["100.64.0.1", "100.127.255.255"], false);
    check(&["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"], false);
    check(&["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255"], false);
    check(&["192.88.99.1", "192.52.193.1"], false);
}

#[test]
fn special_ipv6_is_refused() {
    check(&["::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "5f00::1"], false);
    check(&["::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8", "::127.0.0.1", "::ffff:0:8.8.8.8"], false);
    check(&["64:ff9b::8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"], false);
    check(&["2002:a00:1::", "2002:808:808::1", "2001::1", "2001:0:4136:e378::1", "2001:2::1", "2001:10::1"], false);
    check(&["2001:db8::1", "3fff::1", "4000::1"], false);
}

#[test]
fn networks_hold_their_own_family_only() {
    let holds = |network: &str, ip: &str| {
        let network: Network = network.parse().expect("a network");
        network.contains(ip.parse().expect("an address"))
    };
    assert!(holds("10.1.0.0/16", "10.1.255.255"));
    assert!(!holds("10.1.0.0/16", "10.2.0.0"));
    assert!(holds("127.0.0.1", "127.0.0.1"));
    assert!(!holds("127.0.0.1/32", "127.0.0.2"));
    assert!(!holds("127.0.0.0/8", "::ffff:127.0.0.1"));
    assert!(holds("fd00::/8", "fd12::1"));
    assert!(!holds("fd00::/8", "10.0.0.1"));
}

#[test]
fn what_is_no_network_is_refused() {
    for text in ["", "10.0.0.0/33", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.0/-1", "example.com/8", "fd00::/129"] {
        assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
    }
}
