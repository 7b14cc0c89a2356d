//! Lists and maps of a hostile length, read whole but kept only as far as needed to say that they are too long.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Descriptor;
use crate::registry::limits::{MAX_ANNOTATION_BYTES, MAX_ANNOTATIONS};

/// Up to `MAX` + 1 descriptors: one more than allowed tells that there were too many. `null` is no list.
pub fn bounded_descriptors<'de, D, const MAX: usize>(deserializer: D) -> Result<Option<Vec<Descriptor>>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(ListVisitor::<MAX>)
}

struct ListVisitor<const MAX: usize>;

impl<'de, const MAX: usize> Visitor<'de> for ListVisitor<MAX> {
    type Value = Option<Vec<Descriptor>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of descriptors")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() <= MAX {
            match list.next_element()? {
                Some(descriptor) => kept.push(descriptor),
                None => return Ok(Some(kept)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(kept))
    }
}

/// The first annotations, without those that are very long. `null` is none.
pub fn bounded_annotations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    deserializer.deserialize_any(MapVisitor)
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of texts")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kept = BTreeMap::new();
        while kept.len() < MAX_ANNOTATIONS {
            let Some((name, value)) = map.next_entry::<String, String>()? else { return Ok(kept) };
            if name.len() + value.len() <= MAX_ANNOTATION_BYTES {
                kept.insert(name, value);
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(kept)
    }
}

/// Whether a list holds anything; `null` is empty.
pub fn is_not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    deserializer.deserialize_any(EmptyVisitor)
}

struct EmptyVisitor;

impl<'de> Visitor<'de> for EmptyVisitor {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let mut holds_any = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            holds_any = true;
        }
        Ok(holds_any)
    }
}
