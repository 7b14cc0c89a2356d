//! Commands in comments.
//!
//! Invariant: a command is answered once, and only to those who may.

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::state::Author;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

const GRACE: Author = Author::Other("grace");

/// A gate with a judged pull request.
async fn opened(text: &str) -> (Gate, u64, String) {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", text)]).await;
    gate.verdict(&head).await;
    (gate, number, head)
}

/// Lets somebody comment, and returns the reactions and replies that come of it.
async fn said(gate: &Gate, number: u64, author: Author, body: &str) -> (Vec<String>, Vec<String>) {
    let (comment, delivery) = gate.github.say(REPOSITORY, number, author, body);
    gate.deliver(&delivery).await;
    gate.idle().await;
    gate.github.answers(REPOSITORY, number, comment)
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_explanations_are_given_to_whoever_may_read() {
    let (gate, number, _) = opened(&pod("web")).await;
    let (reactions, replies) = said(&gate, number, GRACE, "/dockgate help").await;
    assert_eq!((reactions.as_slice(), replies.len()), (&["+1".to_owned()][..], 1));
    assert!(replies[0].contains("/dockgate rescan"), "{replies:?}");
    let (reactions, replies) =
        said(&gate, number, GRACE, "/dockgate explain priviledged-container\r\n\r\nPlease.").await;
    assert_eq!(reactions, ["confused"], "{replies:?}");
    assert!(replies[0].contains("did you mean `kubernetes/privileged-container`?"), "{replies:?}");
    let (reactions, replies) = said(&gate, number, GRACE, "/dockgate explain kubernetes/privileged-container").await;
    assert_eq!(reactions, ["+1"]);
    assert!(replies[0].contains("Fix: "), "{replies:?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_the_team_is_explained_as_the_base_has_it() {
    let rule = |title: &str| {
        format!(
            "title: {title}\nseverity: high\ntarget: kubernetes.object\ndeny: object.kind == \"Pod\"\n\
             message: a pod of its own\nwhy: Nobody restarts it.\nfix: Use a Deployment.\nexamples:\n\
             - {{name: pod, text: \"# deny\\nkind: Pod\\napiVersion: v1\\n\"}}\n\
             - {{name: job, text: \"kind: Job\\napiVersion: batch/v1\\n\"}}\n"
        )
    };
    let path = ".github/dockgate/team/bare-pod.yaml";
    let gate = Gate::start(&[(path, &rule("Pod stands alone"))]).await;
    let (number, head) = gate.open("feature", &[Edit::write(path, &rule("Nothing to see"))]).await;
    gate.verdict(&head).await;
    let (reactions, replies) = said(&gate, number, GRACE, "/dockgate explain team/bare-pod").await;
    assert_eq!(reactions, ["+1"], "{replies:?}");
    let reply = &replies[0];
    assert!(reply.contains("Pod stands alone") && reply.contains("Use a Deployment."), "{reply}");
    assert!(!reply.contains(".html"), "its page is nowhere: {reply}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_command_is_answered_with_what_there_is_and_hostile_text_stays_text() {
    let (gate, number, _) = opened(&pod("web")).await;
    for line in ["/dockgate skip", "/dockgate explain @acme/all](http://x.y)", "/dockgate waive @all <img src=x>"] {
        let (reactions, replies) = said(&gate, number, GRACE, line).await;
        assert_eq!((reactions.as_slice(), replies.len()), (&["confused".to_owned()][..], 1), "{line}");
        let reply = &replies[0];
        assert!(!reply.contains('@') && !reply.contains("x.y") && !reply.contains("<img"), "{reply}");
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescan_is_for_those_who_may_push_and_for_the_author() {
    let (gate, number, head) = opened(&privileged_pod("web")).await;
    // How often a verdict was told.
    let told = |gate: &Gate| gate.runs(&head).iter().map(|run| run.completions).sum::<u32>();
    let (reactions, replies) = said(&gate, number, GRACE, "/dockgate rescan").await;
    assert_eq!((reactions.as_slice(), replies.len(), told(&gate)), (&["confused".to_owned()][..], 1, 1));
    gate.github.role("grace", "deployer");
    for author in [GRACE, Author::Person] {
        let before = told(&gate);
        let (reactions, replies) = said(&gate, number, author, "/dockgate rescan").await;
        assert_eq!((reactions.as_slice(), replies.len()), (&["eyes".to_owned()][..], 0));
        assert_eq!(told(&gate), before + 1, "judged again");
        assert_eq!(gate.deciding(&head).await.conclusion.as_deref(), Some("failure"));
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_who_may_not_read_or_is_no_person_or_did_not_mean_us() {
    let (gate, number, _) = opened(&pod("web")).await;
    gate.github.role("eve", "none");
    let none = (Vec::new(), Vec::new());
    assert_eq!(said(&gate, number, Author::Other("eve"), "/dockgate help").await, none);
    assert_eq!(said(&gate, number, Author::App, "/dockgate help").await, none);
    assert_eq!(said(&gate, number, GRACE, "Try this:\n/dockgate help").await, none);
    assert_eq!(said(&gate, number, GRACE, "/dockgateway help").await, none);
    let (comment, delivery) = gate.github.say(REPOSITORY, number, GRACE, "/dockgate help");
    gate.deliver(&delivery.with_action("edited")).await;
    gate.idle().await;
    assert_eq!(gate.github.answers(REPOSITORY, number, comment), none);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_answered_once_whatever_is_redelivered_or_lost() {
    let (gate, number, _) = opened(&pod("web")).await;
    // The reply is made, and its answer never comes.
    gate.github.fail("POST", "/issues/1/comments", 1, FaultKind::LostAnswer(502));
    let (comment, delivery) = gate.github.say(REPOSITORY, number, GRACE, "/dockgate help");
    gate.deliver(&delivery).await;
    gate.deliver(&delivery).await;
    gate.idle().await;
    // The same event under another delivery id.
    gate.deliver(&delivery.with_action("created")).await;
    gate.idle().await;
    let (reactions, replies) = gate.github.answers(REPOSITORY, number, comment);
    assert_eq!((reactions.as_slice(), replies.len()), (&["+1".to_owned()][..], 1), "{replies:?}");
    gate.github.assert_no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_in_a_thread_is_answered_in_the_thread() {
    let (gate, number, _) = opened(&privileged_pod("web")).await;
    let first = gate.github.pull(REPOSITORY, number).comments[0].id;
    let (_, delivery) = gate.github.reply(REPOSITORY, number, first, GRACE, "/dockgate explain KSV-0017");
    gate.deliver(&delivery).await;
    gate.idle().await;
    let pull = gate.github.pull(REPOSITORY, number);
    let asked = pull.comments.iter().find(|comment| comment.author == GRACE).unwrap();
    assert_eq!(asked.reactions, ["+1"]);
    let answers =
        pull.comments.iter().filter(|comment| comment.reply_to == Some(first) && comment.author == Author::App);
    assert_eq!(answers.count(), 1, "{:#?}", pull.comments);
    assert!(pull.issue_comments.is_empty());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_gets_ten_replies_in_an_hour() {
    let (gate, number, _) = opened(&pod("web")).await;
    for _ in 0..11 {
        let (_, delivery) = gate.github.say(REPOSITORY, number, GRACE, "/dockgate nonsense");
        gate.deliver(&delivery).await;
    }
    gate.idle().await;
    let pull = gate.github.pull(REPOSITORY, number);
    let replies = pull.issue_comments.iter().filter(|comment| comment.author == Author::App).count();
    assert_eq!(replies, 10);
    gate.assert_sound();
}
