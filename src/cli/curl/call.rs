//! Parses curl's arguments as curl does (curl(1), `src/tool_getparam.c`): options, their values, and URLs.
//!
//! Which options take a value is read from the help of the installed curl, so that it always fits that version. An option
//! that the help does not list is taken for one without a value: what follows it is then checked as a URL, which is the
//! safe side.

use std::{collections::BTreeMap, ffi::OsString};

use crate::cli::report::{Exit, Failure};

/// The options of the installed curl.
pub(super) struct CurlOptions {
    takes_value: BTreeMap<String, bool>,
    letters: BTreeMap<char, String>,
}

impl CurlOptions {
    /// Parses the output of `curl --help all`: ` -H, --header <header/@file> …`, one per line.
    pub(super) fn parse(help: &str) -> Result<Self, Failure> {
        let mut options = Self { takes_value: BTreeMap::new(), letters: BTreeMap::new() };
        for line in help.lines() {
            let Some((before, after)) = line.split_once("--") else { continue };
            let (name, rest) = after.split_once(' ').unwrap_or((after, ""));
            let letter = before.trim_start().strip_prefix('-').and_then(|letter| letter.chars().next());
            if !before.chars().all(|other| " -,".contains(other) || Some(other) == letter) {
                continue;
            }
            options.takes_value.insert(name.to_owned(), rest.starts_with(['<', '[']));
            options.letters.extend(letter.map(|letter| (letter, name.to_owned())));
        }
        if ["header", "url", "output"].iter().all(|name| options.takes_value.get(*name) == Some(&true)) {
            return Ok(options);
        }
        let hint = Some("install curl 7.58 or newer".to_owned());
        Err(Failure::plain(Exit::Other, "curl_version", "could not read the options of curl".to_owned(), hint))
    }

    /// Returns whether a long option takes a value. Any flag may start with `no-`, and since curl 8.3 any other option
    /// with `expand-`.
    pub(super) fn takes_value(&self, name: &str) -> Result<bool, Failure> {
        let base = name.strip_prefix("no-").or(name.strip_prefix("expand-")).unwrap_or(name);
        if let Some(takes_value) = self.takes_value.get(name).or_else(|| self.takes_value.get(base)) {
            return Ok(*takes_value && !name.starts_with("no-"));
        }
        // Older versions accept abbreviations, and which option one stands for depends on the version.
        let whole = [name, base].iter().find_map(|start| {
            let (option, _) = self.takes_value.range((*start).to_owned()..).next()?;
            option.starts_with(start).then_some(option)
        });
        match whole {
            Some(whole) => {
                Err(usage(format!("--{name} is not a whole option of curl"), &format!("write it as --{whole}")))
            }
            None => Ok(false),
        }
    }
}

/// The arguments of curl.
#[derive(Default)]
pub(super) struct CurlCall {
    /// Options by their long names, with their values.
    options: Vec<(String, String)>,
    urls: Vec<String>,
}

/// Options whose value `-` is stdout.
const OUTPUTS: [&str; 8] =
    ["output", "dump-header", "trace", "trace-ascii", "stderr", "cookie-jar", "etag-save", "libcurl"];

impl CurlCall {
    pub(super) fn parse(arguments: &[OsString], known: &CurlOptions) -> Result<Self, Failure> {
        let mut parsed = Self::default();
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            if argument == "--" {
                parsed.urls.extend(arguments.by_ref());
            } else if let Some(name) = argument.strip_prefix("--") {
                // curl rejects `--name=value`, unless it is a version that accepts it.
                let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
                let takes_value = known.takes_value(name)?;
                let value = value.map(ToOwned::to_owned).or_else(|| if takes_value { arguments.next() } else { None });
                parsed.add(name, value.unwrap_or_default());
            } else if let Some(letters) = argument.strip_prefix('-') {
                parsed.add_letters(letters, known, &mut arguments)?;
            } else {
                parsed.urls.push(argument);
            }
        }
        Ok(parsed)
    }

    /// Adds the options of `-sSH`. The first that takes a value has the rest of the argument, or the next one.
    fn add_letters(
        &mut self,
        letters: &str,
        known: &CurlOptions,
        next: &mut impl Iterator<Item = String>,
    ) -> Result<(), Failure> {
        for (at, letter) in letters.char_indices() {
            let Some(name) = known.letters.get(&letter) else {
                return Err(usage(format!("unknown option of curl: -{letter}"), "list them with: curl --help all"));
            };
            if !known.takes_value(name)? {
                self.add(name, String::new());
                continue;
            }
            let rest = &letters[at + letter.len_utf8()..];
            let value = if rest.is_empty() { next.next().unwrap_or_default() } else { rest.to_owned() };
            self.add(name, value);
            return Ok(());
        }
        Ok(())
    }

    pub(super) fn add(&mut self, name: &str, value: String) {
        // Since 8.13 curl reads URLs from the file of `--url @FILE`; an argument that is not an option is always a URL.
        if name == "url" && !value.starts_with('@') {
            self.urls.push(value);
        } else {
            self.options.push((name.to_owned(), value));
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.options.extend(other.options);
        self.urls.extend(other.urls);
    }

    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Returns whether one of these options is given.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(own, _)| names.contains(&own.as_str()))
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Returns the method of the request (curl(1): `-X`, `-I`, `-T`, `-G`, and the options with data).
    pub(super) fn method(&self) -> &str {
        const DATA: [&str; 8] =
            ["data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "form", "form-string", "json"];
        match self.values("request").last() {
            Some(method) => method,
            None if self.has(&["head"]) => "HEAD",
            None if self.has(&["upload-file"]) => "PUT",
            None if self.has(&DATA) && !self.has(&["get"]) => "POST",
            None => "GET",
        }
    }

    /// Returns whether the user sets or removes a header of this name, with `-H` or with an option of its own.
    pub(super) fn has_header(&self, name: &str) -> bool {
        const OPTIONS: [(&str, &str); 13] = [
            ("authorization", "user"),
            ("authorization", "oauth2-bearer"),
            ("authorization", "expand-user"),
            ("authorization", "expand-oauth2-bearer"),
            ("authorization", "anyauth"),
            ("authorization", "aws-sigv4"),
            ("authorization", "digest"),
            ("authorization", "negotiate"),
            ("authorization", "ntlm"),
            ("authorization", "ntlm-wb"),
            ("user-agent", "user-agent"),
            ("referer", "referer"),
            ("cookie", "cookie"),
        ];
        let named =
            |header: &str| header.split([':', ';']).next().is_some_and(|own| own.trim().eq_ignore_ascii_case(name));
        self.values("header").chain(self.values("expand-header")).any(named)
            || OPTIONS.iter().any(|(own, option)| own.eq_ignore_ascii_case(name) && self.has(&[option]))
    }

    /// Returns whether curl reads stdin, or a descriptor that can be read once: `-d @-`, `-T -`, `-F 'x=@-;type=y'`,
    /// `@/dev/stdin`.
    pub(super) fn reads_stdin(&self) -> bool {
        let descriptors = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"];
        self.options.iter().filter(|(name, _)| !OUTPUTS.contains(&name.as_str())).any(|(name, value)| {
            let file = value.split(';').next().unwrap_or_default();
            (name == "upload-file" && file == ".")
                || file == "-"
                || file.ends_with("@-")
                || file.ends_with("<-")
                || descriptors.iter().any(|descriptor| value.contains(descriptor))
        })
    }
}

/// Creates the error for arguments that curl must not be run with.
pub(super) fn usage(message: String, hint: &str) -> Failure {
    Failure::plain(Exit::Usage, "curl_arguments", message, Some(hint.to_owned()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HELP: &str = "\
Usage: curl [options...] <url>
 -d, --data <data>        HTTP POST data
     --data-binary <data> HTTP POST binary data
     --data-urlencode <data> HTTP POST data URL encoded
 -q, --disable            Disable .curlrc
 -D, --dump-header <filename> Write the received headers to <filename>
 -f, --fail               Fail fast with no output on HTTP errors
 -F, --form <name=content> Specify multipart MIME data
 -g, --globoff            Disable URL sequences and ranges using {} and []
 -H, --header <header/@file> Pass custom header(s) to server
     --json <data>        HTTP POST JSON
 -K, --config <file>      Read config from a file
 -L, --location           Follow redirects
     --location-trusted   Like --location, and send auth to other hosts
 -:, --next               Make next URL use its separate set of options
 -N, --no-buffer          Disable buffering of the output stream
     --oauth2-bearer <token> OAuth 2 Bearer Token
 -o, --output <file>      Write to file instead of stdout
     --proto-default <protocol> Use PROTOCOL for any URL missing a scheme
 -X, --request <method>   Specify request method to use
 -S, --show-error         Show error even when -s is used
 -s, --silent             Silent mode
     --stderr <file>      Where to redirect stderr
 -T, --upload-file <file> Transfer local FILE to destination
     --url <url>          URL to work with
 -u, --user <user:password> Server user and password
 -@, --brand-new <a value> Not -- there yet
";

    /// Parses arguments with the help above.
    pub(in super::super) fn parse(arguments: &[&str]) -> Result<CurlCall, Failure> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        CurlCall::parse(&arguments, &CurlOptions::parse(HELP)?)
    }

    fn parsed(arguments: &[&str]) -> CurlCall {
        parse(arguments).ok().unwrap()
    }

    #[test]
    fn urls_are_distinguished_from_values_as_curl_does() {
        for (arguments, urls) in [
            (["-sS", "https://a", "-o", "https://b"].as_slice(), ["https://a"].as_slice()),
            (&["-sSo", "https://b", "https://a"], &["https://a"]),
            (&["-ohttps://b", "https://a"], &["https://a"]),
            (&["-XPOST", "--url", "https://a", "--data", "--url", "https://b"], &["https://a", "https://b"]),
            (&["--no-buffer", "https://a", "--", "-x", "https://b"], &["https://a", "-x", "https://b"]),
            (&["--buffer", "--no-silent", "https://a"], &["https://a"]),
            (&["-d", "-H", "https://a"], &["https://a"]),
            (&["--expand-data", "x", "https://a"], &["https://a"]),
            (&["--url=https://a", "--data=x", "https://b"], &["https://a", "https://b"]),
            (&["-@", "x", "--brand-new", "y", "https://a"], &["https://a"]),
            (&["--not-listed", "https://b", "https://a"], &["https://b", "https://a"]),
        ] {
            assert_eq!(parsed(arguments).urls(), urls, "{arguments:?}");
        }
    }

    #[test]
    fn headers_are_found_in_every_form() {
        for arguments in [
            ["-H", "Accept: a"].as_slice(),
            &["-HACCEPT: a"],
            &["-sSH", "accept:a"],
            &["--header", "Accept:"],
            &["--header=Accept:"],
            &["-sHAccept;"],
        ] {
            assert!(parsed(arguments).has_header("Accept"), "{arguments:?}");
        }
        for arguments in [["-d", "-HAccept: a"].as_slice(), &["-H", "X-Accept: a"], &["-oH", "Accept: a"]] {
            assert!(!parsed(arguments).has_header("Accept"), "{arguments:?}");
        }
        for arguments in [["-u", "a:b"].as_slice(), &["--oauth2-bearer", "x"], &["-H", "authorization: x"]] {
            assert!(parsed(arguments).has_header("Authorization"), "{arguments:?}");
        }
    }

    #[test]
    fn reading_stdin_is_distinguished_from_writing_stdout() {
        for arguments in [
            ["-d", "@-"].as_slice(),
            &["-d@-"],
            &["--data-binary", "@-"],
            &["--data-urlencode", "name@-"],
            &["--json", "@-"],
            &["-F", "x=@-"],
            &["-F", "x=<-;type=text/plain"],
            &["-T", "-"],
            &["-T."],
            &["-K-"],
            &["-H", "@-"],
            &["-d", "@/dev/stdin"],
            &["-d", "@/dev/fd/63"],
        ] {
            assert!(parsed(arguments).reads_stdin(), "{arguments:?}");
        }
        for arguments in [["-o", "-"].as_slice(), &["-D-"], &["--stderr", "-"], &["-d", "@file"], &["-T", "./x"]] {
            assert!(!parsed(arguments).reads_stdin(), "{arguments:?}");
        }
    }

    #[test]
    fn an_abbreviation_or_unknown_letter_is_rejected_and_so_is_help_without_options() {
        for arguments in [["--location-t"], ["--expand-ur"], ["--no-locat"], ["-sS?"]] {
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
        for help in ["", "Usage: curl [options...] <url>\n", &HELP.replace("--header <", "--header ")] {
            assert!(CurlOptions::parse(help).is_err(), "{help}");
        }
    }

    #[test]
    fn the_help_of_the_installed_curl_lists_every_option_that_matters_here() {
        let help = std::process::Command::new("curl").args(["-q", "--help", "all"]).output().unwrap().stdout;
        let options = CurlOptions::parse(&String::from_utf8(help).unwrap()).ok().unwrap();

        for (letter, name) in
            [('H', "header"), ('K', "config"), (':', "next"), ('L', "location"), ('u', "user"), ('D', "dump-header")]
        {
            assert_eq!(options.letters[&letter], name);
        }
        for name in ["config", "cookie", "continue-at", "dump-header", "proto-default", "referer", "upload-file"] {
            assert!(options.takes_value[name], "{name}");
        }
        for name in ["globoff", "location", "location-trusted", "next"] {
            assert!(!options.takes_value[name], "{name}");
        }
        assert!(options.takes_value.len() > 240, "{}", options.takes_value.len());
    }
}
