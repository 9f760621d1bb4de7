//! The sections of a page that clap does not generate, in the order of man-pages(7).

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::{
    report::Exit,
    settings::{self, FOREIGN_VARIABLES, NAIS_VARIABLES, SETTINGS},
};

/// Variables that other programs use too, and their effect here.
const VARIABLES: [(&str, &str); 6] = [
    ("GITHUB_OUTPUT", "The file to which `maskinporten token --format github` appends; GitHub Actions sets it"),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "The proxy, and the hosts that are reached without one"),
    ("LISTEN_FDS, LISTEN_PID", "The sockets that systemd has opened for `maskinporten serve`"),
    ("NO_COLOR", "Disables colour if it is not empty"),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "The certificate authorities to trust in place of the system's own"),
    (
        "XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_DATA_HOME",
        "Where the user's own files are, in place of ~/.config, ~/.cache and ~/.local/share",
    ),
];

const FILES: [(&str, &str); 4] = [
    ("$XDG_CONFIG_HOME/maskinporten/config.toml", "The user's own profiles"),
    ("maskinporten.toml", "A project's profiles, in this folder or above; they take precedence over the user's own"),
    ("$XDG_CACHE_HOME/maskinporten/", "Cached tokens, which only their owner may read"),
    ("$XDG_DATA_HOME/maskinporten/", "The files of the simulator, and its address"),
];

/// A section with its heading.
pub(super) struct ManSection(Roff);

impl ManSection {
    fn new(heading: &str) -> Self {
        let mut body = Roff::new();
        body.control("SH", [heading]);
        Self(body)
    }

    /// Adds a term and its meaning.
    fn term(&mut self, term: Inline, meaning: &str) {
        self.0.control("TP", []).text([term]).text([roman(meaning)]);
    }

    /// Returns the section in roff, without the definitions at the top of every text of roff's library: the page has them
    /// already.
    pub(super) fn roff(&self) -> String {
        let text = self.0.render();
        text.find(".SH ").map(|start| text.split_at(start).1.to_owned()).unwrap_or_default()
    }
}

/// Returns the exit codes of the program.
pub(super) fn exit_status() -> ManSection {
    let mut section = ManSection::new("EXIT STATUS");
    section.term(bold("0"), "the artefact was printed");
    for exit in Exit::ALL {
        section.term(bold((exit as u8).to_string()), exit.when());
    }
    section
}

/// Returns the environment variables; of those of settings, the ones in place of the options that the command has.
pub(super) fn environment(has_option: impl Fn(&str) -> bool) -> ManSection {
    let mut section = ManSection::new("ENVIRONMENT");
    // The JSON of a JWK takes the place of the file that holds it.
    let is_used = |name: &str| has_option(if settings::is_option(name) { name } else { "jwk" });
    for setting in SETTINGS.iter().filter(|setting| is_used(setting.name)) {
        section.term(bold(setting.variable()), &setting.as_variable());
    }
    let nais = NAIS_VARIABLES.iter().filter(|(variable, name)| *variable != settings::variable(name) && is_used(name));
    for (variable, name) in nais {
        section.term(bold(*variable), &format!("The same as {}; NAIS sets it", settings::variable(name)));
    }
    for (variable, name) in FOREIGN_VARIABLES.iter().filter(|(_, name)| is_used(name)) {
        let own = settings::variable(name);
        section
            .term(bold(*variable), &format!("Another program's; used where {own} and the config files have no value"));
    }
    for (names, meaning) in VARIABLES {
        section.term(bold(names), meaning);
    }
    section
}

/// Returns the files that are read and written.
pub(super) fn files() -> ManSection {
    let mut section = ManSection::new("FILES");
    for (path, meaning) in FILES {
        section.term(italic(path), meaning);
    }
    section
}

/// Returns the examples of `--help` unchanged.
pub(super) fn examples(before_help: &str) -> ManSection {
    let mut section = ManSection::new("EXAMPLES");
    section.0.control("nf", []);
    for line in before_help.lines().filter(|line| line.starts_with("  ")) {
        section.0.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    section.0.control("fi", []);
    section
}

/// Returns the page of the parent command, and Digdir's documentation.
pub(super) fn see_also(name: &str) -> ManSection {
    let mut section = ManSection::new("SEE ALSO");
    if let Some((above, _)) = name.rsplit_once('-') {
        section.0.text([bold(above), roman("(1),")]);
    }
    section.0.text([roman("https://docs.digdir.no/docs/Maskinporten/maskinporten_summary")]);
    section
}
