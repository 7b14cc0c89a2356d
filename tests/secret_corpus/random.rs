//! Made-up values from a fixed seed.

/// A generator of numbers (splitmix64): the same seed gives the same corpus everywhere.
pub struct Random(u64);

const WORDS: &[&str] = &[
    "Tiger", "Harbor", "Copper", "Maple", "Winter", "Rocket", "Falcon", "Velvet", "Marble", "Thunder", "Willow",
    "Ginger", "Canyon", "Pepper", "Orchid", "Saturn", "Meadow", "Lantern", "Bamboo", "Cactus", "Dragon", "Monkey",
    "Sunset", "Breeze",
];

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (bound.max(1) as u64)).expect("below a usize")
    }

    pub fn one<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    pub fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| self.one(&letters)).collect()
    }

    pub fn alnum(&mut self, length: usize) -> String {
        // A machine's value has letters of both cases and digits.
        loop {
            let text = self.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", length);
            let has = |class: fn(&char) -> bool| text.chars().any(|letter| class(&letter));
            if has(char::is_ascii_digit) && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase) {
                return text;
            }
        }
    }

    pub fn hex(&mut self, length: usize) -> String {
        self.text("0123456789abcdef", length)
    }

    pub fn base64(&mut self, bytes: usize) -> String {
        use base64::Engine;
        let bytes: Vec<u8> = (0..bytes).map(|_| u8::try_from(self.below(256)).expect("a byte")).collect();
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    pub fn uuid(&mut self) -> String {
        format!("{}-{}-4{}-a{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }

    /// As a person chooses one: words and digits, perhaps a sign.
    pub fn human(&mut self) -> String {
        let (first, second) = (self.one(WORDS), self.one(WORDS));
        let number = self.below(90) + 10;
        match self.below(4) {
            0 => format!("{first}{second}{number}"),
            1 => format!("{first}-{}-{number}", second.to_lowercase()),
            2 => format!("{}{number}!", first.to_lowercase()),
            _ => format!("{first}@{number}{}", second.to_lowercase()),
        }
    }

    pub fn word(&mut self) -> String {
        self.one(WORDS).to_lowercase()
    }
}
