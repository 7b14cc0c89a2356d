//! The words of names, by what they say of a value.
//!
//! Invariant: lists, nothing else.

use super::super::super::word_list::WordList;

/// What each name of a secret or of a hash holds somewhere, but for `pw`.
pub(super) const STEMS: &str = "pass pword psw pwd psk authtok community token key secret auth cred salt jwt bearer cookie dsn \
    webhook signature seed licen mnemonic otp encrypt nonce _pat hash crypt digest clear-text sonar.login bundle_ \
    kennwort senha contrasen clave mdp wachtwoord heslo haslo parola losenord sifre";

/// Words of passwords.
pub(super) static PASSWORDS: WordList = WordList::new(
    "password passwd passphrase pass pword pwd pw psk passcode pswd passwort passwords userpw rootpw requirepass masterauth psw authtok \
    rocommunity rwcommunity trapcommunity rootpwmodpw motdepasse passe \
    kennwort senha contrasena contrasenia clave mdp wachtwoord heslo haslo parola losenord sifre",
);
/// Words of what a machine makes.
pub(super) static TOKENS: WordList =
    WordList::new("token apikey apitoken authtoken accesstoken refreshtoken bearertoken");
/// Words of keys and shared secrets.
pub(super) static KEYS: WordList = WordList::new(
    "secret secretkey accesskey privatekey clientsecret encryptionkey signingkey masterkey accountkey \
    sharedkey authkey appkey sharedaccesskey secretaccesskey appsecret jwtsecret passwordsalt",
);
/// Words that often stand for other things too.
pub(super) static VAGUE: WordList = WordList::new(
    "auth credential credentials creds salt authorization secrets tokens jwt bearer cookie dsn webhook \
    signature seed license licence mnemonic otp totp identitytoken encrypt nonce",
);

/// Words of names of a community string, the password of SNMP.
pub(super) static COMMUNITY: WordList = WordList::new("community string snmp ro rw trap read write default");

/// Words before `key` that make it a secret one.
pub(super) static SECRET_KEYS: WordList = WordList::new(
    "access secret sec private account encryption encrypt decryption decrypt signing sign master \
    auth authentication authorization shared storage app admin crypt crypto cipher aes hmac jwt session cookie \
    webhook preshared unseal recovery wrapping validation machine bootstrap root fernet",
);
/// Words before `key` that make it one which only a machine makes.
pub(super) static MACHINE_KEYS: WordList = WordList::new(
    "api subscription function license licence integration routing service agent join enrollment \
    ingest ingestion ssh deploy user",
);
/// Services whose `key` only a machine makes, apart or in one word.
pub(super) static SERVICES: WordList = WordList::new(
    "github gitlab bitbucket slack stripe openai anthropic sendgrid mailgun mailchimp postmark twilio datadog heroku aws \
    azure gcp google mapbox algolia cloudflare digitalocean linode hetzner pagerduty newrelic honeycomb amplitude \
    mixpanel rollbar bugsnag intercom zendesk hubspot shopify paypal braintree plaid telegram discord circleci snyk \
    okta launchdarkly ngrok supabase firebase openweather rapidapi ollama deepgram cohere clarifai replicate pinecone mistral \
    deepseek perplexity elevenlabs tavily brevo mailjet nuget meraki airtable asana figma notion clickup miro typeform \
    accuweather alchemy aiven airvisual apify assemblyai bitly browserstack censys checkly clearbit contentful coveralls crowdin \
    customerio docparser etherscan eventbrite fastly finnhub freshdesk fullstory geoapify giphy graphhopper helpscout infura ipinfo \
    ipstack klaviyo lastfm lob locationiq loggly lokalise mandrill mapquest maxmind messagebird metabase moralis mux netlify newsapi \
    nexmo nylas omnisend onelogin onesignal opencage openuv pandadoc paystack pipedrive pixabay plivo posthog razorpay \
    saucelabs scrapingbee shodan smartsheet sonarqube sparkpost spoonacular statuspage stormglass stytch telnyx todoist tomtom trello \
    unsplash uptimerobot urlscan virustotal vonage vultr weatherapi wistia zerobounce",
);
/// Words before `key` that make it something else.
pub(super) static OTHER_KEYS: WordList = WordList::new(
    "password passwd pass token username passphrase public pub cache partition sort primary foreign tag object map group range label index \
    translation websocket socket recv receive trusted fingerprint registry hot shortcut arrow row column composite natural lookup field dict config json merge site \
    publishable pgp ssl tls message answer issue project topic sentry restore rate limit dedup grouping routekey node selector \
    annotation condition unique idempotency order i18n l10n accelerator trusted host known gpg apt rpm repo signed",
);

/// Words before the secret word that make the whole something else.
pub(super) static OTHER_BEFORE: WordList = WordList::new(
    "existing update encrypted has is show hide skip allow require requires required generate create creates \
    forgot reset change min max minimum maximum num number count invalid wrong missing public pub next page \
    continuation cancellation stop special bos eos pad unk mask sep cls design use uses disable disabled image pull verify \
    validate rotate supports remember expire expires expired without csrf xsrf old_and_new ignore \
    annotation per total prompt completion input output sealed checksum digest fingerprint label placeholder tooltip dummy fake redacted blanking masked",
);
/// Words after the secret word that make the whole something else.
pub(super) static OTHER_AFTER: WordList = WordList::new(
    "file files path paths dir directory folder name names ref refs reference url urls uri \
    policy policies length len size min max minimum maximum ttl expiry expires expiration expired expire lifetime \
    id ids type types algorithm algo alg enabled enable disabled required prompt hint label placeholder field \
    fields header headers format regex pattern reset change count limit limits timeout age rotation rotate version provider \
    manager store engine class service account endpoint host address port encoding encoder encryption hash hashes \
    hashed digest method mode mount key keys from source sources selector template templates strength complexity \
    attempts history issuer audience scope scopes grant lookup location namespace namespaces backend driver handler validator \
    validation authentication authenticator login protected less property parameter param params arg args env var \
    variable variables attribute attr column columns index title description message error text_field input \
    required_message group groups role roles suffix prefix separator list map set spec status annotations labels \
    review reviewer request requests bucket budget usage price cost cache caching refresh rate window interval \
    period delay days hours minutes seconds created updated ref_name check checks test_url renewal exchange \
    callback command cmd script sync syncer projection projected volume volumes secretname kind last first \
    generator length_min rule rules recovery reminder help helper page form dialog screen view button link icon \
    tooltip aria reveal visible show hide toggle strategy transformer converter filter resolver factory builder client_id \
    endpoints server servers domain realm exp iat nbf jti leeway skew signature_type tls ssl cert certificate ca \
    iterations rounds cost_factor symbols characters chars charset alphabet digits uppercase lowercase special \
    entropy generated optional supported usages username user_name users email mail sub subject owner redacted \
    identifier identifiers sha commit revision fingerprint fingerprints thumbprint thumbprints hasher hashers",
);
/// Words after the secret word that change nothing.
pub(super) static SAME_AFTER: WordList = WordList::new(
    "prod production dev development test testing staging stage stg qa uat local live default primary \
    secondary main new old current previous prev backup admin root user db database read write readonly ro rw master slave \
    replica base text plain plaintext clear cleartext value val raw string str data literal encoded b hex api app web \
    client redis postgres postgresql mysql mariadb mongo mongodb rabbitmq kafka smtp ldap internal bot one two \
    a c x y eu us global shared common ci github gitlab demo sandbox preview line int integration secret password \
    token pwd pass",
);
