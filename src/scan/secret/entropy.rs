//! How random a text looks.
//!
//! Invariant: depends on the bytes alone, and costs one pass.

/// Shannon entropy of the bytes of `text`, in bits per byte: 0 for one repeated byte, about 4.9 for 40 random base64
/// characters. Empty text has 0.
pub fn shannon_entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let share = |count: u32| f64::from(count) / length;
    counts.into_iter().filter(|count| *count > 0).map(|count| -share(count) * share(count).log2()).sum::<f64>().abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: f64) {
        let entropy = shannon_entropy(text);
        assert!((entropy - expected).abs() < 0.01, "{text:?}: {entropy}");
    }

    #[test]
    fn counts_bits_per_byte() {
        check("", 0.0);
        check("aaaa", 0.0);
        check("abab", 1.0);
        check("0123456789abcdef", 4.0);
    }
}
