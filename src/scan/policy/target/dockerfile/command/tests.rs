use super::super::tests::check;
use crate::scan::policy::target::Target::DockerfileCommand;

/// `cases`: a RUN and what the fact of its last command says.
fn check_all(fact: &str, cases: &[(&str, &str)]) {
    for (run, expected) in cases {
        check(DockerfileCommand, &format!("FROM debian:12\nRUN {run}"), &format!("command.{fact}"), expected);
    }
}

#[test]
fn the_manager_and_what_it_does() {
    check_all(
        "manager",
        &[
            ("sudo apt-get -y install a", "apt-get"),
            ("/usr/bin/apt install a", "apt"),
            ("pip3.12 install a", "pip"),
            ("python3 -m pip install a", "pip"),
            ("python3 -m venv x", "null"),
            ("uv pip install a", "pip"),
            ("uv sync", "null"),
            ("dnf5 install a", "dnf"),
            ("pipx install a", "null"),
            ("$X install a", "null"),
        ],
    );
    check_all(
        "action",
        &[
            ("apt-get -qq -o Dpkg::Use-Pty=0 update", "update"),
            ("apt-get -t stable full-upgrade", "dist-upgrade"),
            ("apk --no-cache add a", "install"),
            ("yum -y group install a", "install"),
            ("yum update -y", "upgrade"),
            ("zypper --non-interactive in a", "install"),
            ("zypper dup", "dist-upgrade"),
            ("npm cache clean --force", "clean"),
            ("yarn", "install"),
            ("yarn global add a", "install"),
            ("npm run build", "run"),
            ("go build ./...", "other"),
            ("apt-get $X", "?"),
            ("apt-get", "null"),
            ("ls", "null"),
        ],
    );
}

#[test]
fn packages_with_their_versions() {
    for (run, expected) in [
        ("apt-get install -y a b=1.2-3 c/stable ./d.deb", "a:null b:1.2-3 c/stable:null ./d.deb:null:file"),
        ("apt-get install -t stable -o x=y a", "a:null"),
        ("apt-get install a=$V $P", "a:? ?:?"),
        ("apk add -t .build a~1.2 b=1-r0 'c=~2'", "a:1.2 b:1-r0 c:2"),
        ("apk add --virtual .build --repository http://x a", "a:null"),
        ("yum install -y a-1.2 b-c d.rpm https://h/e.rpm", "a:1.2 b-c:null d.rpm:null:file https://h/e.rpm:null:url"),
        ("zypper install -n a=1 b", "a:1 b:null"),
        ("pip install -r x.txt a==1 b>=2 'c[d]==3' e==4.* .", "a:1 b:null c:3 e:null .:null:file"),
        ("pip install git+https://h/a.git@v1 -e ./b", "git+https://h/a.git@v1:null:git"),
        ("npm install -g a@1.2.3 @b/c@4 d @e/f g@latest", "a:1.2.3 @b/c:4 d:null @e/f:null g:null"),
        ("npm i github:a/b ./c", "github:a/b:null:git ./c:null:file"),
        ("gem install a -v 1.2", "a:1.2"),
        ("gem install a:1.2 b", "a:1.2 b:null"),
        ("go install h.io/a/b@v1.2 h.io/c@latest ./...", "h.io/a/b:v1.2 h.io/c:null ./...:null:file"),
        ("cargo install --locked a --version 1.2", "a:1.2"),
        ("npm ci", ""),
        ("apt-get update", ""),
    ] {
        let expected = expected.split_whitespace().map(|one| {
            let is_other = [":file", ":url", ":git"].iter().any(|end| one.ends_with(end));
            let one = if is_other { one.to_owned() } else { format!("{one}:registry") };
            let (rest, source) = one.rsplit_once(':').unwrap_or_default();
            let (name, version) = rest.rsplit_once(':').unwrap_or_default();
            format!("name:{name} version:{version} source:{source}")
        });
        let expected: Vec<String> = expected.collect();
        let subjects = super::super::tests::subjects_of(DockerfileCommand, &format!("FROM debian:12\nRUN {run}"));
        let packages = subjects.last().and_then(|subject| subject.facts.at("command.packages").cloned()).unwrap();
        let shown = |package: &super::Node| {
            let shown = super::super::tests::short(package);
            shown[shown.find("name:").unwrap_or_default()..].trim_end_matches('}').to_owned()
        };
        assert_eq!(packages.items().iter().map(shown).collect::<Vec<_>>(), expected, "{run}");
    }
}

#[test]
fn answers_recommendations_and_signatures() {
    check_all(
        "assume_yes",
        &[
            ("apt-get install a", "false"),
            ("apt-get -y install a", "true"),
            ("apt-get install -qqy a", "true"),
            ("apt-get install -qq a", "true"),
            ("apt-get install --quiet=2 a", "true"),
            ("apt-get install --quiet --quiet a", "true"),
            ("apt-get install --quiet a", "false"),
            ("apt-get install -q a", "false"),
            ("apt-get install a --assume-yes", "true"),
            ("apt-get -o APT::Get::Assume-Yes=true install a", "true"),
            ("yes | apt-get install a", "true"),
            ("zypper -n install a", "true"),
            ("ls -y", "null"),
        ],
    );
    check_all(
        "no_recommends",
        &[
            ("apt-get install --no-install-recommends a", "true"),
            ("apt-get install -o APT::Install-Recommends=0 a", "true"),
            ("apt-get install a", "false"),
        ],
    );
    check_all(
        "unsigned",
        &[
            ("apt-get install --allow-unauthenticated a", "[--allow-unauthenticated]"),
            ("apt-get -o Acquire::AllowInsecureRepositories=true update", "[-o]"),
            ("apk add --allow-untrusted ./a.apk", "[--allow-untrusted]"),
            ("dnf install --nogpgcheck --setopt=b.gpgcheck=0 a", "[--nogpgcheck --setopt]"),
            ("rpm -i --nosignature a.rpm", "[--nosignature]"),
            ("yum install a", "[]"),
            ("echo --nogpgcheck", "[]"),
        ],
    );
}

#[test]
fn what_stays_in_the_layer() {
    check_all(
        "keeps_cache",
        &[
            ("apt-get update", "true"),
            ("apt-get install a", "null"),
            ("apk add a", "true"),
            ("apk add --no-cache a", "false"),
            ("apk --no-cache add a", "false"),
            ("yum install -y a", "true"),
            ("pip install a", "true"),
            ("pip install --no-cache-dir a", "false"),
            ("--mount=type=cache,target=/root/.cache/pip pip install a", "false"),
            ("--mount=type=bind,target=/root/.cache/pip pip install a", "true"),
            ("npm run a", "null"),
            ("apk $X", "?"),
        ],
    );
    for (run, expected) in [
        ("apt-get update && apt-get install a && rm -rf /var/lib/apt/lists/*", "false"),
        ("apt-get update && apt-get clean", "true"),
        ("apt-get update && apt-get dist-clean", "false"),
        ("--mount=type=cache,target=/var/lib/apt apt-get update", "false"),
        ("dnf install a && { dnf clean all; }", "false"),
        ("yum install a && rm -rf /var/cache/yum", "false"),
        ("apk add a; rm -rf /var/cache/apk/*", "false"),
    ] {
        let text = format!("FROM debian:12\nRUN {run}");
        let first = &super::super::tests::subjects_of(DockerfileCommand, &text)[0];
        let found = first.facts.at("command.keeps_cache").map(super::super::tests::short);
        assert_eq!(found.as_deref(), Some(expected), "{run}");
    }
    check(DockerfileCommand, "FROM a\nENV PIP_NO_CACHE_DIR=1\nRUN pip install b", "command.keeps_cache", "false");
}

#[test]
fn downloads_and_the_files_they_write() {
    check_all(
        "saves",
        &[
            ("curl -fsSLo f https://h/a", "true"),
            ("curl https://h/a > f", "true"),
            ("curl https://h/a", "false"),
            ("curl -sSf -o /dev/null https://h/a", "false"),
            ("wget https://h/a", "true"),
            ("wget -qO- https://h/a", "false"),
            ("ls > f", "null"),
        ],
    );
    check_all(
        "writes",
        &[("a >b 2>c >>d", "[b d]"), ("a >/dev/null 2>&1", "[]"), ("a | tee -a b c", "[b c]"), ("a > $X", "[?]")],
    );
    check_all("urls", &[("curl -o f 'https://u:p@h/$V/a?t=1' x", "[https://h/$V/a]"), ("echo a://b", "[]")]);
    for (text, expected) in [
        ("RUN curl -O https://h/a && sha256sum -c s", "true"),
        ("RUN curl -O https://h/a\nRUN gpg --verify a.asc a", "true"),
        ("RUN curl -O https://h/a && [ \"$(sha256sum a)\" = x ]", "true"),
        ("RUN curl -O https://h/a && tar xf a", "false"),
        ("RUN curl -O https://h/a\nFROM b\nRUN sha256sum -c s", "false"),
    ] {
        let first = &super::super::tests::subjects_of(DockerfileCommand, &format!("FROM a\n{text}"))[0];
        let found = first.facts.at("command.is_verified").map(super::super::tests::short);
        assert_eq!(found.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn accounts() {
    check_all(
        "groups",
        &[
            ("usermod -aG sudo,docker app", "[sudo docker]"),
            ("useradd -m -G wheel app", "[wheel]"),
            ("adduser app sudo", "[sudo]"),
            ("adduser -D -G docker app", "[docker]"),
            ("addgroup app docker", "[docker]"),
            ("addgroup docker", "[]"),
            ("gpasswd -a app docker", "[docker]"),
            ("usermod -aG $G app", "[?]"),
            ("groupadd sudo", "[]"),
        ],
    );
    check_all("user_id", &[("useradd -o -u 0 app", "0"), ("useradd app", "null"), ("adduser -u $U app", "?")]);
}

#[test]
fn where_a_command_stands() {
    check_all("is_nested", &[("a", "false"), ("(a)", "true"), ("if x; then a; fi", "true"), ("sh -c a", "false")]);
    check_all("fed_by", &[("echo x | a", "[echo x]"), ("a", "[]")]);
    check_all(
        "has_pipefail",
        &[("a", "false"), ("set -euo pipefail && a", "true"), ("bash -o pipefail -c 'a'", "true")],
    );
    let shell = "FROM a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN b";
    check(DockerfileCommand, shell, "command.has_pipefail", "true");
    check(DockerfileCommand, "FROM a\nCMD b", "command.instruction", "CMD");
}
