use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};

use super::*;

fn check(path: &str, content: impl AsRef<[u8]>) -> FileFacts {
    let candidate = Candidate { path, is_executable: path.starts_with("bin/") };
    let content = content.as_ref();
    let readers: Vec<_> = wanted(&candidate).into_iter().filter(|reader| content.starts_with(reader.magic)).collect();
    assert!(!readers.is_empty(), "{path} is not wanted");
    read(&readers, path, content)
}

/// `name version` and, when it differs, `< source version`.
fn packages(facts: &FileFacts) -> Vec<String> {
    let line = |package: &crate::image::package::Package| {
        let source = package.source.as_ref().map(|source| format!(" < {} {}", source.name, source.version));
        format!("{} {}{}", package.name, package.version, source.unwrap_or_default())
    };
    facts.packages.iter().map(line).collect()
}

#[test]
fn dpkg_knows_states_and_sources() {
    let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: 2.36-9\n\
        Description: the library\n Version: not this\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
        Package: login\nStatus: hold ok unpacked\nSource: shadow (1:4.13)\nVersion: 1:4.13+b1\n\n\
        Package: never\nStatus: purge ok not-installed\n\nPackage: base-files\nStatus: install ok installed\nVersion: 12";
    let facts = check("var/lib/dpkg/status", status);
    assert_eq!(packages(&facts), ["libc6 2.36-9 < glibc 2.36-9", "login 1:4.13+b1 < shadow 1:4.13", "base-files 12"]);
    assert!(facts.is_database);
    let distroless = check("var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n");
    assert_eq!(packages(&distroless), ["tzdata 2024a-0"]);
    let sums =
        check("var/lib/dpkg/status.d/tzdata.md5sums", "0123456789abcdef0123456789abcdef  usr/share/zoneinfo/UTC\n");
    assert!(sums.owned.contains(crate::image::layer::Mark::Owned, b"usr/share/zoneinfo/UTC"));
}

#[test]
fn apk_knows_origins_and_files() {
    let text = "C:Q1x=\nP:libssl3\nV:3.3.2-r0\nA:x86_64\no:openssl\nF:usr/lib\nR:libssl.so.3\nZ:Q1\n\nP:busybox\nV:1.36.1-r29\n";
    for path in ["lib/apk/db/installed", "usr/lib/apk/db/installed"] {
        let facts = check(path, text);
        assert_eq!(packages(&facts), ["libssl3 3.3.2-r0 < openssl 3.3.2-r0", "busybox 1.36.1-r29"]);
        assert!(facts.owned.contains(crate::image::layer::Mark::Owned, b"usr/lib/libssl.so.3"));
    }
}

#[test]
fn languages() {
    let python = "Metadata-Version: 2.1\nName: Flask_Login\nVersion: 0.6.3\n\nName: in the text\n";
    assert_eq!(packages(&check("srv/x/flask_login-0.6.3.dist-info/METADATA", python)), ["Flask_Login 0.6.3"]);
    assert_eq!(packages(&check("srv/x/old.egg-info", python)), ["Flask_Login 0.6.3"]);
    let node = "\u{feff}{\"name\": \"@a/b\", \"version\": \"1.0.0\", \"x\": [{}]}";
    assert_eq!(packages(&check("srv/node_modules/@a/b/package.json", node)), ["@a/b 1.0.0"]);
    for path in ["srv/package.json", "srv/node_modules/a/dist/package.json", "srv/node_modules/@a/package.json/x"] {
        assert!(wanted(&Candidate { path, is_executable: false }).is_empty(), "{path}");
    }
    let gem = "# -*- encoding: utf-8 -*-\nGem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  s.version = \"13.0.6\"\n\
        s.required_ruby_version = Gem::Requirement.new(\">= 2.2\")\n";
    assert_eq!(packages(&check("var/lib/gems/specifications/rake-13.0.6.gemspec", gem)), ["rake 13.0.6"]);
    let old = "Gem::Specification.new do |s|\n  s.name = %q{rake}\n  s.version = Gem::Version.new(\"0.8.7\")\nend\n";
    assert_eq!(packages(&check("var/lib/gems/specifications/rake-0.8.7.gemspec", old)), ["rake 0.8.7"]);
    let egg = zip(&[("x/__init__.py", Vec::new()), ("EGG-INFO/PKG-INFO", python.as_bytes().to_vec())]);
    assert_eq!(packages(&check("srv/site-packages/x-1.0-py3.11.egg", egg)), ["Flask_Login 0.6.3"]);
    let conda = r#"{"build": "0", "name": "openssl", "version": "1.1.1k", "files": ["bin/openssl"]}"#;
    assert_eq!(packages(&check("opt/conda/conda-meta/openssl-1.1.1k-0.json", conda)), ["openssl 1.1.1k"]);
    let broken = check("srv/node_modules/a/package.json", "{\"name\": 1}");
    assert!(!broken.problem.unwrap().leaves_unjudged);
}

#[test]
fn composer_lists_what_it_installed() {
    let entries = r#"[{"name": "symfony/Process", "version": "v5.4.19", "require": {}},
        {"name": "acme/site", "version": "dev-main"}, {"version": "1.0"}]"#;
    let expected = ["symfony/process 5.4.19", "acme/site dev-main"];
    for list in [entries.to_owned(), format!("{{\"packages\": {entries}, \"dev\": false}}")] {
        assert_eq!(packages(&check("srv/vendor/composer/installed.json", list)), expected);
    }
    assert!(wanted(&Candidate { path: "srv/installed.json", is_executable: false }).is_empty());
}

#[test]
fn libraries_of_dotnet_that_a_program_has() {
    let text = r#"{
        "runtimeTarget": {"name": ".NETCoreApp,Version=v6.0/linux-x64", "signature": ""},
        "targets": {
            ".NETCoreApp,Version=v6.0": {},
            ".NETCoreApp,Version=v6.0/linux-x64": {
                "App/1.0.0": {"runtime": {"App.dll": {}}},
                "Newtonsoft.Json/12.0.3": {"runtime": {"lib/Newtonsoft.Json.dll": {"fileVersion": "12"}}},
                "Analyzer.Only/1.0.0": {"compile": {"lib/x.dll": {}}}}},
        "libraries": {
            "App/1.0.0": {"type": "project", "sha512": ""},
            "Newtonsoft.Json/12.0.3": {"type": "package", "sha512": "x"},
            "Analyzer.Only/1.0.0": {"type": "package"},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.5": {"type": "runtimepack"}}}"#;
    let expected = ["Newtonsoft.Json 12.0.3", "Microsoft.NETCore.App.Runtime.linux-x64 6.0.5"];
    assert_eq!(packages(&check("app/App.deps.json", text)), expected);
}

/// A zip file of these entries, each packed unless its name ends with `.jar`.
fn zip(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let is_stored = name.rsplit('.').next() == Some("jar");
        let packed = if is_stored {
            content.clone()
        } else {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        };
        let half = |value: usize| u16::try_from(value).unwrap().to_le_bytes();
        let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
        let method = half(if is_stored { 0 } else { 8 });
        let sizes = [word(packed.len()), word(content.len())].concat();
        let offset = word(bytes.len());
        let start = [
            b"PK\x03\x04\x14\0\0\0".to_vec(),
            method.to_vec(),
            vec![0; 8],
            sizes.clone(),
            half(name.len()).to_vec(),
            vec![0; 2],
        ];
        bytes.extend([start.concat(), name.as_bytes().to_vec(), packed].concat());
        let header = [
            b"PK\x01\x02\x14\0\x14\0\0\0".to_vec(),
            method.to_vec(),
            vec![0; 8],
            sizes,
            half(name.len()).to_vec(),
            vec![0; 12],
        ];
        directory.extend([header.concat(), offset.to_vec(), name.as_bytes().to_vec()].concat());
    }
    let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let end = [
        b"PK\x05\x06\0\0\0\0\0\0\0\0".to_vec(),
        word(directory.len()).to_vec(),
        word(bytes.len()).to_vec(),
        vec![0; 2],
    ];
    [bytes, directory, end.concat()].concat()
}

#[test]
fn java_archives_and_those_in_them() {
    let pom = |artifact: &str| format!("#x\ngroupId=org.acme\nartifactId={artifact}\nversion=1.2\n").into_bytes();
    let deep = zip(&[("META-INF/maven/org.acme/deep/pom.properties", pom("deep"))]);
    let inner = zip(&[("META-INF/maven/org.acme/inner/pom.properties", pom("inner")), ("deep.jar", deep)]);
    let silent = zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n".to_vec())]);
    let manifest =
        b"Implementation-Vendor-Id: org.x\r\nImplementation-Title: lo\r\n ng\r\nImplementation-Version: 3\r\n".to_vec();
    let outer =
        zip(&[("META-INF/MANIFEST.MF", manifest), ("BOOT-INF/lib/inner.jar", inner), ("lib/silent.jar", silent)]);
    let facts = check("app/app.jar", [b"PK\x03\x04".as_slice(), &outer[4..]].concat());
    assert_eq!(packages(&facts), ["org.acme:inner 1.2", "org.acme:deep 1.2"]);
    assert_eq!(facts.problem.unwrap().text, "it doesn't say which artifact it is: silent.jar");
}

/// An archive that is too large is read file by file, whether sizes stand before a file or behind it.
#[test]
fn a_large_archive_is_read_in_one_pass() {
    let pom = |artifact: &str| format!("#x\ngroupId=org.acme\nartifactId={artifact}\nversion=1.2\n").into_bytes();
    let inner = zip(&[("META-INF/maven/org.acme/inner/pom.properties", pom("inner"))]);
    let files = [
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n".to_vec()),
        ("META-INF/maven/org.acme/app/pom.properties", pom("app")),
        ("BOOT-INF/lib/inner.jar", inner),
        ("x.txt", vec![7; 100_000]),
    ];
    let whole = zip(&files);
    let read = |bytes: &[u8]| {
        let mut rest = bytes;
        let mut source = |buffer: &mut [u8]| std::io::Read::read(&mut rest, buffer);
        java::in_stream(&mut source).unwrap()
    };
    assert_eq!(packages(&read(&whole).unwrap()), ["org.acme:app 1.2", "org.acme:inner 1.2"]);
    // The first file as programs write it that do not know its size yet.
    let name_end = 30 + files[0].0.len();
    let size = usize::from(u16::from_le_bytes([whole[18], whole[19]]));
    let sizes = [b"PK\x07\x08".as_slice(), &[0; 4], &whole[18..26]].concat();
    let mut behind = [&whole[..name_end + size], &sizes, &whole[name_end + size..]].concat();
    behind[6] = 8;
    behind[18..26].fill(0);
    assert_eq!(packages(&read(&behind).unwrap()), ["org.acme:app 1.2", "org.acme:inner 1.2"]);
    for end in 0..whole.len() - 200 {
        let _ = read(&whole[..end]);
    }
    assert!(read(&whole[..100]).is_none(), "half of one is not taken for one");
    let mut failing = |_: &mut [u8]| Err(std::io::Error::other("the layer ends"));
    assert_eq!(java::in_stream(&mut failing).unwrap_err().to_string(), "the layer ends");
}

/// Archives in archives end somewhere, and what is not looked into is named.
#[test]
fn archives_that_hold_themselves_end() {
    let mut archive = zip(&[("META-INF/maven/a/b/pom.properties", b"groupId=a\nartifactId=b\nversion=1\n".to_vec())]);
    for level in ["d.jar", "c.war", "b.jar", "a.jar"] {
        archive = zip(&[(level, archive)]);
    }
    let facts = check("app/app.ear", archive);
    assert_eq!(packages(&facts), Vec::<String>::new());
    assert!(facts.problem.unwrap().text.contains("archives in it were not read: c.war"));
}

/// A program with this build information, as Go 1.18 and later write it.
fn go_program(version: &str, modules: &str) -> Vec<u8> {
    let text = |text: &[u8]| {
        let (length, mut bytes) = (text.len(), Vec::new());
        bytes.extend([u8::try_from(length & 0x7f).unwrap() | 0x80, u8::try_from(length >> 7).unwrap()]);
        bytes.extend(text);
        bytes
    };
    let modules = [&[0x30; 16], modules.as_bytes(), &[0x31; 16]].concat();
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64, 0);
    // Another program's search for the same magic.
    program.extend(b"\xff Go buildinf:\0\0");
    program.extend(b"\xff Go buildinf:\x08\x02");
    program.resize(112, 0);
    program.extend([text(version.as_bytes()), text(&modules)].concat());
    program
}

#[test]
fn go_modules_with_replacements() {
    let modules = "path\texample.com/x\nmod\texample.com/x\t(devel)\t\ndep\tgolang.org/x/net\tv0.17.0\th1:a=\n\
        dep\tgithub.com/a/b\tv1.0.0\n=>\tgithub.com/c/b\tv1.0.1\th1:b=\ndep\tlocal.example/y\tv0.0.0\n=>\t./y\t(devel)\t\nbuild\t-x=y\n";
    let facts = check("bin/x", go_program("go1.21.5 X:boringcrypto", modules));
    assert_eq!(packages(&facts), ["stdlib 1.21.5", "golang.org/x/net v0.17.0", "github.com/c/b v1.0.1"]);
    assert!(check("bin/other", b"\x7fELF\x02\x01nothing").is_empty());
}

#[test]
fn a_large_program_is_searched_piece_by_piece() {
    let program = go_program("go1.21.5", "dep\ta\tv1\n");
    for before in [0, (2 << 20) - 64, (4 << 20) - 64, 5 << 20] {
        let content = [vec![0; before], program.clone(), vec![0; 3 << 20]].concat();
        let mut rest = &content[..];
        let facts =
            read_large(&[&go::READER, &cargo::READER], 0, &mut |buffer| io::Read::read(&mut rest, buffer)).unwrap();
        assert_eq!(packages(&facts), ["stdlib 1.21.5", "a v1"], "{before}");
    }
    let facts = read_large(&[&go::READER], 70 << 20, &mut |_| Ok(0)).unwrap();
    assert!(!facts.problem.unwrap().leaves_unjudged);
}

#[test]
fn crates_of_a_program() {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(br#"{"packages":[{"name":"a","version":"1.0.0","source":"local"},{"name":"cc","version":"1","kind":"build"}]}"#).unwrap();
    let list = encoder.finish().unwrap();
    let names = b"\0.dep-v0\0.shstrtab\0";
    let mut program = vec![0_u8; 64];
    program[..6].copy_from_slice(b"\x7fELF\x02\x01");
    let (list_at, names_at) = (program.len(), program.len() + list.len());
    program.extend([list.as_slice(), names].concat());
    let table = program.len();
    for (name, start, size) in [(0, 0, 0), (1, list_at, list.len()), (9, names_at, names.len())] {
        let mut header = [0_u8; 64];
        header[0] = name;
        header[0x18..0x20].copy_from_slice(&(start as u64).to_le_bytes());
        header[0x20..0x28].copy_from_slice(&(size as u64).to_le_bytes());
        program.extend(header);
    }
    program[0x28..0x30].copy_from_slice(&(table as u64).to_le_bytes());
    program[0x3a] = 64;
    program[0x3c] = 3;
    program[0x3e] = 2;
    assert_eq!(packages(&check("bin/x", &program)), ["a 1.0.0"]);
}

#[test]
fn more_packages_than_are_kept_are_a_problem() {
    let status = (0..10_001).fold(String::new(), |text, number| format!("{text}Package: p{number}\nVersion: 1\n\n"));
    let facts = check("var/lib/dpkg/status", status);
    assert!(facts.problem.unwrap().leaves_unjudged && facts.packages.is_empty());
}

/// Every reader takes every beginning and every small damage of what it reads.
#[test]
fn damaged_files_are_no_panics() {
    let samples: [(&str, Vec<u8>); 5] = [
        ("bin/x", go_program("go1.21.5", "dep\ta\tv1\n")),
        (
            "a.jar",
            zip(&[
                ("META-INF/maven/a/b/pom.properties", b"groupId=a\nartifactId=b\nversion=1".to_vec()),
                ("b.jar", zip(&[])),
            ]),
        ),
        ("var/lib/dpkg/status", b"Package: a\nVersion: 1\nSource: (\n\n".to_vec()),
        ("var/lib/rpm/rpmdb.sqlite", [b"SQLite format 3\0\x02\0".to_vec(), vec![0; 1100]].concat()),
        (
            "var/lib/rpm/Packages.db",
            [b"RpmP\0\0\0\0\0\0\0\0\x01\0\0\0".to_vec(), b"Slot\x01\0\0\0\x02\0\0\0\x01\0\0\0".repeat(300)].concat(),
        ),
    ];
    for (path, sample) in samples {
        for at in 0..sample.len() {
            for reader in READERS {
                let _ = (reader.read)(path, &sample[..at]);
            }
            for byte in [0, 1, 13, 0x7f, 0xff] {
                let mut damaged = sample.clone();
                damaged[at] = byte;
                for reader in READERS.iter().filter(|reader| (reader.wants)(&Candidate { path, is_executable: true })) {
                    let _ = (reader.read)(path, &damaged);
                }
            }
        }
    }
}

/// Bytes that are no text would be three times as many as text.
#[test]
fn lines_without_end_are_cut() {
    let line =
        [b"Package: a\nVersion: 1\nDescription: ".to_vec(), vec![0xff; 10_000], b"\nSource: b\n\n".to_vec()].concat();
    assert_eq!(packages(&check("var/lib/dpkg/status", &line)), ["a 1 < b 1"]);
    assert!(lines(&line).all(|line| line.len() <= 3 * MAX_LINE_BYTES));
}
