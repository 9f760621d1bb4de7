//! One profile as it stands in one file: keys checked, values as text, each with its place.

use std::fmt;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    FileKind, Kind, KnownSetting, Place, ProfileError, Role, Warning, nearest, paths, place::shown, setting,
    source::Source,
};

/// The keys of a profile that are no settings.
pub(super) const PROFILE_KEYS: [&str; 2] = ["extends", "headers"];

/// A setting's values, as text, and where they stand. Its `{:?}` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    pub(super) values: Vec<String>,
    pub(super) place: Place,
    pub(super) kind: FileKind,
}

/// A header that a profile adds to what `headers` prints. Its `{:?}` does not show the value: `ApiKey` is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it stands.
    pub place: Place,
}

/// A profile in one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    pub(super) extends: Option<(String, Place)>,
    pub(super) values: Vec<(&'static str, Value)>,
    pub(super) headers: Vec<Header>,
}

impl Value {
    /// The values: one, unless the setting is a list. A flag that is set is `true`.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it stands in the project's file or the user's.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// Whether it says that there is no value: an empty text or list, or a flag that is not set.
    pub(super) fn is_nothing(&self, setting: Option<&KnownSetting>) -> bool {
        let flag = setting.is_some_and(|setting| setting.kind == Kind::Flag);
        self.values.iter().all(|value| value.is_empty() || (flag && value == "false"))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Value({})", self.place)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Header({}, {})", self.name, self.place)
    }
}

/// What it takes to read a section.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    pub(super) kind: FileKind,
    pub(super) known: &'a [KnownSetting],
    pub(super) warnings: Vec<Warning>,
}

/// The entries of a table in the order of the file: the first mistake is the one to tell.
pub(super) fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

impl Reader<'_> {
    /// Reads `[profiles.NAME]`.
    pub(super) fn section(&mut self, name: &str, table: &DeTable<'_>) -> Result<Section, ProfileError> {
        let mut section = Section::default();
        for (key, value) in in_order(table) {
            let word = key.get_ref().as_ref();
            let known = self.known.iter().find(|setting| setting.key() == word);
            match (word, known) {
                ("extends", _) => {
                    let base = self.text("extends", value)?;
                    section.extends = Some((base, self.source.line(value.span().start)));
                }
                ("headers", _) => section.headers = self.headers(value)?,
                (_, Some(setting)) => {
                    let value = self.value(setting, value)?;
                    section.values.push((setting.name, value));
                }
                _ => {
                    return Err(ProfileError::UnknownKey {
                        place: self.source.exactly(key.span().start),
                        key: shown(word),
                        profile: Some(shown(name)),
                        nearest: nearest::nearest_key(word, self.known, &PROFILE_KEYS),
                        belongs_in_profile: false,
                    });
                }
            }
        }
        Ok(section)
    }

    fn value(&mut self, setting: &KnownSetting, value: &Spanned<DeValue<'_>>) -> Result<Value, ProfileError> {
        let key = setting.key();
        let exactly = || self.source.exactly(value.span().start);
        if self.kind == FileKind::Project && setting.is(Role::Command) {
            return Err(ProfileError::CommandInProject { place: exactly(), key });
        }
        if setting.is(Role::KeySource) && value.get_ref().is_table() {
            return Err(ProfileError::PlainKey { place: exactly(), key });
        }
        let texts = self.texts(setting, &key, value)?;
        if texts.iter().any(|text| is_private_key(setting, text)) {
            return Err(ProfileError::PlainKey { place: exactly(), key });
        }
        let place = self.source.line(value.span().start);
        let expanded: Option<Vec<String>> = texts.iter().map(|text| expand(setting, text, &place)).collect();
        let values = expanded.ok_or_else(|| ProfileError::NoHome { place: place.clone(), key })?;
        let value = Value { values, place: place.clone(), kind: self.kind };
        if let Some(instead) = setting.instead().filter(|_| !value.is_nothing(Some(setting))) {
            self.warnings.push(Warning::PlainSecret { name: setting.name, place, instead });
        }
        Ok(value)
    }

    /// A value as texts, if its type fits its setting.
    fn texts(
        &self,
        setting: &KnownSetting,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<String>, ProfileError> {
        let expected = match setting.kind {
            Kind::Text => "text",
            Kind::List => "a text or an array of texts",
            Kind::Flag => "true or false",
            Kind::Number => "a number, or a time as text",
        };
        let wrong = |value: &Spanned<DeValue<'_>>| self.wrong_type(key, expected, value);
        match (setting.kind, value.get_ref()) {
            (Kind::Text | Kind::List | Kind::Number, DeValue::String(text)) => Ok(vec![text.to_string()]),
            (Kind::Flag, DeValue::Boolean(set)) => Ok(vec![set.to_string()]),
            (Kind::Number, DeValue::Integer(number)) => {
                let read = i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| wrong(value))?;
                Ok(vec![read.to_string()])
            }
            (Kind::List, DeValue::Array(array)) => array
                .iter()
                .map(|element| match element.get_ref() {
                    DeValue::String(text) => Ok(text.to_string()),
                    _ => Err(wrong(element)),
                })
                .collect(),
            _ => Err(wrong(value)),
        }
    }

    fn headers(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Header>, ProfileError> {
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.wrong_type("headers", "a table", value));
        };
        in_order(table).into_iter().map(|(name, value)| self.header(name.get_ref(), value)).collect()
    }

    /// A header. Names: RFC 9110 §5.1; a value with a line break would be two headers.
    fn header(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Header, ProfileError> {
        let text = self.text(name, value)?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let problem = if name.is_empty() || !name.bytes().all(token) {
            Some("its name has characters that no header has")
        } else if text.chars().any(char::is_control) {
            Some("its value has control characters")
        } else {
            None
        };
        let place = self.source.line(value.span().start);
        match problem {
            Some(problem) => Err(ProfileError::Header { place, name: shown(name), problem }),
            None => Ok(Header { name: name.to_owned(), value: text, place }),
        }
    }

    pub(super) fn text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, ProfileError> {
        value.get_ref().as_str().map(ToOwned::to_owned).ok_or_else(|| self.wrong_type(key, "text", value))
    }

    pub(super) fn wrong_type(&self, key: &str, expected: &'static str, value: &Spanned<DeValue<'_>>) -> ProfileError {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with decimals",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        ProfileError::WrongType { place: self.source.exactly(value.span().start), key: shown(key), expected, found }
    }
}

/// Whether a text is a private key and not the name of a file: PEM anywhere, JSON where a key is named.
pub(super) fn is_private_key(setting: &KnownSetting, text: &str) -> bool {
    let text = text.trim_start();
    (text.contains("-----BEGIN") && text.contains("PRIVATE KEY"))
        || (setting.is(Role::KeySource) && text.starts_with(['{', '[']))
}

fn expand(setting: &KnownSetting, text: &str, place: &Place) -> Option<String> {
    if setting.is(Role::Path) {
        return paths::expand(text, &place.folder());
    }
    match text.strip_prefix('@') {
        Some(file) if setting.is(Role::PathAfterAt) => {
            paths::expand(file, &place.folder()).map(|path| format!("@{path}"))
        }
        _ => Some(text.to_owned()),
    }
}

/// Finds the setting that a value belongs to.
pub(super) fn is_nothing(known: &[KnownSetting], name: &str, value: &Value) -> bool {
    value.is_nothing(setting::find(known, name))
}
