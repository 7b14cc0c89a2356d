//! The facts of Dockerfile targets, as `dockgate rules` and the loader know them.
//!
//! Invariant: every fact that a condition may name is listed here, and nothing else.

use super::super::FactKind::{Bool, Int, List, String, StringList};
use super::super::image;
use super::super::table::facts;
use super::super::{FactDoc, FactKind};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

pub(super) const STAGE: &[FactDoc] = facts![
    &[
        doc("stage.name", String, "the name after AS; `null` when there is none", "build"),
        doc("stage.title", String, "what people call it: its name, else its place, from 0", "stage build"),
        doc("stage.is_last", Bool, "whether it is the last stage, which makes the image", "true"),
        doc(
            "stage.is_shipped",
            Bool,
            "whether the built image holds its layers: the last stage and those below it",
            "true",
        ),
        doc("stage.repeats_name", Bool, "whether an earlier stage has the same name", "false"),
        doc("stage.has_healthcheck", Bool, "whether it, or a stage it starts from, has a HEALTHCHECK", "true"),
        doc(
            "stage.drops_root",
            Bool,
            "whether its ENTRYPOINT or CMD changes to another user first: `gosu`, `su-exec`, …",
            "false",
        ),
        doc("stage.programs", StringList, "the programs that its RUN instructions start", "[apt-get, curl]"),
        doc("stage.is_first", Bool, "whether it is the first stage", "false"),
        doc("stage.platform", String, "the value of `--platform`; `null` when absent", "linux/amd64"),
        doc("stage.platform_written", String, "the same as written, variables included", "$BUILDPLATFORM"),
        doc("stage.as_differs", Bool, "whether FROM and AS are written in different cases", "false"),
        doc(
            "stage.is_invalid_by_default",
            Bool,
            "whether what it starts from is no image's name when each argument has its default",
            "false",
        ),
        doc("stage.starts_from", String, "`image`, `stage` or `scratch`; `null` when the name is invalid", "image"),
    ],
    &image::FACTS,
    &[
        doc(
            "user.raw",
            String,
            "the last USER that holds, of the stage or of one it starts from; `null`: none",
            "app:app"
        ),
        doc("user.name", String, "its user; `null` when there is none", "app"),
        doc("user.group", String, "its group; `null` when there is none", "app"),
        doc("user.is_root", Bool, "whether the user is `root` or 0; `null` when there is no USER", "false"),
        doc("user.is_own", Bool, "whether the stage itself holds that USER; `null` when there is none", "true"),
        doc(
            "syntax.raw",
            String,
            "the image of `# syntax=`, on the first stage only; else `null`",
            "docker/dockerfile:1"
        ),
        doc("syntax.registry", String, "its registry", "docker.io"),
        doc("syntax.repository", String, "its repository with the registry", "docker.io/docker/dockerfile"),
        doc("syntax.name", String, "its repository as people write it", "docker/dockerfile"),
        doc("syntax.tag", String, "its tag; `null` when none is written", "1"),
        doc("syntax.digest", String, "its digest; `null` when none is written", "sha256:…"),
        doc("syntax.moving", Bool, "whether it has no version or a tag such as `latest`", "false"),
    ]
];

/// What an instruction or a command tells of its stage.
const STAGE_OF: [FactDoc; 3] = [
    doc("stage.name", String, "the name of its stage; `null` when there is none", "build"),
    doc("stage.is_last", Bool, "whether its stage is the last; `null` before the first stage", "true"),
    doc("stage.is_shipped", Bool, "whether the built image holds the layers of its stage", "true"),
];

pub(super) const INSTRUCTION: &[FactDoc] = facts![
    &[
        doc("instruction.keyword", String, "the keyword in upper case", "COPY"),
        doc("instruction.form", String, "`json`, `shell`, `words`, `pairs`, or `pair` for `ENV key value`", "json"),
        doc("instruction.json_form", String, "a shell form of one plain command as JSON; else `null`", "['a', 'b']"),
        doc(
            "instruction.other_case",
            String,
            "`upper` or `lower` when most other keywords are written so; else `null`",
            "upper"
        ),
        doc("instruction.has_empty_line", Bool, "whether an empty line stands between its lines", "false"),
        doc("instruction.author", String, "the name of MAINTAINER; `null` for others", "Jane"),
        doc("instruction.previous", String, "the keyword before it in its stage; `null` for the first", "RUN"),
        doc("instruction.names_shell", Bool, "whether a SHELL before it names the shell that runs it", "false"),
        doc("instruction.workdir", String, "the WORKDIR that holds for it; `null`: the base image decides", "/app"),
        doc(
            "instruction.is_overridden",
            Bool,
            "whether a later CMD, ENTRYPOINT or HEALTHCHECK takes its place",
            "false"
        ),
        doc("instruction.undefined_variables", StringList, "variables in it that nothing can define", "[VERSON]"),
        doc(
            "instruction.own_references",
            StringList,
            "variables in ENV that the same ENV sets for the first time",
            "[A]"
        ),
        doc("instruction.ports", List, "what EXPOSE declares; `[]` for others", "[{raw: 80/tcp}]"),
        doc("instruction.ports[].raw", String, "the port as written", "8000-8010/udp"),
        doc("instruction.ports[].first", Int, "the first port; `null` when it is no number", "8000"),
        doc("instruction.ports[].last", Int, "the last port; `null` when it is no number", "8010"),
        doc("instruction.ports[].protocol", String, "the protocol", "udp"),
        doc(
            "instruction.permissions",
            List,
            "the modes that it gives to files: `--chmod`, chmod, install -m",
            "[{mode: 755}]",
        ),
        doc("instruction.permissions[].mode", String, "the mode as written", "u+s"),
        doc("instruction.permissions[].is_numeric", Bool, "whether the mode is a number", "false"),
        doc("instruction.permissions[].paths", StringList, "the files", "[/usr/bin/tool]"),
        doc(
            "instruction.permissions[].world_writable",
            Bool,
            "whether anyone may write, without a sticky bit",
            "false"
        ),
        doc("instruction.permissions[].setuid", Bool, "whether it runs as its owner", "true"),
        doc("instruction.permissions[].setgid", Bool, "whether it runs as, or passes on, its group", "false"),
        doc("instruction.on_build", Bool, "whether it stands behind ONBUILD", "false"),
        doc("instruction.flags.checksum", String, "the value of `--checksum`; `null` when absent", "sha256:…"),
        doc("instruction.flags.chmod", String, "the value of `--chmod`; `null` when absent", "755"),
        doc("instruction.flags.chown", String, "the value of `--chown`; `null` when absent", "app:app"),
        doc("instruction.flags.from", String, "the value of `--from`; `null` when absent", "build"),
        doc("instruction.flags.keep_git_dir", String, "the value of `--keep-git-dir`; `null` when absent", "true"),
        doc("instruction.flags.link", String, "`true` or the value of `--link`; `null` when absent", "true"),
        doc("instruction.flags.network", String, "the value of `--network`; `null` when absent", "none"),
        doc("instruction.flags.platform", String, "the value of `--platform`; `null` when absent", "linux/amd64"),
        doc("instruction.flags.security", String, "the value of `--security`; `null` when absent", "insecure"),
        doc("instruction.mounts", List, "the `--mount` flags of RUN", "[{type: bind}]"),
        doc("instruction.mounts[].type", String, "the type; `null` when absent, which means `bind`", "cache"),
        doc("instruction.mounts[].from", String, "the stage or image; `null` when absent", "build"),
        doc("instruction.mounts[].source", String, "the path in the source; `null` when absent", "/src"),
        doc("instruction.mounts[].target", String, "the path in the build; `null` when absent", "/root/.cache"),
        doc("instruction.mounts[].id", String, "the id of a secret, cache or socket; `null` when absent", "npmrc"),
        doc("instruction.arguments", StringList, "the words of the word or JSON form", "[src, /app]"),
        doc("instruction.sources", StringList, "what ADD or COPY takes; `[]` for others", "[src]"),
        doc(
            "instruction.remote_sources",
            StringList,
            "the URLs that ADD fetches, without user and query; `[]` for others",
            "[https://example.com/tool.tar.gz]",
        ),
        doc(
            "instruction.ignored_sources",
            StringList,
            "what ADD or COPY takes of the context though `.dockerignore` leaves it out; unknown when that is not seen",
            "[target/web]",
        ),
        doc(
            "instruction.unpacked_later",
            StringList,
            "the archives that COPY takes of the context and a later `tar` of the stage unpacks",
            "[app.tar.gz]",
        ),
        doc(
            "instruction.suppressions",
            StringList,
            "the comments before it, or among its lines, that silence a rule of any scanner",
            "['# hadolint ignore=DL3008']",
        ),
        doc("instruction.destination", String, "where ADD or COPY puts it; `null` for others", "/app"),
        doc("instruction.pairs", List, "what ENV, ARG or LABEL sets; `[]` for others", "[{key: PORT, value: 80}]"),
        doc("instruction.pairs[].key", String, "the name", "PORT"),
        doc("instruction.pairs[].value", String, "the value; `null` for an ARG without a default", "80"),
        doc("instruction.pairs[].is_literal", Bool, "whether a value is written out, without variables", "true"),
        doc("instruction.pairs[].is_secret", Bool, "whether name and value are those of a secret", "false"),
        doc("instruction.images", List, "what `--from` or the `from` of mounts names", "[{kind: image}]"),
        doc("instruction.images[].kind", String, "`image`, `stage` or `scratch`", "image"),
        doc("instruction.images[].is_own_stage", Bool, "whether it names the stage that it stands in", "false"),
        doc("instruction.images[].is_number", Bool, "whether it names a stage by its number", "false"),
        doc("instruction.images[].raw", String, "the image as written; `null` for a stage", "nginx:1.27.3"),
        doc("instruction.images[].repository", String, "its repository with the registry", "docker.io/library/nginx"),
        doc("instruction.images[].tag", String, "its tag; `null` when none is written", "1.27.3"),
        doc("instruction.images[].digest", String, "its digest; `null` when none is written", "sha256:…"),
        doc("instruction.images[].moving", Bool, "whether it has no version or a tag such as `latest`", "false"),
        doc("instruction.tls_disabled", StringList, "what turns the verification of certificates off", "[--insecure]"),
    ],
    &STAGE_OF,
    &image::FACTS
];

pub(super) const COMMAND: &[FactDoc] = facts![
    &[
        doc(
            "command.instruction",
            String,
            "the keyword of its instruction: RUN, CMD, ENTRYPOINT or HEALTHCHECK",
            "RUN"
        ),
        doc("command.name", String, "the program without its directory, behind `sudo`, `env` and the like", "curl"),
        doc("command.words", StringList, "all words, the name first", "[sudo, apt-get, update]"),
        doc("command.wrappers", StringList, "the programs that run it, outermost first", "[sudo]"),
        doc("command.arguments", StringList, "the words after the name", "[update]"),
        doc(
            "command.options",
            StringList,
            "the options, joined letters of curl and wget apart, without values",
            "[-f, -s]",
        ),
        doc(
            "command.operands",
            StringList,
            "the arguments that are neither options nor their values",
            "[install, nginx]"
        ),
        doc("command.environment", List, "the assignments before the name", "[{name: A, value: '1'}]"),
        doc("command.environment[].name", String, "the variable", "A"),
        doc("command.environment[].value", String, "its value", "1"),
        doc("command.pipes_to", StringList, "the programs that read its output through pipes", "[tar]"),
        doc("command.downloads", Bool, "whether it fetches over the network: curl, wget, …", "true"),
        doc("command.fed_by", StringList, "the words of the command before it in the pipe; `[]`: none", "[echo, x]"),
        doc("command.is_first_in_pipe", Bool, "whether it is the first of commands that pipes join", "true"),
        doc("command.is_nested", Bool, "whether it stands in a group, a loop, `if`, `$(…)` or `sh -c`", "false"),
        doc(
            "command.has_pipefail",
            Bool,
            "whether a failure inside its pipe counts: SHELL or `set -o pipefail`",
            "false"
        ),
        doc(
            "command.writes",
            StringList,
            "the files that it writes: redirections, tee, outputs of downloads",
            "[/etc/x]"
        ),
        doc("command.saves", Bool, "whether what it downloads goes to a file; `null` for others", "true"),
        doc(
            "command.urls",
            StringList,
            "the addresses among its words, without user and query",
            "[https://example.com/a]"
        ),
        doc(
            "command.is_verified",
            Bool,
            "whether a later command of the stage checks a sum or signature; `null`: no download",
            "true",
        ),
        doc("command.groups", StringList, "the groups that it puts a user into", "[docker]"),
        doc(
            "command.password",
            String,
            "the password that chpasswd, `passwd --stdin`, useradd or usermod gives a user: `set`, `random` when a generator makes it, `locked` when it lets nobody in; `null`: none",
            "set",
        ),
        doc("command.user_id", String, "the id that useradd, usermod or adduser gives; `null`: none", "1000"),
        doc(
            "command.manager",
            String,
            "the package manager: apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper, rpm, pip, npm, pnpm, yarn, gem, go, cargo; `null`: none",
            "apt-get",
        ),
        doc(
            "command.action",
            String,
            "what the manager does: install, update, upgrade, dist-upgrade, clean, remove, or its own word",
            "install",
        ),
        doc("command.packages", List, "what is installed", "[{name: curl}]"),
        doc("command.packages[].raw", String, "as written", "curl=8.5.0"),
        doc("command.packages[].name", String, "the name without a version", "curl"),
        doc(
            "command.packages[].version",
            String,
            "the version; `null` when none is written, or one such as `latest`",
            "8.5.0",
        ),
        doc("command.packages[].source", String, "`registry`, `file`, `url` or `git`", "registry"),
        doc(
            "command.from_file",
            Bool,
            "whether a file names what is installed: `pip -r`, `npm ci`; `null`: no manager",
            "false",
        ),
        doc("command.assume_yes", Bool, "whether questions are answered in advance; `null`: no manager", "true"),
        doc("command.no_recommends", Bool, "whether recommended packages are left out; `null`: no manager", "true"),
        doc(
            "command.keeps_cache",
            Bool,
            "whether lists or caches of the manager stay in the layer; `null`: it fills none",
            "false",
        ),
        doc(
            "command.installs_later",
            Bool,
            "whether a later command of the instruction installs system packages",
            "true"
        ),
        doc(
            "command.installs_after",
            Bool,
            "whether a later instruction of the stage installs system packages",
            "false"
        ),
        doc(
            "command.cleaner",
            String,
            "the command that removes what the package manager keeps for later; `null` when it is no manager that does",
            "dnf clean all"
        ),
        doc("command.unsigned", StringList, "the options that let unsigned packages in", "[--allow-untrusted]"),
        doc("command.runs_download", Bool, "whether it executes what a download gives it", "false"),
    ],
    &STAGE_OF
];
