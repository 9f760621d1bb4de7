//! Profiles to be written: TOML with a comment for each setting, and never a secret.

use std::fmt::{self, Write as _};

use super::{
    KnownSetting, SettingKind,
    setting::{self, key},
    write::WriteError,
};
use crate::text::is_deceptive;

/// A profile to be written. Its `{:?}` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProfileDraft {
    /// Its name.
    pub name: String,
    /// The profile that it extends.
    pub extends: Option<String>,
    /// Its settings by name (`client-id`), in the order in which they are written.
    pub values: Vec<(&'static str, Vec<String>)>,
    /// The headers it adds.
    pub headers: Vec<(String, String)>,
    /// Comments at its top, one per line.
    pub notes: Vec<String>,
}

/// The comment at the top of a new file.
const FILE_COMMENT: &str = "\
# Profiles for maskinporten: `maskinporten token --profile NAME`.
# The keys are the options of `maskinporten token --help`, with underscores. Options and variables win over this file.
# Paths are relative to this file; ~/ is your home folder. Keep passwords in a separate file that only you may read,
# and name it with keystore_password_file.
";

impl fmt::Debug for ProfileDraft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.values.iter().map(|(name, _)| *name).collect();
        write!(formatter, "ProfileDraft({}: {})", self.name, names.join(", "))
    }
}

impl ProfileDraft {
    /// Creates a profile without settings.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Renders profiles as a new file, with the name of the default profile.
    ///
    /// # Errors
    /// As [`ProfileDraft::render`].
    pub fn file(drafts: &[Self], default: Option<&str>, known: &[KnownSetting]) -> Result<String, WriteError> {
        let mut text = FILE_COMMENT.to_owned();
        if let Some(default) = default {
            let _ = write!(
                text,
                "\n# The profile that is used without --profile.\ndefault_profile = {}\n",
                quoted(default)
            );
        }
        for draft in drafts {
            text.push('\n');
            text.push_str(&draft.render(known)?);
        }
        Ok(text)
    }

    /// Renders the profile as a section.
    ///
    /// # Errors
    /// [`WriteError::UnknownSetting`], and [`WriteError::Secret`] for a secret or a private key.
    pub fn render(&self, known: &[KnownSetting]) -> Result<String, WriteError> {
        let section = format!("profiles.{}", table_key(&self.name));
        let mut text = format!("[{section}]\n");
        for note in self.notes.iter().flat_map(|note| note.lines()) {
            let _ = writeln!(text, "# {}", comment(note));
        }
        if let Some(base) = &self.extends {
            let _ = writeln!(text, "# The profile whose settings this one inherits.\nextends = {}", quoted(base));
        }
        for (name, values) in &self.values {
            text.push_str(&setting_line(name, values, known)?);
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

/// Renders a setting below a comment with its help.
pub(super) fn setting_line(name: &str, values: &[String], known: &[KnownSetting]) -> Result<String, WriteError> {
    let setting = setting::find(known, name).ok_or_else(|| WriteError::UnknownSetting(name.to_owned()))?;
    if setting.alternative().is_some() || values.iter().any(|value| setting.is_private_key(value)) {
        return Err(WriteError::Secret { key: key(name), alternative: setting.alternative() });
    }
    Ok(format!("# {}\n{} = {}\n", comment(setting.help), key(name), value(setting.kind, values)))
}

fn value(kind: SettingKind, values: &[String]) -> String {
    let last = || values.last().map(String::as_str).unwrap_or_default();
    match kind {
        SettingKind::Flag => (last() == "true").to_string(),
        SettingKind::Number => last().parse::<i64>().map_or_else(|_| quoted(last()), |number| number.to_string()),
        SettingKind::List if values.len() != 1 => {
            let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("[{}]", quoted.join(", "))
        }
        SettingKind::Text | SettingKind::List => quoted(last()),
    }
}

/// Quotes a TOML string: with single quotes when it has backslashes, as Windows paths do, else with double ones.
fn quoted(text: &str) -> String {
    if text.contains('\\') && !text.contains('\'') && !text.chars().any(is_deceptive) {
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
            deceptive if is_deceptive(deceptive) => {
                let code = u32::from(deceptive);
                let _ = if code > 0xffff { write!(quoted, "\\U{code:08X}") } else { write!(quoted, "\\u{code:04X}") };
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a TOML key, without quotes where they are not needed.
fn table_key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { quoted(name) }
}

/// Removes deceptive characters; a TOML comment may not hold control characters at all.
fn comment(text: &str) -> String {
    text.chars().filter(|character| !is_deceptive(*character)).collect()
}
