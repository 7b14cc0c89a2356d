//! What the edits of Dockerfiles make of them, letter by letter.

use crate::scan::ScanOptions;
use crate::scan::options::Profile;
use crate::scan::policy::{PolicyId, PolicySet};
use crate::scan::scan;
use crate::scan::snapshot::{ChangedFile, Content, Snapshot};

/// Checks the text after the edit of the first finding of `rule` that has one; the same text when none has.
fn check(rule: &str, text: &str, expected: &str) {
    let policy = PolicySet::builtin().get(&PolicyId::new(rule)).unwrap().clone();
    let set = PolicySet::of([crate::scan::policy::Policy { enabled: true, ..policy }]);
    let file = ChangedFile::standing("Dockerfile", Content::Text(text.into()));
    let options = ScanOptions { profile: Profile::All, ..ScanOptions::default() };
    let found = scan(&Snapshot { files: vec![file], whole_tree: true }, &set, &options).head.findings;
    assert!(!found.is_empty(), "{rule} says nothing of\n{text}");
    let edited = found.iter().find_map(|finding| finding.edit.as_ref()?.apply(text));
    assert_eq!(edited.as_deref().unwrap_or(text), expected, "{rule}");
}

/// Checks that no edit is offered.
fn check_none(rule: &str, text: &str) {
    check(rule, text, text);
}

#[test]
fn user_comes_before_what_the_container_starts() {
    let rule = "dockerfile/user-missing";
    check(
        rule,
        "FROM debian:12\nRUN make\n\n# Serve.\nEXPOSE 8080\nCMD [\"app\"]\n",
        "FROM debian:12\nRUN make\n\n# Serve.\nEXPOSE 8080\nUSER 65532:65532\nCMD [\"app\"]\n",
    );
    check(
        rule,
        "FROM scratch\nCOPY app /app\n\n# What runs.\nENTRYPOINT [\"/app\"]\nCMD [\"-v\"]\n",
        "FROM scratch\nCOPY app /app\n\nUSER 65532:65532\n# What runs.\nENTRYPOINT [\"/app\"]\nCMD [\"-v\"]\n",
    );
    check(rule, "from alpine:3.21\r\ncopy a b", "from alpine:3.21\r\ncopy a b\r\nuser 65532:65532");
    check(rule, "FROM node:22\nCMD node .\n", "FROM node:22\nUSER 1000:1000\nCMD node .\n");
    check(rule, "FROM debian:12\nRUN <<EOF\nmake\nEOF\n", "FROM debian:12\nRUN <<EOF\nmake\nEOF\nUSER 65532:65532\n");
}

#[test]
fn user_is_the_one_that_the_stage_knows() {
    let rule = "dockerfile/user-missing";
    let text = "FROM debian:12\nRUN useradd --uid 1001 app && make\nCMD app\n";
    check(rule, text, "FROM debian:12\nRUN useradd --uid 1001 app && make\nUSER 1001\nCMD app\n");
    let text = "FROM alpine:3.21\nRUN adduser -D app\nCMD app\n";
    check(rule, text, "FROM alpine:3.21\nRUN adduser -D app\nUSER app\nCMD app\n");
    check_none(rule, "FROM debian:12\nRUN useradd a && useradd b\nCMD app\n");
    check_none(rule, "FROM registry.example.com/base:1.2.3\nCMD app\n");
    check_none(rule, "FROM debian:12\nEXPOSE 8080 443/tcp\nCMD app\n");
    let rule = "dockerfile/last-user-root";
    check(
        rule,
        "FROM jenkins/jenkins:2.492\nUSER jenkins\nRUN a\nUSER root\nRUN b\n",
        "FROM jenkins/jenkins:2.492\nUSER jenkins\nRUN a\nUSER root\nRUN b\nUSER jenkins\n",
    );
    check(rule, "FROM debian:12\nRUN a\nUSER 0:0\nCMD b\n", "FROM debian:12\nRUN a\nUSER 65532:65532\nCMD b\n");
    check_none(rule, "FROM jenkins/jenkins:2.492\nUSER root\nRUN a\n");
}

#[test]
fn a_command_is_added_as_the_others_are_joined() {
    let rule = "dockerfile/yum-dnf-zypper-cache";
    check(
        rule,
        "FROM fedora:41\nRUN dnf install -y curl # why\n",
        "FROM fedora:41\nRUN dnf install -y curl && dnf clean all # why\n",
    );
    check(
        rule,
        "FROM fedora:41\nRUN dnf install -y curl\n",
        "FROM fedora:41\nRUN dnf install -y curl && dnf clean all\n",
    );
    check(
        rule,
        "FROM fedora:41\nRUN dnf install -y \\\n      curl \\\n      git\nCMD a\n",
        "FROM fedora:41\nRUN dnf install -y \\\n      curl \\\n      git \\\n      && dnf clean all\nCMD a\n",
    );
    check(
        rule,
        "FROM fedora:41\nRUN a && \\\n    dnf install -y curl\n",
        "FROM fedora:41\nRUN a && \\\n    dnf install -y curl && \\\n    dnf clean all\n",
    );
    check(
        rule,
        "FROM fedora:41\nRUN set -e; \\\n  zypper -n in curl\n",
        "FROM fedora:41\nRUN set -e; \\\n  zypper -n in curl; \\\n  zypper clean --all\n",
    );
    check(
        rule,
        "FROM fedora:41\nRUN <<EOF\nset -e\ndnf install -y curl\nEOF\nCMD a\n",
        "FROM fedora:41\nRUN <<EOF\nset -e\ndnf install -y curl\ndnf clean all\nEOF\nCMD a\n",
    );
}

#[test]
fn nothing_is_added_after_the_end() {
    check_none("dockerfile/yum-dnf-zypper-cache", "FROM fedora:41\nRUN dnf install -y a; exit 0\n");
}

#[test]
fn lists_stay_where_a_later_layer_installs() {
    let rule = "dockerfile/apt-lists-kept";
    check(
        rule,
        "FROM debian:12\nRUN apt-get update \\\n && apt-get install -y \\\n    curl\n",
        "FROM debian:12\nRUN apt-get update \\\n && apt-get install -y \\\n    curl \\\n && rm -rf /var/lib/apt/lists/*\n",
    );
    check_none(rule, "FROM debian:12\nRUN apt-get update && apt-get install -y a\nRUN apt-get install -y b\n");
    check_none(rule, "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y b\n");
}

#[test]
fn what_something_else_renders_is_left_alone() {
    let text = "FROM debian:12\n{% if a %}\nCMD [\"a\"]\n{% else %}\nCMD [\"b\"]\n{% endif %}\n";
    check_none("dockerfile/multiple-cmd", text);
    check_none("dockerfile/user-missing", text);
}

#[test]
fn two_runs_become_one() {
    let rule = "dockerfile/update-alone";
    check(
        rule,
        "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y \\\n    curl\n",
        "FROM debian:12\nRUN apt-get update && apt-get install -y \\\n    curl\n",
    );
    check_none(rule, "FROM debian:12\nRUN apt-get update\n# why\nRUN apt-get install -y curl\n");
    check_none(rule, "FROM debian:12\nRUN apt-get update\nCOPY a b\nRUN apt-get install -y curl\n");
    check_none(rule, "FROM debian:12\nRUN apt-get update\nRUN make\n");
}

#[test]
fn words_go_with_what_belongs_to_them() {
    let rule = "dockerfile/tls-verification-disabled";
    for (before, after) in [
        ("RUN curl -fsSLk https://a.example/b -o b", "RUN curl -fsSL https://a.example/b -o b"),
        ("RUN curl -k https://a.example/b", "RUN curl https://a.example/b"),
        ("RUN a && curl \\\n    -k \\\n    -o b https://a.example/b", "RUN a && curl \\\n    -o b https://a.example/b"),
        ("RUN pip install --trusted-host a.example b", "RUN pip install b"),
        ("RUN pip install --trusted-host=a.example b", "RUN pip install b"),
        ("RUN GIT_SSL_NO_VERIFY=1 git clone https://a.example/b", "RUN git clone https://a.example/b"),
        ("RUN git -c http.sslVerify=false clone https://a.example/b", "RUN git clone https://a.example/b"),
        ("RUN npm config set strict-ssl false && npm ci", "RUN npm ci"),
        ("RUN npm ci && npm config set strict-ssl false", "RUN npm ci"),
        ("RUN apt-get -o Acquire::https::Verify-Peer=false update", "RUN apt-get update"),
        ("RUN dnf --setopt=sslverify=0 install -y a", "RUN dnf install -y a"),
        ("ENV A=1 NODE_TLS_REJECT_UNAUTHORIZED=0 B=2", "ENV A=1 B=2"),
        ("ENV NODE_TLS_REJECT_UNAUTHORIZED=0 B=2", "ENV B=2"),
        (
            "RUN git config http.sslVerify false && a && git config --unset http.sslVerify",
            "RUN git config http.sslVerify false && a && git config --unset http.sslVerify",
        ),
        ("RUN echo | git config --global http.sslVerify false", "RUN echo | git config --global http.sslVerify false"),
    ] {
        check(rule, &format!("FROM debian:12\n{before}\nCMD a\n"), &format!("FROM debian:12\n{after}\nCMD a\n"));
    }
    check(rule, "FROM debian:12\nENV PYTHONHTTPSVERIFY 0\nCMD a\n", "FROM debian:12\nCMD a\n");
    check(rule, "FROM debian:12\nRUN git config --global http.sslVerify false\nCMD a\n", "FROM debian:12\nCMD a\n");
    let rule = "dockerfile/build-insecure-entitlement";
    check(rule, "FROM debian:12\nRUN --security=insecure --network=host make\n", "FROM debian:12\nRUN make\n");
}

#[test]
fn instructions_say_what_they_mean() {
    for (rule, before, after) in [
        ("instruction-style", "ENV A b", "ENV A=b"),
        ("instruction-style", "ENV A b $C", "ENV A=\"b $C\""),
        ("instruction-style", "label a \"b c\"", "label a=\"b c\""),
        ("instruction-style", "ENV A b \"c\"", "ENV A b \"c\""),
        ("cd-instead-of-workdir", "RUN cd /srv/app", "WORKDIR /srv/app"),
        ("cd-instead-of-workdir", "run cd /srv", "workdir /srv"),
        ("cd-instead-of-workdir", "RUN cd /srv && make", "RUN cd /srv && make"),
        ("shell-change", "RUN rm /bin/sh && ln -s /bin/bash /bin/sh", "SHELL [\"/bin/bash\", \"-c\"]"),
        ("shell-change", "RUN ln -snf bash /bin/sh", "SHELL [\"/bin/bash\", \"-c\"]"),
        ("shell-change", "RUN make && ln -sf bash /bin/sh", "RUN make && ln -sf bash /bin/sh"),
        ("copy-multiple-needs-slash", "COPY a b /srv", "COPY a b /srv/"),
        ("copy-multiple-needs-slash", "COPY [\"a\", \"b\", \"/srv\"]", "COPY [\"a\", \"b\", \"/srv/\"]"),
        ("user-high-id", "RUN useradd -u 1000000 app", "RUN useradd --no-log-init -u 1000000 app"),
        ("apt-no-yes", "RUN apt-get install curl", "RUN apt-get install -y curl"),
        ("apt-recommends", "RUN apt-get install -y curl", "RUN apt-get install --no-install-recommends -y curl"),
        ("sudo-used", "RUN a && sudo make", "RUN a && make"),
    ] {
        let rule = format!("dockerfile/{rule}");
        check(&rule, &format!("FROM debian:12\n{before}\nCMD a\n"), &format!("FROM debian:12\n{after}\nCMD a\n"));
    }
    check(
        "dockerfile/unnamed-stage",
        "FROM a:1 AS one\nFROM b:1\nCOPY --from=0 /a /b\n",
        "FROM a:1 AS one\nFROM b:1\nCOPY --from=one /a /b\n",
    );
}
