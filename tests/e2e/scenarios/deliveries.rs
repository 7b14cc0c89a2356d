//! Deliveries: forged, repeated, out of order, too many.
//!
//! Invariant: whatever arrives, the newest head ends with exactly one completed check.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::webhook::{Delivery, signature};
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// What a body of so many bytes is answered with before any of it is sent: the refusal must not wait for it.
async fn announce(url: &str, bytes: usize) -> String {
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /webhook HTTP/1.1\r\nhost: {address}\r\ncontent-length: {bytes}\r\nx-github-event: ping\r\n\
         x-hub-signature-256: sha256={}\r\nx-github-delivery: 1\r\n\r\n",
        "0".repeat(64)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 64];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_well_formed_deliveries_of_bounded_size_are_taken() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    let good = gate.github.pull_request_event(REPOSITORY, number, "opened");
    let url = gate.url("/webhook");
    let secret = "a webhook secret of the tests";
    let forged = signature("another secret", &good.body);
    for header in [None, Some(forged.as_str()), Some("sha256=00"), Some("sha1=00")] {
        assert_eq!(good.send_with(&url, header).await, 401, "{header:?}");
    }
    let malformed = Delivery { body: b"{\"action\": ".to_vec(), ..good.clone() };
    assert_eq!(malformed.send(&url, secret).await, 400);
    assert!(announce(&url, 25 * 1024 * 1024 + 1).await.starts_with("HTTP/1.1 413 "));
    gate.idle().await;
    assert!(gate.github.log().is_empty(), "nothing was done: {:#?}", gate.github.log());
    for (event, payload) in [
        ("ping", json!({"zen": "Keep it logically awesome.", "hook_id": 1})),
        ("star", json!({"action": "created"})),
        ("pull_request", json!({"action": "an action of the future"})),
    ] {
        gate.deliver(&Delivery::new(event, &payload)).await;
    }
    gate.deliver(&good).await;
    gate.verdict(&gate.github.pull(REPOSITORY, number).head_sha).await;
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_deliveries_out_of_order_come_to_one_check_on_the_newest_head() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    let opened = gate.github.pull_request_event(REPOSITORY, number, "opened");
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    let second = gate.github.pull_request_event(REPOSITORY, number, "synchronize");
    let newest = gate.github.push(REPOSITORY, "feature", &[Edit::write("api.yaml", &pod("api"))]);
    let third = gate.github.pull_request_event(REPOSITORY, number, "synchronize");
    for delivery in [&third, &opened, &third, &second, &opened] {
        gate.deliver(delivery).await;
    }
    let run = gate.verdict(&newest).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    // An old delivery that comes after the verdict has it said again, on the same run: `verdict` sees that there is one.
    assert_eq!(gate.github.pull(REPOSITORY, number).reviews.len(), 1);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_of_what_is_done_changes_nothing() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    let delivery = gate.github.pull_request_event(REPOSITORY, number, "opened");
    gate.deliver(&delivery).await;
    gate.idle().await;
    let requests = gate.github.log().len();
    gate.deliver(&delivery).await;
    gate.idle().await;
    assert_eq!(gate.github.log().len(), requests);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_pushes_in_two_seconds_end_with_one_check_on_the_last_head() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, _) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    let mut last = String::new();
    for index in 0..20 {
        let text = format!("# {index}\n{}", if index % 2 == 0 { pod("web") } else { privileged_pod("web") });
        last = gate.push("feature", number, &[Edit::write("web.yaml", &text)]).await;
    }
    let run = gate.verdict(&last).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    let comments = gate.github.pull(REPOSITORY, number).comments;
    assert!(!comments.is_empty());
    let mut bodies: Vec<_> = comments.iter().map(|comment| (&comment.path, &comment.body)).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), comments.len(), "no comment twice: {comments:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_moves_while_it_is_judged_is_concluded_as_superseded() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("", "git-upload-pack", 1, FaultKind::Hang);
    let (number, old) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.github.wait_for_hang().await;
    let new = gate.push("feature", number, &[Edit::write("web.yaml", &pod("web"))]).await;
    gate.github.release();
    let run = gate.verdict(&new).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert_eq!(gate.runs(&old).len(), 1);
    for superseded in gate.runs(&old) {
        assert_eq!(superseded.status, "completed");
        assert_eq!(superseded.conclusion.as_deref(), Some("cancelled"), "{superseded:#?}");
        let said = format!("{:?}{:?}", superseded.title, superseded.summary).to_lowercase();
        assert!(said.contains("supersede") || said.contains("newer"), "{said}");
    }
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty(), "nothing is said about the old head");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_moves_unheard_while_it_is_judged_is_not_concluded_as_judged() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("", "git-upload-pack", 1, FaultKind::Hang);
    let (_, old) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    gate.github.wait_for_hang().await;
    // The delivery of this one is lost: the job reads the head again, and asks for another one.
    let new = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    gate.github.release();
    let run = gate.verdict(&new).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    assert_eq!(gate.verdict(&old).await.conclusion.as_deref(), Some("cancelled"));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_without_its_delivery_is_seen_before_the_verdict() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    let opened = gate.github.pull_request_event(REPOSITORY, number, "opened");
    let newest = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    gate.deliver(&opened).await;
    let run = gate.verdict(&newest).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    gate.assert_sound();
}
