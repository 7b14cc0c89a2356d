//! `OpenVEX`: what a team states about vulnerabilities of its products.
//!
//! Invariant: pure and bounded. A document that is not understood counts for nothing and is named; a statement that
//! clears a vulnerability without saying why counts for nothing either.
//!
//! # Source
//! `OpenVEX` specification 0.2.0, and the shapes of 0.0.1 where they differ.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

/// All documents together, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Statements of all documents.
const MAX_STATEMENTS: usize = 2_000;
/// Products or subcomponents of one statement, and other ids of one vulnerability.
const MAX_LISTED: usize = 200;
/// The longest text that is kept, in characters.
const MAX_TEXT: usize = 500;

/// What is stated about a vulnerability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VexStatus {
    /// It can't be exploited there.
    NotAffected,
    /// It can.
    Affected,
    /// It is mended there.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VexStatement {
    /// The vulnerability's ids.
    pub vulnerability: Vec<String>,
    /// What is stated.
    pub status: VexStatus,
    /// Of what.
    pub products: Vec<VexProduct>,
    /// The parts of products that are meant, by package URL, where a product names none itself; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Why: the justification, else the impact statement.
    pub why: String,
    /// When, as written.
    pub at: String,
    /// The document that states it.
    pub document: String,
}

/// A product of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VexProduct {
    /// Its names: package URLs, or what else stands there.
    pub ids: Vec<String>,
    /// Its SHA-256, 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The parts of it that are meant, by package URL; those of the statement when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

/// Documents that are read one after another.
#[derive(Debug, Default)]
pub struct VexDocuments {
    statements: Vec<VexStatement>,
    refused: Vec<(String, String)>,
    bytes: usize,
}

impl VexDocuments {
    /// Reads the document at `path`.
    pub fn add(&mut self, path: &str, text: &str) {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MAX_BYTES {
            self.refuse(path, &format!("not read: OpenVEX documents may have {MAX_BYTES} bytes together"));
            return;
        }
        let document: Document = match serde_json::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                self.refuse(path, &format!("no OpenVEX document: line {line}, column {column} is not as expected"));
                return;
            }
        };
        if !document.context.contains("openvex") {
            self.refuse(path, "no OpenVEX document: its \"@context\" is another");
            return;
        }
        for (number, statement) in (1..).zip(document.statements) {
            if self.statements.len() >= MAX_STATEMENTS {
                self.refuse(path, &format!("from statement {number} on: more than {MAX_STATEMENTS} in all documents"));
                return;
            }
            match statement.read(path, &document.timestamp) {
                Ok(statement) => self.statements.push(statement),
                Err(why) => self.refuse(path, &format!("statement {number} {why}")),
            }
        }
    }

    /// Notes that a document, or a part of it, counts for nothing.
    pub fn refuse(&mut self, path: &str, why: &str) {
        self.refused.push((path.to_owned(), why.to_owned()));
    }

    /// The statements, the newest first, and what counts for nothing: path and reason.
    pub fn finish(mut self) -> (Vec<VexStatement>, Vec<(String, String)>) {
        self.statements.reverse();
        self.statements.sort_by(|one, other| Reverse(&one.at).cmp(&Reverse(&other.at)));
        (self.statements, self.refused)
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "@context", default)]
    context: String,
    #[serde(default)]
    timestamp: String,
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Vulnerability,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    last_updated: String,
    #[serde(default)]
    products: Vec<Product>,
    #[serde(default)]
    subcomponents: Vec<Component>,
    status: VexStatus,
    #[serde(default)]
    justification: String,
    #[serde(rename = "impact_statement", default)]
    impact: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vulnerability {
    Name(String),
    Object {
        #[serde(rename = "@id", default)]
        id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Product {
    Name(String),
    Object {
        #[serde(flatten)]
        component: ComponentObject,
        #[serde(default)]
        subcomponents: Vec<Component>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Component {
    Name(String),
    Object(ComponentObject),
}

#[derive(Deserialize)]
struct ComponentObject {
    #[serde(rename = "@id", default)]
    id: String,
    #[serde(default)]
    identifiers: Identifiers,
    #[serde(default)]
    hashes: Hashes,
}

#[derive(Default, Deserialize)]
struct Identifiers {
    #[serde(default)]
    purl: String,
}

#[derive(Default, Deserialize)]
struct Hashes {
    #[serde(rename = "sha-256", default)]
    sha256: String,
}

impl Statement {
    fn read(self, path: &str, document_time: &str) -> Result<VexStatement, String> {
        let vulnerability = self.vulnerability.ids();
        if vulnerability.is_empty() {
            return Err("names no vulnerability".to_owned());
        }
        let why = if self.justification.is_empty() { &self.impact } else { &self.justification };
        if self.status == VexStatus::NotAffected && why.trim().is_empty() {
            return Err("has neither a justification nor an impact statement".to_owned());
        }
        if self.products.is_empty() {
            return Err("names no product".to_owned());
        }
        if self.products.len() > MAX_LISTED || self.subcomponents.len() > MAX_LISTED {
            return Err(format!("names more than {MAX_LISTED} products or subcomponents"));
        }
        let products = self.products.into_iter().map(Product::read).collect::<Result<_, _>>()?;
        let times = [self.last_updated.as_str(), &self.timestamp, document_time];
        let at = times.into_iter().find(|time| !time.is_empty()).unwrap_or_default();
        Ok(VexStatement {
            vulnerability,
            status: self.status,
            products,
            parts: self.subcomponents.into_iter().flat_map(Component::ids).collect(),
            why: short(why),
            at: at.chars().take(19).collect(),
            document: path.to_owned(),
        })
    }
}

impl Vulnerability {
    /// Its ids; one that is an address ends in the id.
    fn ids(self) -> Vec<String> {
        let all = match self {
            Self::Name(name) => vec![name],
            Self::Object { id, name, aliases } => [name, id].into_iter().chain(aliases).collect(),
        };
        let id = |text: String| text.rsplit('/').next().map(|id| short(id.trim())).filter(|id| !id.is_empty());
        all.into_iter().take(MAX_LISTED).filter_map(id).collect()
    }
}

impl Product {
    fn read(self) -> Result<VexProduct, String> {
        let (ids, sha256, parts) = match self {
            Self::Name(name) => (vec![short(&name)], None, Vec::new()),
            Self::Object { component, subcomponents } => {
                if subcomponents.len() > MAX_LISTED {
                    return Err(format!("names more than {MAX_LISTED} subcomponents"));
                }
                let sha256 = Some(component.hashes.sha256.to_ascii_lowercase()).filter(|hash| !hash.is_empty());
                (component.ids(), sha256, subcomponents.into_iter().flat_map(Component::ids).collect())
            }
        };
        Ok(VexProduct { ids, sha256: sha256.map(|hash| short(&hash)), parts })
    }
}

impl Component {
    fn ids(self) -> Vec<String> {
        match self {
            Self::Name(name) => vec![short(&name)],
            Self::Object(object) => object.ids(),
        }
    }
}

impl ComponentObject {
    fn ids(&self) -> Vec<String> {
        [&self.id, &self.identifiers.purl].into_iter().filter(|id| !id.is_empty()).map(|id| short(id)).collect()
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests;
