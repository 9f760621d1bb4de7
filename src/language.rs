//! The two languages in which refusals are explained, and which of them the locale asks for.
//!
//! POSIX.1-2024, Base Definitions, 8.2 (`LC_ALL` before `LC_MESSAGES` before `LANG`, and an empty variable counts as
//! none). Norwegian is Bokmål; who reads Nynorsk reads it sooner than English. It translates nothing else.

/// A language in which refusals are explained.
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

    /// Finds the language with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::English, Self::Norwegian].into_iter().find(|language| language.name() == name)
    }

    /// The language's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Norwegian => "nb",
        }
    }

    /// The language of a tag (BCP 47) or a locale (POSIX), if it is one of the two. Nynorsk counts as Bokmål.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        // language[_territory][.codeset][@modifier]; some programs write a hyphen, and browsers add a weight.
        let language = tag.trim().split(['_', '-', '.', '@', ';']).next().unwrap_or_default().to_ascii_lowercase();
        match language.as_str() {
            "nb" | "nn" | "no" | "norwegian" => Some(Self::Norwegian),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The language of the locale; `lookup` finds a variable. Whatever is not Norwegian is English.
    ///
    /// # Examples
    /// ```
    /// use maskinporten_token_generator::language::Language;
    ///
    /// let lookup = |name: &str| (name == "LANG").then(|| "nb_NO.UTF-8".to_owned());
    ///
    /// assert_eq!(Language::of_locale(lookup), Language::Norwegian);
    /// ```
    #[must_use]
    pub fn of_locale(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| lookup(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
        Self::of_tag(&locale).unwrap_or(Self::English)
    }
}

impl Words {
    /// The text in one language.
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

    fn of(variables: &[(&str, &str)]) -> Language {
        let value = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        Language::of_locale(value)
    }

    #[test]
    fn every_spelling_of_norwegian_is_norwegian_and_everything_else_is_english() {
        for locale in ["nb_NO.UTF-8", "nn_NO", "no", "nb", "no_NO@euro", "nb-NO", "NB_NO.utf8", "norwegian"] {
            assert_eq!(of(&[("LANG", locale)]), Language::Norwegian, "{locale}");
        }
        for locale in ["C", "POSIX", "C.UTF-8", "en_US.UTF-8", "en_NO", "sv_SE", "nbx", "no1", "", "_", "🇳🇴"] {
            assert_eq!(of(&[("LANG", locale)]), Language::English, "{locale}");
        }
        assert_eq!(of(&[]), Language::English);
    }

    #[test]
    fn lc_all_goes_before_lc_messages_and_that_before_lang_and_an_empty_one_is_none() {
        for (variables, wanted) in [
            ([("LC_ALL", "C"), ("LC_MESSAGES", "nb_NO"), ("LANG", "nb_NO")], Language::English),
            ([("LC_ALL", "nb_NO"), ("LC_MESSAGES", "C"), ("LANG", "C")], Language::Norwegian),
            ([("LC_ALL", ""), ("LC_MESSAGES", "nb_NO"), ("LANG", "C")], Language::Norwegian),
            ([("LC_ALL", ""), ("LC_MESSAGES", "POSIX"), ("LANG", "nb_NO")], Language::English),
            ([("LC_ALL", ""), ("LC_MESSAGES", ""), ("LANG", "nn_NO")], Language::Norwegian),
            ([("LC_CTYPE", "nb_NO"), ("LC_TIME", "nb_NO"), ("LANGUAGE", "nb")], Language::English),
        ] {
            assert_eq!(of(&variables), wanted, "{variables:?}");
        }
    }

    #[test]
    fn a_language_is_found_by_its_own_name_alone() {
        for name in Language::NAMES {
            assert_eq!(Language::parse(name).map(Language::name), Some(name));
        }
        for name in ["", "no", "NB", "nb_NO", "english"] {
            assert_eq!(Language::parse(name), None, "{name}");
        }
    }
}
