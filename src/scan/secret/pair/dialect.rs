//! How a file of text writes names and values, decided by its name, then by its first characters.
//!
//! Invariant: what is not known is read as lines of `name = value`.

use super::super::word_list::WordList;

/// A way to write names and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `name = value`, `name: value`, `name value`, one a line.
    Lines,
    /// Shell, and what is written like it.
    Shell,
    /// Only quoted text is a value: JSON, HCL and the like.
    Quoted,
    /// A programming language: only quoted text is a value, and names are often of other things.
    Code,
    /// XML.
    Xml,
    /// A text inside another document.
    Inline,
}

/// What a file is to the search for pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// How it writes pairs.
    pub dialect: Dialect,
    /// Whether it is documentation or a translation, where only a random value is taken for a secret.
    pub is_strict: bool,
    /// Whether it is a comment in a file that is not strict.
    pub is_comment: bool,
    /// Whether it is a sample that people copy and fill in, where defaults are expected.
    pub is_sample: bool,
}

impl Traits {
    /// The traits of a comment in such a file.
    pub(super) fn in_comment(self) -> Self {
        Self { is_strict: true, is_comment: self.is_comment || !self.is_strict, ..self }
    }
}

static CODE: WordList = WordList::new(
    "py pyi sbt js ts jsx tsx mjs cjs go rb java kt kts scala cs php rs swift c cc cpp h hpp m pl pm lua dart vue svelte \
    groovy t ex exs erl hs clj fs vb r jl hrl sql html htm css scss less proto graphql ipynb jsp aspx cshtml twig ejs \
    cxx hxx hh tcc inl ipp mm cu cuh ino pyx pxd pyw mts cts astro coffee d nim zig sv svh vhd vhdl f90 adb ads pas ml \
    mli fsi fsx elm purs cr gd hx sol cairo glsl hlsl wgsl metal thrift fbs capnp idl td phtml ascx razor rake gemspec \
    podspec cljs cljc lhs idr lean cls apex",
);
static QUOTED: WordList = WordList::new(
    "json json5 jsonc tf tfvars hcl gradle ps1 psm1 nix jsonnet libsonnet rego cue bicep tfstate hjson webmanifest nomad pp",
);
static SHELL: WordList = WordList::new(
    "sh bash zsh ksh fish envrc bat cmd mk makefile command profile bashrc zshrc bash_profile bash_aliases \
    zprofile bash_history zsh_history procfile justfile dockerfile containerfile",
);
static XML: WordList = WordList::new(
    "xml config csproj vbproj props targets plist xaml pom wsdl xsd xsl xslt jmx nuspec resx settings pubxml rdp",
);
static DOCUMENTS: WordList = WordList::new("md markdown rst adoc asciidoc mdx textile org pod man tex sty");
static TEXTS: WordList = WordList::new(
    "readme changelog changes news history license copying contributing notice authors todo install upgrading hacking pkg-info metadata",
);
/// Files that are never looked at for pairs: lists of digests, generated files.
static SKIPPED: WordList = WordList::new(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml composer.lock pipfile.lock poetry.lock uv.lock cargo.lock \
    go.sum go.work.sum chart.lock requirements.lock gemfile.lock flake.lock packages.lock.json bun.lock mix.lock podfile.lock \
    .terraform.lock.hcl conan.lock pubspec.lock deno.lock pdm.lock values.schema.json checksums.txt checksums.json sha256sums \
    tokenizer.json vocab.json",
);

/// Reads the traits of the file at `path`; `None` when its pairs are of no interest.
pub fn traits(path: &str, text: &str) -> Option<Traits> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let ending = ending(name);
    let is_generated = name.ends_with(".min.js")
        || name.ends_with(".min.css")
        || matches!(ending, "lock" | "map" | "tsbuildinfo" | "svg" | "sum" | "snap" | "csv" | "tsv" | "patch" | "diff");
    if SKIPPED.has(name) || is_generated || is_packed(ending, text) {
        return None;
    }
    let is_document = DOCUMENTS.has(ending)
        || DOCUMENTS.has(self::ending(name.strip_suffix(".txt").unwrap_or(name)))
        || TEXTS.has(name)
        || is_manual(ending, text);
    Some(Traits {
        dialect: dialect(&lower, name, ending, text),
        is_strict: is_document || is_translation(&lower, name),
        is_comment: false,
        is_sample: ["example", "sample", ".dist", "template", ".tmpl", "skeleton"]
            .iter()
            .any(|mark| name.contains(mark)),
    })
}

/// Whether a file is a page of the manual, whose ending is its section.
fn is_manual(ending: &str, text: &str) -> bool {
    let begin = text.trim_start();
    ending.len() == 1
        && ending.bytes().all(|byte| byte.is_ascii_digit())
        && [".TH ", ".\\\"", "'\\\"", ".Dd "].iter().any(|mark| begin.starts_with(mark))
}

/// Whether `path` is that of a test, of an example, or of documentation, where values are mostly made up. `test` and
/// `demo` are left out: they are names of environments as well, whose passwords are real.
pub fn is_trial(path: &str) -> bool {
    static FOLDERS: WordList = WordList::new(
        "tests testdata test-data test_data __tests__ spec specs fixtures e2e examples example samples sample doc docs \
        documentation tutorial tutorials",
    );
    let mut folders = path.split('/').rev().skip(1);
    folders.any(|folder| FOLDERS.has(&folder.to_ascii_lowercase())) || path.contains("src/test/") || is_test(path)
}

/// Whether a program is a test by its name, such as `login_test.go`, `login.spec.ts`, `LoginTest.java`, `test_login.py`.
fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, ending)) = name.rsplit_once('.').filter(|(_, ending)| CODE.has(&ending.to_ascii_lowercase()))
    else {
        return false;
    };
    let ends = [".test", ".spec", "_test", "_spec", "-test", "-spec", "Test", "Tests", "Spec"];
    let is_script = matches!(ending, "py" | "php" | "rb" | "pl");
    ends.iter().any(|end| stem.ends_with(end)) || is_script && (stem.starts_with("test_") || stem == "conftest")
}

/// Whether a script is written for machines: few lines, each of them long.
fn is_packed(ending: &str, text: &str) -> bool {
    const LEAST: usize = 1000;
    const LONG_LINE: usize = 500;
    matches!(ending, "js" | "mjs" | "cjs" | "css")
        && text.len() >= LEAST
        && memchr::memchr_iter(b'\n', text.as_bytes()).count() * LONG_LINE < text.len()
}

/// The ending that tells the kind: that below `.j2` and the like.
fn ending(name: &str) -> &str {
    let outer = [
        "j2", "jinja", "jinja2", "tmpl", "tpl", "template", "erb", "example", "sample", "dist", "bak", "backup", "old",
        "orig", "in", "gotmpl", "ctmpl", "local", "prod", "dev",
    ];
    let mut rest = name;
    while let Some((stem, ending)) = rest.rsplit_once('.') {
        if !outer.contains(&ending) || stem.is_empty() {
            return ending;
        }
        rest = stem;
    }
    rest
}

fn dialect(path: &str, name: &str, ending: &str, text: &str) -> Dialect {
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    let is_lines =
        matches!(ending, "conf" | "cnf" | "cfg" | "ini" | "env" | "properties" | "toml") || name.starts_with(".env");
    if is_lines && !begin.starts_with("<?xml") {
        return Dialect::Lines;
    }
    let listed = [(&CODE, Dialect::Code), (&QUOTED, Dialect::Quoted), (&SHELL, Dialect::Shell), (&XML, Dialect::Xml)];
    let found = listed.into_iter().find(|(endings, _)| endings.has(ending)).map(|(_, dialect)| dialect);
    match found {
        Some(Dialect::Xml) if !begin.starts_with('<') => Dialect::Lines,
        Some(Dialect::Code) if is_configuration(name) || is_configured(path, ending) => Dialect::Quoted,
        Some(dialect) => dialect,
        None if begin.starts_with("<?xml") || (begin.starts_with('<') && begin.contains("</")) => Dialect::Xml,
        None if begin.starts_with("<?php") && is_configuration(name) => Dialect::Quoted,
        None if is_program(begin) || begin.starts_with("<?php") => Dialect::Code,
        None if begin.starts_with("#!") => Dialect::Shell,
        None if begin.starts_with('{') && ending != "yaml" && ending != "yml" => Dialect::Quoted,
        None => Dialect::Lines,
    }
}

/// Whether the first line names the interpreter of a language that is no shell.
fn is_program(begin: &str) -> bool {
    let interpreter = begin.strip_prefix("#!").and_then(|rest| rest.lines().next()).unwrap_or_default();
    ["python", "perl", "ruby", "node", "php", "lua"].iter().any(|name| interpreter.contains(name))
}

/// Whether a file of code is one of settings, such as `wp-config.php` and `settings.py`.
fn is_configuration(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    ["config", "settings", "secrets", "credentials", "configuration", "local_settings", "environment", "env"]
        .iter()
        .any(|word| stem.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with(['-', '_'])))
        || ending(name) == "sql"
}

/// Whether a file of a language that frameworks are configured in stands in a folder of configuration.
fn is_configured(path: &str, ending: &str) -> bool {
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    matches!(ending, "php" | "rb" | "py" | "js" | "ts" | "exs" | "kts")
        && matches!(folder, "config" | "conf" | "settings")
}

/// Whether a path is that of a translation.
fn is_translation(path: &str, name: &str) -> bool {
    let folders = [
        "locale",
        "locales",
        "i18n",
        "l10n",
        "lang",
        "langs",
        "languages",
        "translations",
        "translation",
        "localization",
        "localisation",
        "locale_data",
    ];
    let in_folder = path.split('/').rev().skip(1).any(|folder| folders.contains(&folder));
    let stem = name.split('.').next().unwrap_or(name);
    in_folder
        || (name.ends_with(".properties") && (stem.starts_with("messages") || has_language(stem)))
        || name == "strings.xml"
        || ["locale", "locales", "i18n", "translation", "translations"]
            .iter()
            .any(|word| stem.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_'])))
        || matches!(ending(name), "arb" | "strings" | "po" | "pot" | "resx")
}

/// `texts_de`, `texts_pt_br`: a name in lower case that ends with a language.
fn has_language(stem: &str) -> bool {
    static LANGUAGES: WordList = WordList::new(
        "ar bg ca cs da de el en es et fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sr sv th tr uk vi zh",
    );
    let mut parts = stem.rsplit('_');
    let last = parts.next().unwrap_or_default();
    stem.contains('_')
        && (LANGUAGES.has(last) || last.len() == 2 && parts.next().is_some_and(|part| LANGUAGES.has(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: Option<Dialect>) {
        assert_eq!(traits(path, text).map(|traits| traits.dialect), expected, "{path}");
    }

    #[test]
    fn the_name_tells_how_a_file_is_written() {
        check("a/.env", "", Some(Dialect::Lines));
        check(".env.example", "", Some(Dialect::Lines));
        check("deploy.sh.j2", "", Some(Dialect::Shell));
        check("web.config", "<configuration/>", Some(Dialect::Xml));
        check(".ssh/config", "Host a", Some(Dialect::Lines));
        check("main.tf", "", Some(Dialect::Quoted));
        check("app.py", "", Some(Dialect::Code));
        check("wp-config.php", "<?php", Some(Dialect::Quoted));
        check("server", "#!/bin/sh", Some(Dialect::Shell));
        check("server", "#!/usr/bin/env python3\n", Some(Dialect::Code));
        check("functions.inc", "<?php\n", Some(Dialect::Code));
        check("config.inc", "<?php\n", Some(Dialect::Quoted));
        check("data", "<?xml version=\"1.0\"?>", Some(Dialect::Xml));
        check("server.conf", "<?xml version=\"1.0\"?>", Some(Dialect::Xml));
        check("package-lock.json", "{}", None);
        check("go.sum", "", None);
    }

    #[test]
    fn documents_translations_and_samples_are_told_apart() {
        let traits = |path| super::traits(path, "").unwrap();
        assert!(
            traits("README.md").is_strict
                && traits("web/locales/de.json").is_strict
                && traits("web/locale-fr.json").is_strict
                && !traits("a.yaml").is_strict
        );
        assert!(traits(".env.example").is_sample && !traits(".env").is_sample);
    }
}
