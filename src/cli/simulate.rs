//! `maskinporten simulate`: a local Maskinporten with ready-made keystores and clients.
//!
//! The description of keystores and clients goes to stdout, one line for each request to stderr.

use std::{fmt::Write as _, net::TcpStream, sync::Arc, time::Duration};

use maskinporten::{
    environment::LocalEnvironment,
    simulator::{
        AltinnInstallation, FolderState, Installation, Simulator, SimulatorEvent, SimulatorOptions, Strictness,
    },
    text::printable_lines,
};

use super::{
    args::SimulateArguments,
    progress::Progress,
    report::{self, Exit, Failure, Report},
    signals,
};

pub(crate) async fn run(arguments: SimulateArguments, report: &Arc<Report>) -> Result<(), Failure> {
    let options = options(arguments, report)?;
    // From here on, so that Ctrl-C during the creation of the folder leaves nothing incomplete.
    let stop = signals::stop();
    let progress = Progress::start("creating keys and certificates", report);
    let simulator = Simulator::start(options).map_err(|error| Failure::new(Exit::Configuration, &error))?;
    drop(progress);
    let address_file = AddressFile::write(simulator.local_environment(), report);
    report::print(printable_lines(&description(&simulator)).as_bytes())?;
    let served = simulator.serve(stop).await.map_err(|error| Failure::new(Exit::Other, &error));
    address_file.restore();
    served
}

fn options(arguments: SimulateArguments, report: &Arc<Report>) -> Result<SimulatorOptions, Failure> {
    let dir = match arguments.dir {
        Some(dir) => dir,
        None => LocalEnvironment::data_folder()?.join("simulator"),
    };
    let log = Arc::clone(report);
    Ok(SimulatorOptions {
        port: arguments.port,
        tls: arguments.tls,
        trust: arguments.trust,
        strictness: Strictness {
            allow_algorithms: arguments.allow_alg,
            allow_claims: arguments.allow_claim,
            ..Strictness::default()
        },
        observer: Some(Arc::new(move |event: &SimulatorEvent| log.note(&event.to_string()))),
        ..SimulatorOptions::new(dir)
    })
}

/// The content of the address file while this simulator runs, and the content before.
struct AddressFile {
    own: LocalEnvironment,
    previous: Option<LocalEnvironment>,
}

impl AddressFile {
    /// Writes the address file. A failure is only a warning, because the simulator is useful without it.
    fn write(own: LocalEnvironment, report: &Report) -> Self {
        let path = LocalEnvironment::path();
        let previous = path.as_ref().ok().and_then(|path| LocalEnvironment::read(path).ok()).filter(is_running);
        if let Some(previous) = &previous {
            report.warning(&format!("--env local now means this simulator instead of {}", previous.issuer));
        }
        if let Err(error) = path.and_then(|path| own.write(&path)) {
            let why = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            report.warning(&format!("{error}{why}; --env local cannot find this simulator"));
        }
        Self { own, previous }
    }

    /// Restores the previous content, unless another simulator has replaced it since.
    fn restore(self) {
        let Ok(path) = LocalEnvironment::path() else { return };
        if LocalEnvironment::read(&path).ok() != Some(self.own) {
            return;
        }
        let _ = match self.previous.filter(is_running) {
            Some(previous) => previous.write(&path).is_ok(),
            None => std::fs::remove_file(&path).is_ok(),
        };
    }
}

/// Whether a program listens at the address of the issuer.
fn is_running(local: &LocalEnvironment) -> bool {
    let address = local.issuer.split_once("://").map(|(_, rest)| rest.trim_end_matches('/'));
    let address = address.and_then(|address| address.parse().ok());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok())
}

/// Describes what is needed for the first request. The last line means that it is listening.
fn description(simulator: &Simulator) -> String {
    let installation = simulator.installation();
    let mut text = format!("{}\n\n", folder_state(installation));
    for keystore in &installation.keystores {
        let _ = writeln!(text, "keystore   {} ({})", keystore.file.display(), keystore.encryption);
        let _ = writeln!(text, "  password {}", keystore.password_file.display());
        let _ = writeln!(text, "  subject  {}", keystore.subject);
        let _ = writeln!(text, "  client   {} of {}", keystore.client_id, keystore.orgno);
    }
    if let [first, others @ ..] = installation.faulty_keystores.as_slice() {
        let count = others.len();
        let _ = writeln!(
            text,
            "faulty     {} and {count} more in the same folder, to provoke refusals",
            first.file.display()
        );
        let _ = writeln!(text, "  password {}", first.password_file.display());
    }
    let key = &installation.registered_key;
    let _ = writeln!(text, "key        {} (registered)", key.file.display());
    let _ = writeln!(text, "  client   {} of {}", key.client_id, key.orgno);
    let _ = writeln!(
        text,
        "clients    {} (may be edited: it is read again when it changes)",
        installation.clients_file.display()
    );
    let _ = writeln!(text, "roots      {} (for the keystores)", installation.ca_file.display());
    if let Some(ca_file) = simulator.ca_file() {
        let _ = writeln!(text, "           {} (for https)", ca_file.display());
    }
    let issuer = simulator.issuer();
    let _ = writeln!(
        text,
        "ID-porten  {issuer}idporten (and {issuer}ansattporten: logins of the persons in the clients' file)"
    );
    if let Some(altinn) = &installation.altinn {
        describe_altinn(&mut text, simulator, altinn);
    }
    let scope = simulator.local_environment().scope;
    let curl_option = simulator.ca_file().map(|file| format!("--cacert {} ", file.display())).unwrap_or_default();
    let _ = write!(
        text,
        "\nIn another terminal:\n  maskinporten token --env local\n  maskinporten headers --env local | curl {curl_option}-H @- \
         {issuer}api/hello\n  maskinporten grant --env local --scope {scope} --decode\n  maskinporten headers --env local \
         --altinn | curl {curl_option}-H @- {issuer}api/whoami\n  maskinporten login --env local\n\nlistening on {issuer}\n",
    );
    text
}

/// Describes Altinn: its address, its profiles and its users.
fn describe_altinn(text: &mut String, simulator: &Simulator, altinn: &AltinnInstallation) {
    let address = simulator.issuer().trim_end_matches('/');
    let _ = writeln!(text, "altinn     {address}");
    let _ = writeln!(
        text,
        "  profiles {} (altinn, vendor for the system register, person for logins, admin for the self-service API)",
        altinn.config_file.display()
    );
    let _ = writeln!(text, "  users    {} and {} (with a certificate)", altinn.user_name, altinn.enterprise_user_name);
    let _ = writeln!(text, "  password {}", altinn.password_file.display());
    let _ = writeln!(text, "  ApiKey   {}", altinn.api_key_file.display());
}

fn folder_state(installation: &Installation) -> String {
    let dir = installation.dir.display();
    match &installation.state {
        FolderState::Created => format!("created keys, certificates and clients in {dir}"),
        FolderState::Renewed { old } => {
            format!(
                "created new keys and certificates in {dir}; the old ones have expired and are in {}",
                old.display()
            )
        }
        FolderState::Existing => format!("using the existing folder {dir}"),
    }
}
