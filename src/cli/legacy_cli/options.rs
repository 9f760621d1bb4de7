//! The options of the original: their spellings, their help, and their names in messages.

use std::fmt::Write as _;

use crate::cli::settings;

/// What one of the original's options means here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The setting with this name.
    Setting(&'static str),
    /// The address of the login of a person.
    AuthorizeEndpoint,
    Switch(Switch),
    /// A flag with a value, `true` or something else.
    PersonMode,
    /// Whether the user's certificate store is searched, and not the machine's.
    UserStore,
    /// The port of the token server.
    Port,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    ServerMode,
    OnlyToken,
    OnlyGrant,
    Help,
}

/// One of the original's options.
pub(super) type LegacyOption = (&'static str, &'static str, Meaning, &'static str);

/// Short name, long name, meaning, and the line in the help.
pub(super) const OPTIONS: [LegacyOption; 20] = [
    ("t", "certificate_thumbprint", Meaning::Setting("certificate-thumbprint"), "A certificate in your store"),
    ("u", "use_current_user_store_location", Meaning::UserStore, "true: your store, the only one that is searched"),
    ("k", "keystore_path", Meaning::Setting("keystore"), "A PKCS#12 keystore (.p12, .pfx)"),
    ("p", "keystore_password", Meaning::Setting("keystore-password"), "Its password"),
    ("j", "jwk_path", Meaning::Setting("jwk"), "A file with a private JWK"),
    ("K", "kid", Meaning::Setting("kid"), "The registered id of the key; thumbprint for the certificate's"),
    ("c", "client_id", Meaning::Setting("client-id"), "The client id"),
    ("a", "audience", Meaning::Setting("audience"), "The issuer, such as https://test.maskinporten.no/"),
    ("r", "resource", Meaning::Setting("resource"), "The resource that the token is for"),
    ("l", "token_ttl", Meaning::Setting("ttl"), "The lifetime of the grant in seconds"),
    ("s", "scopes", Meaning::Setting("scope"), "The scopes, separated by commas"),
    ("e", "token_endpoint", Meaning::Setting("token-endpoint"), "Such as https://test.maskinporten.no/token"),
    (
        "A",
        "authorize_endpoint",
        Meaning::AuthorizeEndpoint,
        "Where a person logs in, such as https://login.test.idporten.no/authorize",
    ),
    ("C", "consumer_org", Meaning::Setting("consumer-org"), "The organisation that has delegated the scope"),
    ("m", "server_mode", Meaning::Switch(Switch::ServerMode), "Serve tokens over HTTP"),
    ("P", "server_port", Meaning::Port, "The port of the server, instead of 17823"),
    ("i", "person_mode", Meaning::PersonMode, "true: a person logs in at ID-porten, in the browser"),
    ("o", "only_token", Meaning::Switch(Switch::OnlyToken), "Print the access token alone"),
    ("g", "only_grant", Meaning::Switch(Switch::OnlyGrant), "Print the signed grant alone"),
    ("h", "help", Meaning::Switch(Switch::Help), "Print this help"),
];

/// Finds the options in an argument, each with the value that is attached to it.
///
/// The spellings are those of its parser, Mono.Options: `-x`, `--long`, `-long`, `/long`, with `=` or `:` before a value;
/// and several short options after one hyphen (`-og`), of which the last may have its value attached (`-cID`).
pub(super) fn options_in(argument: &str) -> Option<Vec<(&'static LegacyOption, Option<&str>)>> {
    let text = ["--", "-", "/"].iter().find_map(|dash| argument.strip_prefix(dash))?;
    let (name, value) = match text.find(['=', ':']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let short_allowed = !argument.starts_with("--");
    let option = OPTIONS.iter().find(|(short, long, ..)| name == *long || short_allowed && name == *short);
    // `/?` asks for help on Windows.
    let option = option.or_else(|| (argument == "/?").then(|| OPTIONS.last()).flatten());
    if let Some(option) = option {
        return Some(vec![(option, value)]);
    }
    // `-env` is this program's option, and not `-e nv`.
    if !short_allowed || argument.starts_with('/') || settings::is_option(name) {
        return None;
    }
    let mut found = Vec::new();
    for (at, character) in text.char_indices() {
        let option = OPTIONS.iter().find(|(short, ..)| short.chars().eq([character]))?;
        let value = &text[at + character.len_utf8()..];
        if takes_value(option.2) {
            found.push((option, (!value.is_empty()).then_some(value)));
            break;
        }
        found.push((option, None));
    }
    (!found.is_empty()).then_some(found)
}

/// Replaces this program's options in a text by the original's, or else by variables, which it may have beside them.
pub(super) fn in_its_words(text: &str) -> String {
    // A command of this program has this program's options.
    let (text, command) = text.split_at(text.find("maskinporten ").unwrap_or(text.len()));
    let text = text.replace("--keystore-password-file FILE", "--keystore_password PASSWORD");
    let mut replaced = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("--") {
        let end = after.find(|character: char| !character.is_ascii_alphanumeric() && !"-_".contains(character));
        let (name, after) = after.split_at(end.unwrap_or(after.len()));
        // What the user has typed is in backticks.
        match long_name(name).filter(|_| !before.ends_with('`')) {
            Some(long) => replaced.extend([before, "--", long]),
            None if settings::leaves_grant_unchanged(name) => {
                let before =
                    before.strip_suffix("pass ").map_or_else(|| before.to_owned(), |text| format!("{text}set "));
                replaced.extend([before, settings::variable(name)]);
            }
            None => replaced.extend([before, "--", name]),
        }
        rest = after;
    }
    replaced + rest + command
}

/// Returns the original's long name for a setting.
pub(super) fn long_name(setting: &str) -> Option<&'static str> {
    let is_own = |meaning: Meaning| matches!(meaning, Meaning::Setting(name) if name == setting);
    OPTIONS.iter().find(|(_, _, meaning, _)| is_own(*meaning)).map(|(_, long, ..)| *long)
}

/// Returns the help of this command line.
pub(super) fn help() -> String {
    let mut text =
        "The options of MaskinportenTokenGenerator; maskinporten --help lists this program's own commands\n\n\
                    Usage: maskinporten --client_id=ID --audience=URL --token_endpoint=URL --scopes=SCOPES \
                    --keystore_path=FILE [OPTIONS]\n\nOptions:\n"
            .to_owned();
    for (short, long, meaning, line) in OPTIONS {
        let value = if takes_value(meaning) { "=VALUE" } else { "" };
        let _ = writeln!(text, "  -{short}, {:40}  {line}", format!("--{long}{value}"));
    }
    text
}

fn takes_value(meaning: Meaning) -> bool {
    !matches!(meaning, Meaning::Switch(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_originals_options_and_variables_where_it_has_none() {
        for (text, expected) in [
            ("pass --ttl 120 or less", "pass --token_ttl 120 or less"),
            ("set X, or pass --keystore-password-file FILE", "set X, or pass --keystore_password PASSWORD"),
            (
                "if you trust it, pass --max-iterations 18 or more",
                "if you trust it, set MASKINPORTEN_MAX_ITERATIONS 18 or more",
            ),
            ("--keystore (-k) takes it, or --jwk", "--keystore_path (-k) takes it, or --jwk_path"),
            ("look at it: maskinporten keys list --jwk x", "look at it: maskinporten keys list --jwk x"),
            ("pass --scope A, or maskinporten token --scope B", "pass --scopes A, or maskinporten token --scope B"),
            ("--keystore_password shows in the process list", "--keystore_password shows in the process list"),
            ("`--client-id` is not an option", "`--client-id` is not an option"),
            ("no option", "no option"),
        ] {
            assert_eq!(in_its_words(text), expected);
        }
    }
}
