//! `maskinporten inspect`: shows the contents of a token or grant, and verifies it.
//!
//! If verification fails, the report is still printed on stdout; stderr names the failed checks, and the exit code is 7.

mod expected;
pub(super) mod keys;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    sync::Arc,
};

use chrono::{DateTime, Local, Utc};
use maskinporten::{
    clock::{Clock as _, SystemClock},
    file::{self, FileError},
    inspect::{
        Expectations, InspectError, Inspection, Jwt, MAXIMUM_TOKEN_BYTES, Verification, VerificationKeys, verify,
    },
    keystore::KeySet,
    organisation::OrganisationNumber,
    printer::{InspectionForm, print_inspection},
    text::shown_path,
};
use zeroize::Zeroizing;

use self::{expected::Expected, keys::FoundKeys};
use super::{
    admin::OrganisationNames,
    args::{InspectArguments, ReportFormat},
    report::{self, Exit, Failure, Report},
    settings::{NetworkSettings, SettingArguments, SettingSources, Settings},
    signals,
    tokens::SignedGrant,
};

pub(crate) async fn run(
    arguments: InspectArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let Inspected { mut inspection, verification, fault } = inspect(&arguments, config.clone(), report).await?;
    if arguments.names {
        add_names(&mut inspection, arguments.settings.clone(), config, report).await?;
    }
    let form = if arguments.format == ReportFormat::Json {
        InspectionForm::Json
    } else {
        let local = |at: DateTime<Utc>| at.with_timezone(&Local).fixed_offset();
        InspectionForm::Text {
            colour: report.paints_stdout(),
            now: SystemClock.now(),
            language: report.language(),
            local,
        }
    };
    let mut artefact = Zeroizing::new(Vec::new());
    print_inspection(form, &inspection, verification.as_ref(), &mut *artefact)
        .map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)?;
    match (fault, verification) {
        (Some(fault), _) => Err(Failure::new(Exit::Fault, &fault).about("the token cannot be verified")),
        (None, Some(verification)) => outcome(&verification),
        (None, None) => Ok(()),
    }
}

/// Looks up the names of the organisations in a token.
async fn add_names(
    inspection: &mut Inspection,
    settings: SettingArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let names = OrganisationNames::load(settings, config, report)?;
    let numbers = inspection.organisations.iter().filter_map(|organisation| organisation.organisation_number.as_ref());
    let numbers: Vec<_> = numbers.filter_map(|number| OrganisationNumber::parse(number).ok()).collect();
    let names = names.of(&numbers).await;
    for organisation in &mut inspection.organisations {
        organisation.name = organisation.organisation_number.as_ref().and_then(|number| names.get(number).cloned());
    }
    Ok(())
}

/// The contents of a token, and the result of its verification if there was one.
struct Inspected {
    inspection: Inspection,
    verification: Option<Verification>,
    /// Why no key can verify the token.
    fault: Option<InspectError>,
}

async fn inspect(
    arguments: &InspectArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<Inspected, Failure> {
    if arguments.grant {
        let settings = Settings::load(arguments.settings.clone(), config, report)?;
        let network = settings.0.network.clone();
        return own_grant(arguments, SignedGrant::sign(settings, report).await?, &network).await;
    }
    let expected = Expected::new(arguments)?;
    let sources = SettingSources::load(arguments.settings.clone(), config, report)?;
    sources.refuse_empty_options()?;
    let network = NetworkSettings::parse(&sources)?;
    let jwt = read_token(&arguments.jwt, report).await?;
    let inspection = Inspection::new(&jwt, &keys::known(&sources)?, SystemClock.now(), arguments.show_pid);
    let fault = jwt.fault().cloned();
    if !expected.is_asked_for() && fault.is_none() {
        return Ok(Inspected { inspection, verification: None, fault });
    }
    let (found, expectations) = keys::find(&jwt, &inspection, expected, (&sources, &network), report).await?;
    // Fetching the keys took time, so the clock is read again.
    let verification = verify(&jwt, inspection.kind, &found.keys(), &expectations, SystemClock.now());
    Ok(Inspected { inspection, verification: Some(verification), fault })
}

/// Reads and parses the token on the command line, in a file or on stdin.
pub(super) async fn read_token(words: &[String], report: &Report) -> Result<Jwt, Failure> {
    let given = Zeroizing::new(words.join(" "));
    let path = PathBuf::from(given.strip_prefix('@').unwrap_or(&given));
    let (read, from) = if matches!(given.as_str(), "" | "-") {
        if io::stdin().is_terminal() {
            report.note("paste the token, then press Enter and Ctrl-D");
        }
        let read = signals::blocking(|| file::read_from(io::stdin().lock(), MAXIMUM_TOKEN_BYTES as u64)).await;
        (read, "stdin".to_owned())
    } else if given.starts_with('@') || path.exists() {
        let shown = format!("`{}`", shown_path(&path));
        (signals::blocking(move || file::read(&path, MAXIMUM_TOKEN_BYTES as u64)).await, shown)
    } else {
        let found = Jwt::find(given.as_bytes());
        if found.is_err() && is_path(words) {
            let message = format!("there is no file `{}`, and it is not a token", shown_path(&path));
            let hint = "check the path, or pipe the token in".to_owned();
            return Err(Failure::plain(Exit::Other, "token_file", message, Some(hint)));
        }
        report.warning("the token shows in the process list; pipe it in instead");
        return found.map_err(|error| unreadable(&error));
    };
    match read {
        Ok(bytes) => Jwt::find(&bytes).map_err(|error| unreadable(&error)),
        Err(FileError::TooLarge { .. }) => Err(unreadable(&InspectError::TooLarge(MAXIMUM_TOKEN_BYTES))),
        Err(error) => {
            let message = format!("could not read the token from {from}: {error}");
            Err(Failure::plain(Exit::Other, "stdin", message, Some("pipe the token in".to_owned())))
        }
    }
}

/// Whether an argument that is not a token has the form of a path: a folder, or a name with a short extension.
fn is_path(words: &[String]) -> bool {
    let [word] = words else { return false };
    let extension = word.rsplit_once('.').map(|(_, extension)| extension);
    let is_name =
        extension.is_some_and(|extension| (1..=5).contains(&extension.len()) && word.matches('.').count() == 1);
    word.len() <= 255 && !word.starts_with("ey") && (word.contains('/') || is_name)
}

fn unreadable(error: &InspectError) -> Failure {
    Failure::new(Exit::Other, error).about("could not read the token")
}

/// Inspects the grant that would be sent. It is verified with the public half of its own key, unless `--jwks` names others.
async fn own_grant(
    arguments: &InspectArguments,
    signed: SignedGrant,
    network: &NetworkSettings,
) -> Result<Inspected, Failure> {
    let jwt = Jwt::parse(signed.assertion.expose().as_bytes()).map_err(|error| unreadable(&error))?;
    let inspection = Inspection::new(&jwt, &[], SystemClock.now(), arguments.show_pid);
    if !arguments.verify && arguments.jwks.is_none() {
        return Ok(Inspected { inspection, verification: None, fault: None });
    }
    let found = match (&arguments.jwks, jwt.key_id()) {
        (Some(jwks), _) => FoundKeys::Set(keys::named(jwks, network).await?),
        (None, key_id) => {
            let algorithm = signed.grant.algorithm_for(&signed.key)?;
            // Without a key id, the only key is found whatever its id.
            let public = signed.key.public_jwk(key_id.unwrap_or("own"), algorithm).to_string();
            FoundKeys::Set(KeySet::parse(public.as_bytes()).map_err(|error| Failure::new(Exit::Key, &error))?)
        }
    };
    let issuer = Some(signed.grant.client_id.as_str().to_owned());
    let expectations = Expectations { issuer, ..Expectations::default() };
    let verification = verify(&jwt, inspection.kind, &found.keys(), &expectations, SystemClock.now());
    Ok(Inspected { inspection, verification: Some(verification), fault: None })
}

impl FoundKeys {
    fn keys(&self) -> VerificationKeys<'_> {
        match self {
            Self::Set(set) => VerificationKeys::Set(set),
            Self::Roots(roots) => VerificationKeys::Roots(roots),
            Self::None(why) => VerificationKeys::None(why.clone()),
        }
    }
}

fn outcome(verification: &Verification) -> Result<(), Failure> {
    if verification.is_valid {
        return Ok(());
    }
    let faults: Vec<String> = verification.faults().map(|fault| fault.kind.to_string()).collect();
    let message = format!("the token is not valid: {}", faults.join(", "));
    let hint = "the report on stdout has what was found and what was expected".to_owned();
    Err(Failure::plain(Exit::Fault, "verification", message, Some(hint)))
}
