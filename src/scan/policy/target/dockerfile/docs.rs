//! The facts of Dockerfile targets, as `dockgate rules` and the loader know them.
//!
//! Invariant: every fact that a condition may name is listed here, and nothing else.

use super::super::FactKind::{Bool, List, String, StringList};
use super::super::image;
use super::super::{FactDoc, FactKind};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

pub(super) const STAGE: &[FactDoc] = &[
    doc("stage.name", String, "the name after AS; `null` when there is none", "build"),
    doc("stage.title", String, "what people call it: its name, else its place, from 0", "stage build"),
    doc("stage.is_last", Bool, "whether it is the last stage, which makes the image", "true"),
    doc("stage.is_first", Bool, "whether it is the first stage", "false"),
    doc("stage.platform", String, "the value of `--platform`; `null` when absent", "linux/amd64"),
    doc("stage.starts_from", String, "`image`, `stage` or `scratch`; `null` when the name is invalid", "image"),
    image::FACTS[0],
    image::FACTS[1],
    image::FACTS[2],
    image::FACTS[3],
    image::FACTS[4],
    image::FACTS[5],
    image::FACTS[6],
    doc("user.raw", String, "the last USER that holds, of the stage or of one it starts from; `null`: none", "app:app"),
    doc("user.name", String, "its user; `null` when there is none", "app"),
    doc("user.group", String, "its group; `null` when there is none", "app"),
    doc("user.is_root", Bool, "whether the user is `root` or 0; `null` when there is no USER", "false"),
    doc("user.is_own", Bool, "whether the stage itself holds that USER; `null` when there is none", "true"),
    doc("syntax.raw", String, "the image of `# syntax=`, on the first stage only; else `null`", "docker/dockerfile:1"),
    doc("syntax.registry", String, "its registry", "docker.io"),
    doc("syntax.repository", String, "its repository with the registry", "docker.io/docker/dockerfile"),
    doc("syntax.name", String, "its repository as people write it", "docker/dockerfile"),
    doc("syntax.tag", String, "its tag; `null` when none is written", "1"),
    doc("syntax.digest", String, "its digest; `null` when none is written", "sha256:…"),
    doc("syntax.moving", Bool, "whether it has no version or a tag such as `latest`", "false"),
];

pub(super) const INSTRUCTION: &[FactDoc] = &[
    doc("instruction.keyword", String, "the keyword in upper case", "COPY"),
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
    doc("instruction.destination", String, "where ADD or COPY puts it; `null` for others", "/app"),
    doc("instruction.pairs", List, "what ENV, ARG or LABEL sets; `[]` for others", "[{key: PORT, value: 80}]"),
    doc("instruction.pairs[].key", String, "the name", "PORT"),
    doc("instruction.pairs[].value", String, "the value; `null` for an ARG without a default", "80"),
    doc("instruction.pairs[].is_literal", Bool, "whether a value is written out, without variables", "true"),
    doc("instruction.pairs[].is_secret", Bool, "whether name and value are those of a secret", "false"),
    doc("instruction.images", List, "what `--from` or the `from` of mounts names", "[{kind: image}]"),
    doc("instruction.images[].kind", String, "`image`, `stage` or `scratch`", "image"),
    doc("instruction.images[].raw", String, "the image as written; `null` for a stage", "nginx:1.27.3"),
    doc("instruction.images[].repository", String, "its repository with the registry", "docker.io/library/nginx"),
    doc("instruction.images[].tag", String, "its tag; `null` when none is written", "1.27.3"),
    doc("instruction.images[].digest", String, "its digest; `null` when none is written", "sha256:…"),
    doc("instruction.images[].moving", Bool, "whether it has no version or a tag such as `latest`", "false"),
    doc("instruction.tls_disabled", StringList, "what turns the verification of certificates off", "[--insecure]"),
    doc("stage.name", String, "the name of its stage; `null` when there is none", "build"),
    doc("stage.is_last", Bool, "whether its stage is the last; `null` before the first stage", "true"),
    image::FACTS[0],
    image::FACTS[1],
    image::FACTS[2],
    image::FACTS[3],
    image::FACTS[4],
    image::FACTS[5],
    image::FACTS[6],
];

pub(super) const COMMAND: &[FactDoc] = &[
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
    doc("command.environment", List, "the assignments before the name", "[{name: A, value: '1'}]"),
    doc("command.environment[].name", String, "the variable", "A"),
    doc("command.environment[].value", String, "its value", "1"),
    doc("command.pipes_to", StringList, "the programs that read its output through pipes", "[tar]"),
    doc("command.downloads", Bool, "whether it fetches over the network: curl, wget, …", "true"),
    doc("command.runs_download", Bool, "whether it executes what a download gives it", "false"),
    doc("stage.name", String, "the name of its stage; `null` when there is none", "build"),
    doc("stage.is_last", Bool, "whether its stage is the last; `null` before the first stage", "true"),
];
