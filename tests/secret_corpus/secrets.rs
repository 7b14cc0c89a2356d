//! The kinds of secret: what must be found. A kind is one row, here or in `providers`.

use dockgate::scan::secret::fake;

use super::item::Item;
use super::providers::PROVIDERS;
use super::random::Random;

/// A kind of secret: its name, the names of settings that hold it, and how a value is made: what stands before the
/// secret, the secret, what stands after it.
pub struct Kind {
    pub name: &'static str,
    pub settings: &'static [&'static str],
    pub make: fn(&mut Random) -> (String, String, String),
}

const fn kind(
    name: &'static str,
    settings: &'static [&'static str],
    make: fn(&mut Random) -> (String, String, String),
) -> Kind {
    Kind { name, settings, make }
}

fn whole(value: String) -> (String, String, String) {
    (String::new(), value, String::new())
}

const PASSWORDS: &[&str] = &[
    "db password",
    "password",
    "admin password",
    "smtp password",
    "mysql root password",
    "redis password",
    "ldap bind password",
    "keystore passphrase",
];
const KEYS: &[&str] =
    &["api key", "service api key", "maps api key", "access token", "auth token", "deploy token", "bot token"];
const SECRETS: &[&str] = &["client secret", "oauth client secret", "app secret", "webhook secret", "session secret"];
const URLS: &[&str] = &["database url", "connection url", "broker url", "cache url", "endpoint"];

/// Kinds that no provider's format tells: known by the name of the setting, or by the structure of the value.
pub const GENERIC: &[Kind] = &[
    kind("password_random", PASSWORDS, |random| whole(random.alnum(20) + "!")),
    kind("password_alnum", PASSWORDS, |random| whole(random.alnum(16))),
    kind("password_human", PASSWORDS, |random| whole(random.human())),
    kind("password_words", PASSWORDS, |random| whole(format!("{}.{}7", random.word(), random.word()))),
    kind("password_groups", PASSWORDS, |random| {
        whole(format!("T5{}-2{}-YZ7{}", random.text("QRAH", 3), random.text("DSXK", 4), random.text("VEPM", 2)))
    }),
    kind("password_script", PASSWORDS, |random| whole(format!("солнце-{}", random.text("23456789", 5)))),
    kind("session_seed", &["session seed", "wallet seed"], |random| whole(random.alnum(32))),
    kind("api_key_base62", KEYS, |random| whole(random.alnum(32))),
    kind("api_key_hex", KEYS, |random| whole(random.hex(32))),
    kind("token_uuid", KEYS, |random| whole(random.uuid())),
    kind("token_base64url", KEYS, |random| whole(random.alnum(20) + "_" + &random.alnum(22))),
    kind("client_secret", SECRETS, |random| whole(random.alnum(40))),
    kind("jwt_signing_secret", &["jwt secret", "jwt signing key", "token signing secret"], |random| {
        whole(random.human() + "-" + &random.human())
    }),
    kind("encryption_key_hex", &["encryption key", "secret key", "master key"], |random| whole(random.hex(64))),
    kind("encryption_key_base64", &["encryption key", "cookie secret", "secret key"], |random| {
        whole(random.base64(32))
    }),
    kind("secret_key_base", &["secret key base"], |random| whole(random.hex(128))),
    kind("laravel_app_key", &["app key"], |random| whole(format!("base64:{}", random.base64(32)))),
    kind("password_hash", PASSWORDS, |random| whole(format!("$2y$10${}", random.alnum(53)))),
    kind("postgres_url", URLS, |random| ("postgres://api:".into(), random.alnum(18), "@db.prod.svc:5432/api".into())),
    kind("mysql_url", URLS, |random| {
        ("mysql://shop:".into(), random.human().replace('@', "-"), "@db.prod.svc:3306/shop".into())
    }),
    kind("redis_url", URLS, |random| ("redis://:".into(), random.alnum(24), "@cache:6379/0".into())),
    kind("amqp_url", URLS, |random| ("amqp://worker:".into(), random.alnum(20), "@mq.prod.svc:5672/jobs".into())),
    kind("mongodb_url", URLS, |random| {
        ("mongodb+srv://app:".into(), random.alnum(22), "@cluster0.acme.mongodb.net/app".into())
    }),
    kind("basic_url", URLS, |random| ("https://ci:".into(), random.alnum(24), "@repo.acme.io/simple".into())),
    kind("smtp_url", URLS, |random| ("smtp://mailer:".into(), random.alnum(16), "@mail.acme.io:587".into())),
    kind("jdbc_url", URLS, |random| {
        ("jdbc:mysql://db:3306/app?user=app&password=".into(), random.alnum(18), String::new())
    }),
    kind("ado_net", &["connection string", "main connection"], |random| {
        (
            "Server=tcp:db.acme.io,1433;Database=shop;User Id=shop;Password=".into(),
            random.alnum(20),
            ";Encrypt=True".into(),
        )
    }),
    kind("npgsql", &["connection string", "pg connection"], |random| {
        ("Host=db;Username=api;Password=".into(), random.human(), ";Database=api".into())
    }),
    kind("redis_connection", &["redis connection", "cache configuration"], |random| {
        ("cache.acme.io:6380,password=".into(), random.base64(32), ",ssl=True,abortConnect=False".into())
    }),
    kind("bearer_header", &["authorization"], |random| ("Bearer ".into(), random.alnum(40), String::new())),
];

/// One setting of each kind that no format tells, and of the share of the providers' kinds that is due in this round of
/// `rounds`.
pub fn items(random: &mut Random, round: usize, rounds: usize) -> Vec<Item> {
    let generic = GENERIC.iter().map(|kind| {
        let (before, secret, after) = (kind.make)(random);
        item(kind.name, kind.settings[round % kind.settings.len()], before, secret, after)
    });
    let generic: Vec<Item> = generic.collect();
    let due = PROVIDERS.iter().enumerate().filter(|(index, _)| index % rounds == round).map(|(_, kind)| kind);
    let providers = due.map(|(name, settings, template)| {
        // Placeholders are numbered, so those before it make another value each time.
        let skipped = random.below(60);
        let value = fake::expand(&format!("{}{template}", "{fake:hex:1}".repeat(skipped)))[skipped..].to_owned();
        item(name, random.one(settings), String::new(), value, String::new())
    });
    generic.into_iter().chain(providers).collect()
}

fn item(kind: &'static str, setting: &str, before: String, secret: String, after: String) -> Item {
    let name = setting.split(' ').map(str::to_owned).collect();
    Item { kind, name, before, secret, after, is_secret: true }
}
