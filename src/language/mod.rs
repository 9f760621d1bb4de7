//! The two languages of messages, how one is chosen from a locale or a language tag, and the translation of messages.
//!
//! The locale comes from `LC_ALL`, `LC_MESSAGES` or `LANG`, in this order; an empty variable counts as unset
//! (POSIX.1-2024, Base Definitions, 8.2). Norwegian means Bokmål, which readers of Nynorsk prefer to English. Help, man
//! pages and the names of options and JSON members are English only.

mod messages;

use std::borrow::Cow;

#[cfg(feature = "_connections")]
use hyper::{HeaderMap, header::ACCEPT_LANGUAGE};

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Norwegian Bokmål.
    Norwegian,
}

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub en: &'static str,
    /// In Norwegian Bokmål.
    pub nb: &'static str,
}

impl Language {
    /// The names of the languages (BCP 47).
    pub const NAMES: [&str; 2] = ["en", "nb"];

    /// Returns the language with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::English, Self::Norwegian].into_iter().find(|language| language.name() == name)
    }

    /// Returns the language's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Norwegian => "nb",
        }
    }

    /// Returns a message of this program in this language. A text that is not such a message is returned as it is.
    ///
    /// # Examples
    /// ```
    /// use maskinporten::language::Language;
    ///
    /// assert_eq!(Language::Norwegian.translate("could not read `a.p12`: it is empty"), "kunne ikke lese `a.p12`: den er tom");
    /// ```
    #[must_use]
    pub fn translate(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::English => text.into(),
            Self::Norwegian => messages::norwegian(text),
        }
    }

    /// Returns the language of a tag (BCP 47) or a locale (POSIX), if supported. Nynorsk counts as Bokmål.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        // language[_territory][.codeset][@modifier]; some programs write a hyphen, and browsers add a weight.
        let language = tag.trim().split(['_', '-', '.', '@', ';']).next().unwrap_or_default().to_ascii_lowercase();
        match language.as_str() {
            "nb" | "nn" | "no" | "norwegian" => Some(Self::Norwegian),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// Returns the first supported language of the header `Accept-Language` (RFC 9110 §12.5.4), else English. Browsers list
    /// languages in order of preference.
    #[must_use]
    pub fn from_accept_language(value: &str) -> Self {
        value.split(',').find_map(Self::from_tag).unwrap_or(Self::English)
    }

    /// Returns the first supported language of the browser that sent a request, else English.
    #[cfg(feature = "_connections")]
    pub(crate) fn of_request(headers: &HeaderMap) -> Self {
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
        Self::from_accept_language(accepted)
    }

    /// Returns the language of the locale, English unless it is Norwegian; `lookup` reads an environment variable.
    ///
    /// # Examples
    /// ```
    /// use maskinporten::language::Language;
    ///
    /// let lookup = |name: &str| (name == "LANG").then(|| "nb_NO.UTF-8".to_owned());
    ///
    /// assert_eq!(Language::from_locale(lookup), Language::Norwegian);
    /// ```
    #[must_use]
    pub fn from_locale(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| lookup(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
        Self::from_tag(&locale).unwrap_or(Self::English)
    }
}

impl Words {
    /// Returns the text in one language.
    #[must_use]
    pub fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Norwegian => self.nb,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(variables: &[(&str, &str)]) -> Language {
        let lookup = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        Language::from_locale(lookup)
    }

    #[test]
    fn every_spelling_of_norwegian_is_norwegian_and_everything_else_is_english() {
        for locale in ["nb_NO.UTF-8", "nn_NO", "no", "nb", "no_NO@euro", "nb-NO", "NB_NO.utf8", "norwegian"] {
            assert_eq!(language(&[("LANG", locale)]), Language::Norwegian, "{locale}");
        }
        for locale in ["C", "POSIX", "C.UTF-8", "en_US.UTF-8", "en_NO", "sv_SE", "nbx", "no1", "", "_", "🇳🇴"] {
            assert_eq!(language(&[("LANG", locale)]), Language::English, "{locale}");
        }
        assert_eq!(language(&[]), Language::English);
    }

    #[test]
    fn lc_all_overrides_lc_messages_which_overrides_lang_and_an_empty_variable_is_ignored() {
        for (variables, expected) in [
            ([("LC_ALL", "C"), ("LC_MESSAGES", "nb_NO"), ("LANG", "nb_NO")], Language::English),
            ([("LC_ALL", "nb_NO"), ("LC_MESSAGES", "C"), ("LANG", "C")], Language::Norwegian),
            ([("LC_ALL", ""), ("LC_MESSAGES", "nb_NO"), ("LANG", "C")], Language::Norwegian),
            ([("LC_ALL", ""), ("LC_MESSAGES", "POSIX"), ("LANG", "nb_NO")], Language::English),
            ([("LC_ALL", ""), ("LC_MESSAGES", ""), ("LANG", "nn_NO")], Language::Norwegian),
            ([("LC_CTYPE", "nb_NO"), ("LC_TIME", "nb_NO"), ("LANGUAGE", "nb")], Language::English),
        ] {
            assert_eq!(language(&variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_first_supported_language_of_a_browser_is_used() {
        for (accepted, expected) in [
            ("nb-NO,nb;q=0.9,en;q=0.8", Language::Norwegian),
            ("sv, nn;q=0.9", Language::Norwegian),
            ("en-GB,nb", Language::English),
            ("de,fr", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::from_accept_language(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn a_language_is_found_only_by_its_own_name() {
        for name in Language::NAMES {
            assert_eq!(Language::parse(name).map(Language::name), Some(name));
        }
        for name in ["", "no", "NB", "nb_NO", "english"] {
            assert_eq!(Language::parse(name), None, "{name}");
        }
    }
}
