//! The sections of a page that clap does not write, in the order of man-pages(7).

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::{
    report::Exit,
    settings::{self, NAIS_VARIABLES, SETTINGS},
};

/// Variables that other programs know too, and what they do here.
const VARIABLES: [(&str, &str); 6] = [
    ("GITHUB_OUTPUT", "The file to which `maskinporten token --format github` appends; GitHub Actions sets it"),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "The proxy, and the hosts that are reached without one"),
    ("LISTEN_FDS, LISTEN_PID", "The sockets that systemd has opened for `maskinporten serve`"),
    ("NO_COLOR", "No colour, where it is not empty"),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "The certificate authorities to trust in place of the machine's own"),
    (
        "XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_DATA_HOME",
        "Where the user's own files are, in place of ~/.config, ~/.cache and ~/.local/share",
    ),
];

const FILES: [(&str, &str); 4] = [
    ("$XDG_CONFIG_HOME/maskinporten/config.toml", "The user's own profiles"),
    ("maskinporten.toml", "A project's profiles, in this folder or above; stronger than the user's own"),
    ("$XDG_CACHE_HOME/maskinporten/", "Tokens that are still good, for their owner alone"),
    ("$XDG_DATA_HOME/maskinporten/", "What the simulator keeps, and where it is to be found"),
];

/// A section, its heading first.
pub(super) struct Section(Roff);

impl Section {
    fn new(heading: &str) -> Self {
        let mut body = Roff::new();
        body.control("SH", [heading]);
        Self(body)
    }

    /// A term, and what it means.
    fn term(&mut self, term: Inline, meaning: &str) {
        self.0.control("TP", []).text([term]).text([roman(meaning)]);
    }

    /// The section in roff, without what roff's library defines at the top of every text: the page has it already.
    pub(super) fn roff(&self) -> String {
        let text = self.0.render();
        text.find(".SH ").map(|start| text.split_at(start).1.to_owned()).unwrap_or_default()
    }
}

/// The codes that the program exits with.
pub(super) fn exit_status() -> Section {
    let mut section = Section::new("EXIT STATUS");
    section.term(bold("0"), "the artefact was printed");
    for exit in Exit::ALL {
        section.term(bold((exit as u8).to_string()), exit.when());
    }
    section
}

/// The variables that count; those of the settings where a command has them.
pub(super) fn environment(has_settings: bool) -> Section {
    let mut section = Section::new("ENVIRONMENT");
    if has_settings {
        for setting in SETTINGS {
            section.term(bold(setting.variable()), &setting.as_variable());
        }
        for (variable, name) in NAIS_VARIABLES.iter().filter(|(variable, name)| *variable != settings::variable(name)) {
            section.term(bold(*variable), &format!("The same as {}; NAIS sets it", settings::variable(name)));
        }
    }
    for (names, meaning) in VARIABLES {
        section.term(bold(names), meaning);
    }
    section
}

/// The files that are read and written.
pub(super) fn files() -> Section {
    let mut section = Section::new("FILES");
    for (path, meaning) in FILES {
        section.term(italic(path), meaning);
    }
    section
}

/// The examples of `--help`, as they stand.
pub(super) fn examples(before_help: &str) -> Section {
    let mut section = Section::new("EXAMPLES");
    section.0.control("nf", []);
    for line in before_help.lines().filter(|line| line.starts_with("  ")) {
        section.0.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    section.0.control("fi", []);
    section
}

/// The page of the command above, and Digdir's documentation.
pub(super) fn see_also(name: &str) -> Section {
    let mut section = Section::new("SEE ALSO");
    if let Some((above, _)) = name.rsplit_once('-') {
        section.0.text([bold(above), roman("(1),")]);
    }
    section.0.text([roman("https://docs.digdir.no/docs/Maskinporten/maskinporten_summary")]);
    section
}
