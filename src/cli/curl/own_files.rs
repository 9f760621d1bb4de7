//! The files from which curl takes options and headers: `-K FILE`, `-H @FILE` and `.curlrc`.
//!
//! They are read here to be checked like arguments (curl(1), `src/tool_parsecfg.c`), and curl reads them again. It gets
//! stdin again, too, if it was read here; any other file that can be read only once is rejected.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use maskinporten::{file, text::shown_path};
use zeroize::Zeroizing;

use super::call::{CurlCall, CurlOptions, usage};
use crate::cli::report::Failure;

/// Maximum size of a file.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

impl CurlCall {
    /// Adds the options and headers in the files of the call. Returns what was read of stdin.
    pub(super) fn add_files(&mut self, known: &CurlOptions) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let mut files = OwnFiles { stdin: None };
        let named: Vec<_> = self.values("config").map(ToOwned::to_owned).collect();
        for name in named {
            self.add_config(&files.read(&name)?, known)?;
        }
        let headers: Vec<_> =
            self.values("header").filter_map(|value| value.strip_prefix('@')).map(String::from).collect();
        for name in headers {
            for line in files.read(&name)?.lines() {
                self.add("header", line.to_owned());
            }
        }
        Ok(files.stdin)
    }

    /// Returns the options and headers that curl takes from the user's `.curlrc`. Versions of curl differ in where they look.
    pub(super) fn from_curlrc(known: &CurlOptions) -> Result<Self, Failure> {
        let folder = |variable| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = env::home_dir();
        let undotted = [folder("XDG_CONFIG_HOME"), home.as_ref().map(|home| home.join(".config"))];
        let (names, appdata): (&[&str], _) =
            if cfg!(windows) { (&[".curlrc", "_curlrc"], folder("APPDATA")) } else { (&[".curlrc"], None) };
        let places = [folder("CURL_HOME"), home, appdata].into_iter().flatten();
        let places = places.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
        let places = places.chain(undotted.into_iter().flatten().map(|folder| folder.join("curlrc")));
        let mut call = Self::default();
        // curl cannot read what is not readable here.
        for text in places.filter_map(|path| file::read(&path, MAXIMUM_BYTES).ok()) {
            call.add_config(&String::from_utf8_lossy(&text), known)?;
        }
        call.add_files(known)?;
        Ok(call)
    }

    /// Adds the options of a config file, one per line: `name = value`, `name: "value"`, `--name value` or `-nvalue`.
    fn add_config(&mut self, text: &str, known: &CurlOptions) -> Result<(), Failure> {
        for line in text.split('\n').map(str::trim_ascii_start) {
            if line.is_empty() || line.starts_with(['#', '/', '*']) {
                continue;
            }
            let is_separator = |mark: char| {
                mark.is_ascii_whitespace() || mark == '\x0b' || !line.starts_with('-') && "=:".contains(mark)
            };
            let (name, rest) = line.split_at(line.find(is_separator).unwrap_or(line.len()));
            let rest = rest.trim_start_matches(is_separator);
            let value = match rest.strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => rest
                    .split(|mark: char| mark.is_ascii_whitespace() || mark == '\x0b')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            };
            if name.trim_start_matches('-').trim_start_matches("expand-") == "config" || name.starts_with("-K") {
                let hint = "name each file with -K on the command line";
                return Err(usage("a config file of curl names another one, which is not checked".to_owned(), hint));
            }
            if !name.starts_with('-') || name.starts_with("--") {
                let name = name.trim_start_matches('-');
                known.takes_value(name)?;
                self.add(name, value);
            } else {
                let arguments = [name, &value].map(Into::into);
                let used = if rest.is_empty() { 1 } else { 2 };
                self.extend(Self::parse(&arguments[..used], known)?);
            }
        }
        Ok(())
    }
}

/// Returns the text up to the closing quote, without the backslashes before other characters.
fn unquoted(text: &str) -> String {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next().map(|escaped| match escaped {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'v' => '\x0b',
                other => other,
            })),
            other => value.push(other),
        }
    }
    value
}

/// Reads the files of one call.
struct OwnFiles {
    stdin: Option<Zeroizing<Vec<u8>>>,
}

impl OwnFiles {
    fn read(&mut self, name: &str) -> Result<Zeroizing<String>, Failure> {
        let failed = |why: &str| {
            let hint = "curl's own files are checked for headers and hosts, so they must be readable";
            usage(format!("could not read curl's file `{}`: {why}", shown_path(name)), hint)
        };
        let text = if name == "-" {
            if self.stdin.is_none() {
                let content = file::read_from(io::stdin().lock(), MAXIMUM_BYTES);
                self.stdin = Some(content.map_err(|error| failed(&error.to_string()))?);
            }
            self.stdin.clone().unwrap_or_default()
        } else {
            let path = Path::new(name);
            if path.metadata().is_ok_and(|data| !data.is_file()) {
                let hint = "use a file, or - for stdin";
                let message =
                    format!("curl's file `{}` can be read only once, so it cannot be checked", shown_path(name));
                return Err(usage(message, hint));
            }
            file::read(path, MAXIMUM_BYTES).map_err(|error| failed(&error.to_string()))?
        };
        if text.contains(&0) {
            return Err(failed("it contains a zero byte"));
        }
        Ok(Zeroizing::new(String::from_utf8_lossy(&text).into_owned()))
    }
}
