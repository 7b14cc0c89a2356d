//! From parser events to a [`Node`] tree, with an explicit stack.
//!
//! **Invariant**: the work is linear in the text and in the merged entries, both bounded; nothing recurses, and no
//! tree is deeper than the limit, aliases followed.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};

use super::super::super::limits::Limits;
use super::super::super::problem::Cause;
use super::super::super::span::Span;
use super::super::node::{Entry, Mapping, Node, Value, repeated};
use super::Fault;
use super::branches;
use super::mask::Mask;
use super::scalar::{self, Style};

/// What has been read so far of one file, against its limits.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// Nodes made and entries merged.
    pub(super) nodes: usize,
    /// Duplicate keys reported.
    pub(super) duplicates: usize,
    /// Documents for which lines were left out.
    pub(super) blanked_parts: usize,
}

/// Duplicate keys that are reported one by one in a file.
const MAX_DUPLICATES: usize = 50;

/// Builds the documents of one part of a file.
pub(super) struct Builder<'a> {
    /// What the parser reads.
    masked: &'a str,
    /// The file as written, of the same length.
    original: &'a str,
    mask: &'a Mask,
    limits: &'a Limits,
    spent: &'a mut Spent,
    /// The column, from 0, of the event at hand.
    column: usize,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    /// Collections whose end was read, and that template actions before the next event may still belong to.
    ends: Vec<usize>,
    next_action: usize,
    used_actions: HashSet<usize>,
    root: Option<Built>,
    pub(super) notes: Vec<Fault>,
    /// A flow map stood where a key is expected, as in an unquoted `{{ … }}`.
    pub(super) saw_templated_key: bool,
}

#[derive(Clone)]
struct Built {
    node: Node,
    /// Levels below and including the node.
    height: usize,
}

struct Frame {
    content: Content,
    span: Span,
    block: bool,
    anchor: usize,
    height: usize,
    column: usize,
    /// Whether a template action adds to it.
    open: bool,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, merges: Vec<(Span, Node)>, key: Option<Key> },
}

struct Key {
    text: Box<str>,
    span: Span,
    column: usize,
    merges: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        masked: &'a str,
        original: &'a str,
        mask: &'a Mask,
        limits: &'a Limits,
        spent: &'a mut Spent,
        start: usize,
    ) -> Self {
        Self {
            masked,
            original,
            mask,
            limits,
            spent,
            column: 0,
            stack: Vec::new(),
            anchors: HashMap::new(),
            ends: Vec::new(),
            next_action: mask.actions.partition_point(|action| action.span.start < start),
            used_actions: HashSet::new(),
            root: None,
            notes: Vec::new(),
            saw_templated_key: false,
        }
    }

    /// Forgets a document that can't be finished.
    pub(super) fn abandon(&mut self) {
        self.stack.clear();
        self.ends.clear();
        self.anchors.clear();
        self.root = None;
    }

    /// Ends a document that reaches to `end`; `None` when nothing stands in it.
    pub(super) fn finish(&mut self, end: usize) -> Result<Option<Node>, Fault> {
        self.settle(end)?;
        let root = self.root.take().map(|built| built.node);
        self.anchors.clear();
        Ok(root)
    }

    /// Takes one event; comments and stream events are not its business.
    pub(super) fn take(&mut self, event: &Event<'_>, span: Span, column: usize) -> Result<(), Fault> {
        self.column = column;
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, *style, *anchor, tag.as_deref(), span),
            Event::Alias(anchor) => self.alias(*anchor, span),
            Event::SequenceStart(style, anchor, _) => self.open(Content::Sequence(Vec::new()), *style, *anchor, span),
            Event::MappingStart(style, anchor, _) => {
                let content = Content::Mapping { entries: Vec::new(), merges: Vec::new(), key: None };
                self.open(content, *style, *anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.ends.push(span.end);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Fault> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            _ => Style::Block,
        };
        let implicit = span.is_empty() && style == Style::Plain;
        let reaches = if implicit { self.implicit_place(span.start) } else { span.start };
        self.settle(reaches)?;
        if implicit {
            let value = self.implicit_value(reaches);
            return self.add(Built { node: Node::new(Span::new(reaches, reaches), value), height: 1 }, anchor, reaches);
        }
        // What stands in the scalar is not also an action around it.
        self.next_action += self.mask.count_before(self.next_action, span.end);
        let value = if self.mask.touches(span) {
            Value::Unknown(unquoted(span.of(self.original)).into())
        } else {
            scalar::resolve(text, style, tag.map(|tag| tag.core_suffix().unwrap_or_default()))
        };
        if self.wants_key() {
            let merges = style == Style::Plain && text == "<<" && tag.is_none();
            return self.key(Key { text: self.key_text(&value, text, span), span, column: self.column, merges });
        }
        let span = if style == Style::Block { self.block_scalar(span) } else { span };
        self.add(Built { node: Node::new(span, value), height: 1 }, anchor, span.end)
    }

    /// The place of a block scalar from its indicator to its last character.
    fn block_scalar(&self, span: Span) -> Span {
        let before = self.masked.get(..span.start).unwrap_or_default().trim_end();
        let line = before.rfind(['\n', '\r']).map_or(0, |line_break| line_break + 1);
        let from = match self.top().map(|frame| &frame.content) {
            Some(Content::Mapping { key: Some(key), .. }) => key.span.end.max(line),
            _ => line,
        };
        let indicator = before.get(from..).and_then(|header| header.find(['|', '>']));
        let start = indicator.map_or(span.start, |found| from + found);
        let end = span.start + span.of(self.masked).trim_end().len();
        Span::new(start, if span.is_empty() { before.len() } else { end })
    }

    fn key_text(&self, value: &Value, text: &str, span: Span) -> Box<str> {
        if self.mask.touches(span) { span.of(self.original).into() } else { scalar::key_text(value, text) }
    }

    /// Where a value that is not written stands: right after the colon of its key or after its dash, else where the
    /// parser says.
    fn implicit_place(&self, fallback: usize) -> usize {
        let Some(frame) = self.top() else { return fallback };
        let key = match &frame.content {
            Content::Mapping { key: Some(key), .. } => key,
            Content::Sequence(_) if frame.block => return self.after_dash(frame.span.end).unwrap_or(fallback),
            _ => return fallback,
        };
        let after = self.masked.get(key.span.end..).unwrap_or_default();
        let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
        let colon = usize::from(after.get(blank..).is_some_and(|rest| rest.starts_with(':')));
        key.span.end + if colon == 1 { blank + 1 } else { 0 }
    }

    /// One past the next dash, when only white space and comments stand before it.
    fn after_dash(&self, from: usize) -> Option<usize> {
        let bytes = self.masked.as_bytes();
        let mut at = from;
        loop {
            match bytes.get(at)? {
                b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                b'#' => at += bytes.iter().skip(at).take_while(|byte| !matches!(byte, b'\n' | b'\r')).count(),
                b'-' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// `null`, unless a template action stands where the value would.
    fn implicit_value(&mut self, place: usize) -> Value {
        let column = match self.top().map(|frame| &frame.content) {
            Some(Content::Mapping { key: Some(key), .. }) => key.column,
            Some(_) => self.top().map_or(0, |frame| frame.column),
            None => 0,
        };
        match self.mask.value_at(self.masked, place, column) {
            Some(index) => {
                self.used_actions.insert(index);
                let raw = self.mask.actions.get(index).map_or("", |action| action.span.of(self.original));
                Value::Unknown(raw.into())
            }
            None => Value::Null,
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fault> {
        self.settle(span.start)?;
        let Some(built) = self.anchors.get(&anchor).cloned() else {
            return Err(Fault::syntax(span.start, "the alias stands inside the value it refers to"));
        };
        if self.wants_key() {
            let text = built.node.as_str().unwrap_or_else(|| span.of(self.original)).into();
            return self.key(Key { text, span, column: self.column, merges: false });
        }
        self.add(built, 0, span.end)
    }

    fn open(&mut self, content: Content, style: StructureStyle, anchor: usize, mut span: Span) -> Result<(), Fault> {
        let opened = self.first_action_within(self.column, span.start);
        self.settle(span.start)?;
        if self.stack.len() >= self.limits.max_depth {
            return Err(Fault::too_deep(span.start, self.limits));
        }
        let mut column = self.column;
        let block = style == StructureStyle::Block;
        if block && matches!(content, Content::Sequence(_)) {
            let before = self.dash_before(span.start);
            column = column.saturating_sub(before);
            span.start -= before;
        }
        self.stack.push(Frame { content, span, block, anchor, height: 0, column, open: false });
        if let Some(action) = opened {
            self.open_at(column, action);
        }
        Ok(())
    }

    /// An action that prints lines before the first entry of a collection that begins at `place`, which they join.
    /// It is then taken care of.
    fn first_action_within(&mut self, column: usize, place: usize) -> Option<Span> {
        let mut ahead =
            self.mask.actions.get(self.next_action..)?.iter().take_while(|action| action.span.start < place);
        let index = self.next_action + ahead.position(|action| action.adds_lines)?;
        let action = self.mask.actions.get(index)?;
        if !self.ends.is_empty() || action.indent < column || !self.used_actions.insert(index) {
            return None;
        }
        Some(action.span)
    }

    /// How far before `place` the dash stands, for a list that the parser places at its first item.
    fn dash_before(&self, place: usize) -> usize {
        let text = self.masked.get(..place).unwrap_or_default();
        let has_dash = self.masked.get(place..).is_some_and(|rest| rest.starts_with(['-']));
        let trimmed = text.trim_end_matches([' ', '\t']);
        if !has_dash && trimmed.ends_with('-') { place - trimmed.len() + 1 } else { 0 }
    }

    /// Hands template actions before `place` to the collections they stand in, then ends what has ended.
    fn settle(&mut self, place: usize) -> Result<(), Fault> {
        while let Some(action) = self.mask.actions.get(self.next_action) {
            if action.span.start >= place {
                break;
            }
            if action.adds_lines && !self.used_actions.contains(&self.next_action) {
                self.open_at(action.indent, action.span);
            }
            self.next_action += 1;
        }
        for end in std::mem::take(&mut self.ends) {
            self.close(end)?;
        }
        Ok(())
    }

    /// Marks the innermost collection at `column` or to the left as holding more than is written.
    fn open_at(&mut self, column: usize, span: Span) {
        let raw = span.of(self.original);
        let index = self.stack.iter().rposition(|frame| frame.column <= column).unwrap_or(0);
        if let Some(frame) = self.stack.get_mut(index) {
            frame.open = true;
            if let Content::Sequence(items) = &mut frame.content {
                items.push(Node::new(span, Value::Unknown(raw.into())));
            }
        } else if self.root.is_none() {
            let message = "the document is the output of a template action; what it renders to was not judged";
            self.notes.push(Fault::note(span.start, Cause::Templated, message));
        }
    }

    fn close(&mut self, end: usize) -> Result<(), Fault> {
        let Some(mut frame) = self.stack.pop() else { return Ok(()) };
        if !frame.block {
            frame.span.end = end;
        }
        let (anchor, span, column, height) = (frame.anchor, frame.span, frame.column, frame.height + 1);
        let value = match frame.content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping { entries, merges, .. } => self.mapping(entries, &merges, frame.open)?,
        };
        if self.wants_key() {
            let raw = span.of(self.original);
            self.saw_templated_key |= raw.starts_with('{');
            return self.key(Key { text: raw.into(), span, column, merges: false });
        }
        self.add(Built { node: Node::new(span, value), height }, anchor, span.end)
    }

    fn mapping(&mut self, mut entries: Vec<Entry>, merges: &[(Span, Node)], open: bool) -> Result<Value, Fault> {
        let doubles: Vec<Span> = repeated(&entries).into_iter().map(|entry| entry.key_span).collect();
        if doubles.is_empty() && merges.is_empty() {
            return Ok(Value::Mapping(Mapping::of_distinct(entries).with_open(open)));
        }
        if !doubles.is_empty() && !self.mask.is_empty() {
            branches::settle(&mut entries);
        }
        for span in doubles {
            self.duplicate(span);
        }
        let mapping = if merges.is_empty() { Mapping::new(entries) } else { self.merged(entries, merges)? };
        let open = open || mapping.is_open();
        Ok(Value::Mapping(mapping.with_open(open)))
    }

    fn duplicate(&mut self, span: Span) {
        self.spent.duplicates += 1;
        if self.mask.is_empty() && self.spent.duplicates <= MAX_DUPLICATES + 1 {
            let message = match self.spent.duplicates {
                count if count > MAX_DUPLICATES => "more keys from here on are already in their maps",
                _ => "the key is already in this map; the last one counts",
            };
            self.notes.push(Fault::note(span.start, Cause::DuplicateKey, message));
        }
    }

    /// Expands `<<`: what is written wins over what is merged, an earlier merge over a later one.
    fn merged(&mut self, mut entries: Vec<Entry>, merges: &[(Span, Node)]) -> Result<Mapping, Fault> {
        let mut known: HashSet<Cow<'static, str>> = entries.iter().map(|entry| entry.key.clone()).collect();
        let mut open = false;
        for (place, source) in merges {
            let sources = match source.value() {
                Value::Sequence(items) => items.as_slice(),
                _ => std::slice::from_ref(source),
            };
            for source in sources {
                self.spend(source.entries().len() + 1, place.start)?;
                match source.value() {
                    Value::Mapping(mapping) => open |= mapping.is_open(),
                    Value::Unknown(_) => open = true,
                    _ => return Err(Fault::syntax(place.start, "`<<` needs a map or a list of maps")),
                }
                for entry in source.entries() {
                    if known.insert(entry.key.clone()) {
                        entries.push(entry.clone());
                    }
                }
            }
        }
        Ok(Mapping::new(entries).with_open(open))
    }

    fn key(&mut self, new: Key) -> Result<(), Fault> {
        self.spend(1, new.span.start)?;
        let templated = self.mask.touches(new.span);
        if let Some(frame) = self.top_mut() {
            frame.open |= templated;
            frame.span.end = frame.span.end.max(new.span.end);
            if let Content::Mapping { key, entries, .. } = &mut frame.content {
                if entries.is_empty() && frame.block {
                    frame.span.start = new.span.start;
                    frame.column = new.column;
                }
                *key = Some(new);
            }
        }
        Ok(())
    }

    /// Puts a value where it belongs; the collection around it then reaches to `end` at least.
    fn add(&mut self, built: Built, anchor: usize, end: usize) -> Result<(), Fault> {
        let place = built.node.span();
        self.spend(1, place.start)?;
        if self.stack.len() + built.height > self.limits.max_depth {
            return Err(Fault::too_deep(place.start, self.limits));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(built);
            return Ok(());
        };
        frame.height = frame.height.max(built.height);
        frame.span.end = frame.span.end.max(end);
        match &mut frame.content {
            Content::Sequence(items) => items.push(built.node),
            Content::Mapping { entries, merges, key } => match key.take() {
                Some(key) if key.merges => merges.push((key.span, built.node)),
                Some(key) => {
                    entries.push(Entry { key: key.text.into_string().into(), key_span: key.span, value: built.node });
                }
                // A key that is not written, as in `: value`.
                None => *key = Some(Key { text: "null".into(), span: place, column: frame.column, merges: false }),
            },
        }
        Ok(())
    }

    fn spend(&mut self, nodes: usize, place: usize) -> Result<(), Fault> {
        self.spent.nodes += nodes;
        if self.spent.nodes <= self.limits.max_nodes {
            return Ok(());
        }
        let message = format!("more than {} values in the file; the rest was not judged", self.limits.max_nodes);
        Err(Fault::limit(place, message))
    }

    fn wants_key(&self) -> bool {
        matches!(self.top(), Some(Frame { content: Content::Mapping { key: None, .. }, .. }))
    }

    fn top(&self) -> Option<&Frame> {
        self.stack.last()
    }

    fn top_mut(&mut self) -> Option<&mut Frame> {
        self.stack.last_mut()
    }
}

fn unquoted(raw: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = raw.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    raw
}
