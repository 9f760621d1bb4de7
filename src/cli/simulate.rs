//! `maskinporten simulate`: a local Maskinporten with ready-made keystores and clients.
//!
//! What it made goes to stdout, since that is what was asked for; a line a request goes to stderr.

use std::{fmt::Write as _, net::TcpStream, sync::Arc, time::Duration};

use maskinporten_token_generator::{
    environment::LocalEnvironment,
    simulator::{Event, Installation, Made, Options, Simulator, Strictness},
};

use super::{
    args::SimulateArguments,
    progress::Progress,
    report::{self, Exit, Failure, Report},
    signals,
};

pub(crate) async fn run(arguments: SimulateArguments, report: &Arc<Report>) -> Result<(), Failure> {
    let options = options(arguments, report)?;
    // Heard from here on, so that nothing is left half-made when somebody is quick.
    let stop = signals::stop();
    let progress = Progress::start("making keys and certificates", report);
    let simulator = Simulator::start(options).map_err(|error| Failure::new(Exit::Configuration, &error))?;
    drop(progress);
    let note = Note::leave(simulator.local_environment(), report);
    report::print(description(&simulator).as_bytes())?;
    let served = simulator.serve(stop).await.map_err(|error| Failure::new(Exit::Other, &error));
    note.take_back();
    served
}

fn options(arguments: SimulateArguments, report: &Arc<Report>) -> Result<Options, Failure> {
    let dir = match arguments.dir {
        Some(dir) => dir,
        None => LocalEnvironment::data_folder()?.join("simulator"),
    };
    let log = Arc::clone(report);
    Ok(Options {
        port: arguments.port,
        tls: arguments.tls,
        trust: arguments.trust,
        strictness: Strictness {
            allow_algorithms: arguments.allow_alg,
            allow_claims: arguments.allow_claim,
            ..Strictness::default()
        },
        observer: Some(Arc::new(move |event: &Event| log.note(&event.to_string()))),
        ..Options::new(dir)
    })
}

/// What `--env local` means while this simulator runs, and what it meant before.
struct Note {
    own: LocalEnvironment,
    before: Option<LocalEnvironment>,
}

impl Note {
    /// Leaves the note; where that cannot be done the simulator is of use all the same.
    fn leave(own: LocalEnvironment, report: &Report) -> Self {
        let place = LocalEnvironment::path();
        let before = place.as_ref().ok().and_then(|place| LocalEnvironment::read(place).ok()).filter(is_alive);
        if let Some(before) = &before {
            report.warning(&format!("--env local now means this simulator, no longer {}", before.issuer));
        }
        if let Err(error) = place.and_then(|place| own.write(&place)) {
            let why = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            report.warning(&format!("{error}{why}; --env local does not find this simulator"));
        }
        Self { own, before }
    }

    /// Puts back what stood there, unless another simulator has come since.
    fn take_back(self) {
        let Ok(place) = LocalEnvironment::path() else { return };
        if LocalEnvironment::read(&place).ok() != Some(self.own) {
            return;
        }
        let _ = match self.before.filter(is_alive) {
            Some(before) => before.write(&place).is_ok(),
            None => std::fs::remove_file(&place).is_ok(),
        };
    }
}

/// Whether somebody listens where a note says.
fn is_alive(note: &LocalEnvironment) -> bool {
    let address = note.issuer.split_once("://").map(|(_, rest)| rest.trim_end_matches('/'));
    let address = address.and_then(|address| address.parse().ok());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok())
}

/// Everything that a user needs to know to send the first request; the last line says that it listens.
fn description(simulator: &Simulator) -> String {
    let installation = simulator.installation();
    let mut text = format!("{}\n\n", made(installation));
    for keystore in &installation.keystores {
        let _ = writeln!(text, "keystore   {} ({})", keystore.file.display(), keystore.form);
        let _ = writeln!(text, "  password {}", keystore.password_file.display());
        let _ = writeln!(text, "  subject  {}", keystore.subject);
        let _ = writeln!(text, "  client   {} of {}", keystore.client_id, keystore.orgno);
    }
    if let [first, others @ ..] = installation.faulty_keystores.as_slice() {
        let count = others.len();
        let _ =
            writeln!(text, "faulty     {} and {count} more beside it, to provoke refusals with", first.file.display());
        let _ = writeln!(text, "  password {}", first.password_file.display());
    }
    let key = &installation.registered_key;
    let _ = writeln!(text, "key        {} (registered)", key.file.display());
    let _ = writeln!(text, "  client   {} of {}", key.client_id, key.orgno);
    let _ = writeln!(
        text,
        "clients    {} (edit it: it is read again when it changes)",
        installation.clients_file.display()
    );
    let _ = writeln!(text, "roots      {} (of the keystores)", installation.ca_file.display());
    if let Some(ca_file) = simulator.ca_file() {
        let _ = writeln!(text, "           {} (of https)", ca_file.display());
    }
    let scope = simulator.local_environment().scope;
    let _ = write!(
        text,
        "\nIn another terminal:\n  maskinporten token --env local\n  maskinporten headers --env local | curl {}-H @- {}api/hello\n  \
         maskinporten grant --env local --scope {scope} --decode\n\nlistening on {}\n",
        simulator.ca_file().map(|file| format!("--cacert {} ", file.display())).unwrap_or_default(),
        simulator.issuer(),
        simulator.issuer(),
    );
    text
}

fn made(installation: &Installation) -> String {
    let dir = installation.dir.display();
    match &installation.made {
        Made::Now => format!("made keys, certificates and clients in {dir}"),
        Made::Again { old } => {
            format!("the certificates had expired: made new ones in {dir}, the old are in {}", old.display())
        }
        _ => format!("using what was made before in {dir}"),
    }
}
