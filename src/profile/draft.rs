//! Profiles as text: TOML with a comment for each setting, and never a secret.

use std::fmt::{self, Write as _};

use super::{
    Kind, KnownSetting,
    section::is_private_key,
    setting::{self, key},
    write::WriteError,
};

/// A profile to be written. Its `{:?}` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// The profile that it extends.
    pub extends: Option<String>,
    /// Its settings by name (`client-id`), in the order in which they are written.
    pub values: Vec<(&'static str, Vec<String>)>,
    /// The headers it adds.
    pub headers: Vec<(String, String)>,
    /// Comments at its top, a line each.
    pub notes: Vec<String>,
}

/// What stands at the top of a new file.
const OPENING: &str = "\
# Profiles for maskinporten: `maskinporten token --profile NAME`.
# The keys are the options of `maskinporten token --help`, with underscores. Options and variables win over this file.
# Paths are relative to this file; ~/ is your home folder. Keep passwords in a file of their own that only you may
# read, and name it with keystore_password_file.
";

impl fmt::Debug for Draft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.values.iter().map(|(name, _)| *name).collect();
        write!(formatter, "Draft({}: {})", self.name, names.join(", "))
    }
}

impl Draft {
    /// A profile without settings.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Writes profiles as a new file, with the one that counts when none is asked for.
    ///
    /// # Errors
    /// As [`Draft::render`].
    pub fn file(drafts: &[Self], default: Option<&str>, known: &[KnownSetting]) -> Result<String, WriteError> {
        let mut text = OPENING.to_owned();
        if let Some(default) = default {
            let _ = write!(
                text,
                "\n# The profile that counts when none is asked for.\ndefault_profile = {}\n",
                quoted(default)
            );
        }
        for draft in drafts {
            text.push('\n');
            text.push_str(&draft.render(known)?);
        }
        Ok(text)
    }

    /// Writes the profile as a section.
    ///
    /// # Errors
    /// [`WriteError::UnknownSetting`], and [`WriteError::Secret`] for a setting that is one or a private key itself.
    pub fn render(&self, known: &[KnownSetting]) -> Result<String, WriteError> {
        let section = format!("profiles.{}", table_key(&self.name));
        let mut text = format!("[{section}]\n");
        for note in self.notes.iter().flat_map(|note| note.lines()) {
            let _ = writeln!(text, "# {}", comment(note));
        }
        if let Some(base) = &self.extends {
            let _ = writeln!(text, "# Takes over what this profile does not say itself.\nextends = {}", quoted(base));
        }
        for (name, values) in &self.values {
            let setting = setting::find(known, name).ok_or_else(|| WriteError::UnknownSetting((*name).to_owned()))?;
            if setting.instead().is_some() || values.iter().any(|value| is_private_key(setting, value)) {
                return Err(WriteError::Secret { key: key(name), instead: setting.instead() });
            }
            let _ = writeln!(text, "# {}\n{} = {}", comment(setting.help), key(name), value(setting.kind, values));
        }
        if !self.headers.is_empty() {
            let _ = writeln!(text, "\n[{section}.headers]");
        }
        for (name, value) in &self.headers {
            let _ = writeln!(text, "{} = {}", table_key(name), quoted(value));
        }
        Ok(text)
    }
}

fn value(kind: Kind, values: &[String]) -> String {
    let last = || values.last().map(String::as_str).unwrap_or_default();
    match kind {
        Kind::Flag => (last() == "true").to_string(),
        Kind::Number => last().parse::<i64>().map_or_else(|_| quoted(last()), |number| number.to_string()),
        Kind::List if values.len() != 1 => {
            let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("[{}]", quoted.join(", "))
        }
        Kind::Text | Kind::List => quoted(last()),
    }
}

/// A text of TOML: in single quotes when it has backslashes, as paths of Windows do; else in double ones.
fn quoted(text: &str) -> String {
    if text.contains('\\') && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A key of TOML: bare where that is allowed.
fn table_key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { quoted(name) }
}

/// A comment may hold no control character.
fn comment(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}
