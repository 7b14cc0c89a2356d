//! `WWW-Authenticate`, read by its grammar, so that a hostile header is not read as something else.
//!
//! Invariant: a header either follows the grammar as a whole or gives no challenge; nothing of it is guessed.

/// The longest header that is read, in bytes.
const MAX_BYTES: usize = 8 * 1024;
/// The most parameters of one challenge.
const MAX_PARAMETERS: usize = 16;

/// One way to authenticate that a server offers.
///
/// # Source
/// RFC 9110, sections 5.6 and 11: `auth-scheme [ 1*SP ( token68 / #auth-param ) ]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme in lower case, such as `bearer`.
    pub scheme: String,
    /// The parameters, names in lower case, in order.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Every challenge of one header value; none when it does not follow the grammar.
    pub fn parse_all(header: &str) -> Vec<Self> {
        if header.len() > MAX_BYTES {
            return Vec::new();
        }
        Parser { rest: header }.challenges().unwrap_or_default()
    }

    /// The parameter called `name`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn challenges(&mut self) -> Option<Vec<Challenge>> {
        let mut found: Vec<Challenge> = Vec::new();
        self.skip_commas();
        while !self.rest.is_empty() {
            let scheme = self.token()?.to_ascii_lowercase();
            let mut challenge = Challenge { scheme, parameters: Vec::new() };
            if self.spaces() > 0 && !self.rest.is_empty() && !self.rest.starts_with(',') {
                self.credentials(&mut challenge)?;
            }
            found.push(challenge);
            self.list_end()?;
        }
        Some(found)
    }

    /// A token68, which we have no use for, or parameters parted by commas, up to the next challenge.
    fn credentials(&mut self, challenge: &mut Challenge) -> Option<()> {
        if self.token68() {
            return Some(());
        }
        loop {
            let (name, value) = self.parameter()?;
            let is_repeated = challenge.parameters.iter().any(|(known, _)| *known == name);
            if is_repeated || challenge.parameters.len() == MAX_PARAMETERS {
                return None;
            }
            challenge.parameters.push((name, value));
            let before = self.rest;
            if self.skip_commas() == 0 || self.rest.is_empty() {
                self.rest = before;
                return Some(());
            }
            // After a comma comes a parameter, `name=`, or the next challenge, `scheme SP`.
            let mut ahead = Parser { rest: self.rest };
            ahead.token()?;
            ahead.spaces();
            if !ahead.rest.starts_with('=') {
                self.rest = before;
                return Some(());
            }
        }
    }

    fn parameter(&mut self) -> Option<(String, String)> {
        let name = self.token()?.to_ascii_lowercase();
        self.spaces();
        self.rest = self.rest.strip_prefix('=')?;
        self.spaces();
        let value = if self.rest.starts_with('"') { self.quoted()? } else { self.token()?.to_owned() };
        self.spaces();
        Some((name, value))
    }

    /// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, when that is all up to a comma or the end.
    fn token68(&mut self) -> bool {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-._~+/".contains(letter);
        let after = self.rest.trim_start_matches(is_letter);
        if after.len() == self.rest.len() {
            return false;
        }
        let after = after.trim_start_matches('=').trim_start_matches([' ', '\t']);
        let fits = after.is_empty() || after.starts_with(',');
        if fits {
            self.rest = after;
        }
        fits
    }

    fn token(&mut self) -> Option<&'a str> {
        let is_token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
        let end = self.rest.find(|letter| !is_token(letter)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut letters = self.rest.strip_prefix('"')?.chars();
        loop {
            match letters.next()? {
                '"' => break,
                '\\' => value.push(letters.next().filter(|letter| is_text(*letter))?),
                letter => value.push(Some(letter).filter(|letter| is_text(*letter))?),
            }
        }
        self.rest = letters.as_str();
        Some(value)
    }

    fn spaces(&mut self) -> usize {
        let trimmed = self.rest.trim_start_matches([' ', '\t']);
        let skipped = self.rest.len() - trimmed.len();
        self.rest = trimmed;
        skipped
    }

    /// Skips commas with white space around them, and counts them: a list may have empty elements.
    fn skip_commas(&mut self) -> usize {
        let mut commas = 0;
        self.spaces();
        while let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            self.spaces();
            commas += 1;
        }
        commas
    }

    fn list_end(&mut self) -> Option<()> {
        let commas = self.skip_commas();
        (commas > 0 || self.rest.is_empty()).then_some(())
    }
}

fn is_text(letter: char) -> bool {
    letter == '\t' || !letter.is_control()
}

#[cfg(test)]
mod tests;
