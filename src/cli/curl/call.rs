//! curl's arguments, read as curl reads them (curl(1); `src/tool_getparam.c`): options, their values, and URLs.
//!
//! What stands in a configuration of the user's own (`.curlrc`, `-K`) is not read.

use std::ffi::OsString;

use super::options::Options;

/// What curl is asked to do.
pub(super) struct Call {
    /// Options by their long names, with their values.
    given: Vec<(String, String)>,
    urls: Vec<String>,
}

/// Why the arguments could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// An option that is not known here.
    Unknown(String),
    /// The beginning of an option; which one, depends on the curl.
    Begun { typed: String, option: String },
}

/// Options whose `-` is stdout.
const OUTPUTS: [&str; 8] =
    ["output", "dump-header", "trace", "trace-ascii", "stderr", "cookie-jar", "etag-save", "libcurl"];

impl Call {
    /// Reads curl's arguments. Without `strict` an unknown option is one that takes no value, which curl will refuse.
    pub(super) fn read(arguments: &[OsString], options: &Options, strict: bool) -> Result<Self, Unread> {
        let mut call = Self { given: Vec::new(), urls: Vec::new() };
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            if argument == "--" {
                call.urls.extend(arguments.by_ref());
            } else if let Some(name) = argument.strip_prefix("--") {
                let takes_value = long(name, options, strict)?;
                let value = if takes_value { arguments.next() } else { None };
                call.add(name, value.unwrap_or_default());
            } else if let Some(letters) = argument.strip_prefix('-') {
                call.read_letters(letters, options, &mut arguments);
            } else {
                call.urls.push(argument);
            }
        }
        Ok(call)
    }

    /// Reads `-sSH`, of which the first letter that takes a value has the rest, or what comes next.
    fn read_letters(&mut self, letters: &str, options: &Options, after: &mut impl Iterator<Item = String>) {
        for (place, letter) in letters.char_indices() {
            let Some(name) = options.of_letter(letter) else { continue };
            if options.takes_value(name) != Some(true) {
                self.add(name, String::new());
                continue;
            }
            let rest = &letters[place + letter.len_utf8()..];
            let value = if rest.is_empty() { after.next().unwrap_or_default() } else { rest.to_owned() };
            self.add(name, value);
            return;
        }
    }

    fn add(&mut self, name: &str, value: String) {
        if name == "url" {
            self.urls.push(value);
        } else {
            self.given.push((name.to_owned(), value));
        }
    }

    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The first of these options that was given.
    pub(super) fn gives<'name>(&self, names: &[&'name str]) -> Option<&'name str> {
        names.iter().copied().find(|name| self.values(name).next().is_some())
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether the user gives a header of this name himself: with `-H`, to set or remove it, or with an option of its own.
    pub(super) fn gives_header(&self, name: &str) -> bool {
        const OPTIONS: [(&str, &str); 5] = [
            ("authorization", "user"),
            ("authorization", "oauth2-bearer"),
            ("user-agent", "user-agent"),
            ("referer", "referer"),
            ("cookie", "cookie"),
        ];
        let of_option = |(own, option): (&str, &str)| own.eq_ignore_ascii_case(name) && self.gives(&[option]).is_some();
        let named =
            |header: &str| header.split([':', ';']).next().is_some_and(|own| own.trim().eq_ignore_ascii_case(name));
        self.values("header").any(named) || OPTIONS.into_iter().any(of_option)
    }

    /// Whether curl takes URL patterns such as `[1-9]` for what they are.
    pub(super) fn globs(&self) -> bool {
        self.gives(&["globoff"]).is_none()
    }

    /// Whether it reads stdin, or a descriptor that can be read once: `-d @-`, `-T -`, `-F 'x=@-;type=y'`, `@/dev/stdin`.
    pub(super) fn reads_stdin(&self) -> bool {
        let places = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"];
        self.given.iter().filter(|(name, _)| !OUTPUTS.contains(&name.as_str())).any(|(name, value)| {
            let file = value.split(';').next().unwrap_or_default();
            let upload = name == "upload-file" && file == ".";
            upload
                || file == "-"
                || file.ends_with("@-")
                || file.ends_with("<-")
                || places.iter().any(|place| value.contains(place))
        })
    }
}

/// Whether a long option takes a value.
fn long(name: &str, options: &Options, strict: bool) -> Result<bool, Unread> {
    if let Some(takes_value) = options.takes_value(name) {
        return Ok(takes_value);
    }
    if let Some(option) = options.begun_by(name) {
        return Err(Unread::Begun { typed: name.to_owned(), option: option.to_owned() });
    }
    if strict { Err(Unread::Unknown(name.to_owned())) } else { Ok(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Call, Unread> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        Call::read(&arguments, &Options::known(), true)
    }

    #[test]
    fn urls_are_told_from_values_as_curl_does() {
        for (arguments, urls) in [
            (["-sS", "https://a", "-o", "https://b"].as_slice(), ["https://a"].as_slice()),
            (&["-sSo", "https://b", "https://a"], &["https://a"]),
            (&["-ohttps://b", "https://a"], &["https://a"]),
            (&["-XPOST", "--url", "https://a", "--data", "--url", "https://b"], &["https://a", "https://b"]),
            (&["--no-buffer", "https://a", "--", "-x", "https://b"], &["https://a", "-x", "https://b"]),
            (&["-d", "-H", "https://a"], &["https://a"]),
            (&["--expand-data", "x", "https://a"], &["https://a"]),
        ] {
            assert_eq!(read(arguments).ok().unwrap().urls(), urls, "{arguments:?}");
        }
    }

    #[test]
    fn headers_are_found_however_they_are_given() {
        for arguments in [
            ["-H", "Accept: a"].as_slice(),
            &["-HACCEPT: a"],
            &["-sSH", "accept:a"],
            &["--header", "Accept:"],
            &["-sHAccept;"],
        ] {
            assert!(read(arguments).ok().unwrap().gives_header("Accept"), "{arguments:?}");
        }
        for arguments in [["-d", "-HAccept: a"].as_slice(), &["-H", "X-Accept: a"], &["-oH", "Accept: a"]] {
            assert!(!read(arguments).ok().unwrap().gives_header("Accept"), "{arguments:?}");
        }
        for arguments in [["-u", "a:b"].as_slice(), &["--oauth2-bearer", "x"], &["-H", "authorization: x"]] {
            assert!(read(arguments).ok().unwrap().gives_header("Authorization"), "{arguments:?}");
        }
    }

    #[test]
    fn stdin_is_found_and_stdout_is_not_taken_for_it() {
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
            assert!(read(arguments).ok().unwrap().reads_stdin(), "{arguments:?}");
        }
        for arguments in [["-o", "-"].as_slice(), &["-D-"], &["--stderr", "-"], &["-d", "@file"], &["-T", "./x"]] {
            assert!(!read(arguments).ok().unwrap().reads_stdin(), "{arguments:?}");
        }
    }

    #[test]
    fn an_option_that_is_not_known_is_told_and_so_is_one_that_is_cut_short() {
        assert_eq!(read(&["--brand-new"]).err(), Some(Unread::Unknown("brand-new".to_owned())));
        let begun = Unread::Begun { typed: "location-t".to_owned(), option: "location-trusted".to_owned() };
        assert_eq!(read(&["--location-t"]).err(), Some(begun));
    }
}
