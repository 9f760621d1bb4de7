//! `maskinporten inspect`: shows the contents of a token or grant, and verifies it.
//!
//! If verification fails, the report is still printed on stdout; stderr names the failed checks, and the exit code is 7.

mod expected;
mod keys;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    sync::Arc,
};

use chrono::{DateTime, Local, Utc};
use maskinporten_token_generator::{
    clock::{Clock as _, SystemClock},
    file::{self, FileError},
    inspect::{
        Expectations, InspectError, Inspection, Jwt, MAXIMUM_TOKEN_BYTES, Verification, VerificationKeys, verify,
    },
    keystore::KeySet,
    printer::{InspectionForm, print_inspection},
};
use zeroize::Zeroizing;

use self::{expected::Expected, keys::FoundKeys};
use super::{
    args::{InspectArguments, ReportFormat},
    report::{self, Exit, Failure, Report},
    settings::{NetworkSettings, SettingSources, Settings},
    signals,
    tokens::SignedGrant,
};

pub(crate) async fn run(
    arguments: InspectArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let Inspected { inspection, verification } = inspect(&arguments, config, report).await?;
    let form = if arguments.format == ReportFormat::Json {
        InspectionForm::Json
    } else {
        let local = |at: DateTime<Utc>| at.with_timezone(&Local).fixed_offset();
        InspectionForm::Text { colour: report.paints_stdout(), now: SystemClock.now(), local }
    };
    let mut artefact = Zeroizing::new(Vec::new());
    print_inspection(form, &inspection, verification.as_ref(), &mut *artefact)
        .map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)?;
    verification.map_or(Ok(()), |verification| outcome(&verification))
}

/// The contents of a token, and the result of its verification if there was one.
struct Inspected {
    inspection: Inspection,
    verification: Option<Verification>,
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
    let jwt = read_token(arguments.jwt.as_deref(), report).await?;
    let inspection = Inspection::new(&jwt, keys::local().as_ref(), SystemClock.now(), arguments.show_pid);
    if !expected.is_asked_for() {
        return Ok(Inspected { inspection, verification: None });
    }
    let (found, expectations) = keys::find(&jwt, &inspection, expected, (&sources, &network), report).await?;
    // Fetching the keys took time, so the clock is read again.
    let verification = verify(&jwt, inspection.kind, &found.keys(), &expectations, SystemClock.now());
    Ok(Inspected { inspection, verification: Some(verification) })
}

/// Reads and parses the token on the command line or stdin.
async fn read_token(given: Option<&str>, report: &Report) -> Result<Jwt, Failure> {
    let parsed = if let Some(token) = given.filter(|given| *given != "-") {
        report.warning("the token shows in the process list; pipe it into maskinporten inspect instead");
        Jwt::parse(token.as_bytes())
    } else {
        if io::stdin().is_terminal() {
            report.note("paste the token, then press Enter and Ctrl-D");
        }
        match signals::blocking(|| file::read_from(io::stdin().lock(), MAXIMUM_TOKEN_BYTES as u64)).await {
            Ok(bytes) => Jwt::parse(&bytes),
            Err(FileError::TooLarge { .. }) => Err(InspectError::TooLarge(MAXIMUM_TOKEN_BYTES)),
            Err(error) => {
                let message = format!("could not read the token from stdin: {error}");
                return Err(Failure::plain(Exit::Other, "stdin", message, Some("pipe the token in".to_owned())));
            }
        }
    };
    parsed.map_err(|error| unreadable(&error))
}

fn unreadable(error: &InspectError) -> Failure {
    Failure::new(Exit::Other, error).about("could not read the token")
}

/// Inspects the grant that would be sent. It is verified with the certificates in it, or else with the public key.
async fn own_grant(
    arguments: &InspectArguments,
    signed: SignedGrant,
    network: &NetworkSettings,
) -> Result<Inspected, Failure> {
    let jwt = Jwt::parse(signed.assertion.expose().as_bytes()).map_err(|error| unreadable(&error))?;
    let inspection = Inspection::new(&jwt, None, SystemClock.now(), arguments.show_pid);
    if !arguments.verify && arguments.jwks.is_none() {
        return Ok(Inspected { inspection, verification: None });
    }
    let found = match (&arguments.jwks, jwt.key_id()) {
        (Some(jwks), _) => FoundKeys::Set(keys::named(jwks, network).await?),
        (None, Some(key_id)) => {
            let public = signed.key.public_jwk(key_id, signed.grant.algorithm_for(&signed.key)?).to_string();
            FoundKeys::Set(KeySet::parse(public.as_bytes()).map_err(|error| Failure::new(Exit::Key, &error))?)
        }
        (None, None) => FoundKeys::Certificates,
    };
    let issuer = Some(signed.grant.client_id.as_str().to_owned());
    let expectations = Expectations { issuer, ..Expectations::default() };
    let verification = verify(&jwt, inspection.kind, &found.keys(), &expectations, SystemClock.now());
    Ok(Inspected { inspection, verification: Some(verification) })
}

impl FoundKeys {
    fn keys(&self) -> VerificationKeys<'_> {
        match self {
            Self::Set(set) => VerificationKeys::Set(set),
            Self::Certificates => VerificationKeys::Certificates,
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
