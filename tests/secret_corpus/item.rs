//! What stands in the corpus: settings with a value, each labelled.

/// One setting.
#[derive(Clone, Debug)]
pub struct Item {
    /// The kind, a row of [`super::secrets`] or [`super::negatives`].
    pub kind: &'static str,
    /// The words of its name, such as `["db", "password"]`; each format writes them in its style.
    pub name: Vec<String>,
    /// The value before, in and after the secret.
    pub before: String,
    pub secret: String,
    pub after: String,
    /// Whether it must be found.
    pub is_secret: bool,
}

impl Item {
    pub fn value(&self) -> String {
        format!("{}{}{}", self.before, self.secret, self.after)
    }

    pub fn snake(&self) -> String {
        self.name.join("_")
    }

    pub fn constant(&self) -> String {
        self.snake().to_uppercase()
    }

    pub fn kebab(&self) -> String {
        self.name.join("-")
    }

    pub fn dotted(&self) -> String {
        self.name.join(".")
    }

    pub fn camel(&self) -> String {
        let pascal = self.pascal();
        let (first, rest) = pascal.split_at(1);
        first.to_lowercase() + rest
    }

    pub fn pascal(&self) -> String {
        let word = |word: &String| word[..1].to_uppercase() + &word[1..];
        self.name.iter().map(word).collect()
    }
}

/// A file of the corpus under construction: its text and where each item's secret stands.
#[derive(Default)]
pub struct File {
    pub text: String,
    /// For each item in order: the bytes of its secret, or of what encodes it.
    pub places: Vec<(usize, usize)>,
}

impl File {
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Writes the value as it is.
    pub fn value(&mut self, item: &Item) -> &mut Self {
        self.value_as(item, ToOwned::to_owned)
    }

    /// Writes the value, each part through `escape`.
    pub fn value_as(&mut self, item: &Item, escape: impl Fn(&str) -> String) -> &mut Self {
        self.text.push_str(&escape(&item.before));
        let start = self.text.len();
        self.text.push_str(&escape(&item.secret));
        self.places.push((start, self.text.len()));
        self.text.push_str(&escape(&item.after));
        self
    }

    /// Writes what encodes the whole value.
    pub fn encoded(&mut self, encoded: &str) -> &mut Self {
        let start = self.text.len();
        self.text.push_str(encoded);
        self.places.push((start, self.text.len()));
        self
    }
}
