//! `maskinporten inspect`: what a token or grant says, and whether it holds.
//!
//! When something does not hold, the report is the artefact all the same: it stands on stdout, one line on stderr says
//! what is wrong, and the exit code is 7.

mod expected;
mod input;
mod keys;

use std::path::PathBuf;

use chrono::{DateTime, Local, Utc};
use maskinporten_token_generator::{
    clock::{Clock as _, SystemClock},
    inspect::{Expectations, Inspection, Jwt, Verification, VerificationKeys, verify},
    keystore::KeySet,
    printer::{InspectionForm, print_inspection},
};
use zeroize::Zeroizing;

use self::{expected::Expected, keys::Found};
use super::{
    args::InspectArguments,
    layers::Layers,
    report::{self, Exit, Failure, Report},
    resolve::{self, Wanted},
    signals,
};

pub(crate) async fn run(arguments: InspectArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let inspected = tokio::select! {
        inspected = inspect(&arguments, config, report) => inspected?,
        () = signals::interrupted() => return Err(Failure::interrupted()),
    };
    let Inspected { reading, verification } = inspected;
    let form = if arguments.format == "json" {
        InspectionForm::Json
    } else {
        let local = |at: DateTime<Utc>| at.with_timezone(&Local).fixed_offset();
        InspectionForm::Text { colour: report.paints_stdout(), now: SystemClock.now(), local }
    };
    let mut artefact = Zeroizing::new(Vec::new());
    print_inspection(form, &reading, verification.as_ref(), &mut *artefact)
        .map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)?;
    verification.map_or(Ok(()), |verification| outcome(&verification))
}

/// What was inspected, and how it went.
struct Inspected {
    reading: Inspection,
    verification: Option<Verification>,
}

async fn inspect(arguments: &InspectArguments, config: Option<PathBuf>, report: &Report) -> Result<Inspected, Failure> {
    if arguments.grant {
        let layers = Layers::of(arguments.settings.clone(), config, report)?;
        return own_grant(arguments, resolve::resolve(layers, &SystemClock, report).await?).await;
    }
    let expected = Expected::of(arguments)?;
    let network = keys::Network::of(arguments, config, report)?;
    let jwt = input::read(arguments.jwt.as_deref(), report)?;
    let reading = Inspection::new(&jwt, keys::local().as_ref(), SystemClock.now(), arguments.show_pid);
    if !expected.is_asked_for() {
        return Ok(Inspected { reading, verification: None });
    }
    let (found, expectations) = keys::find(&jwt, &reading, expected, &network, report).await?;
    // Fetching took time: what counts is whether the token holds now.
    let verification = verify(&jwt, reading.kind, &found.keys(), &expectations, SystemClock.now());
    Ok(Inspected { reading, verification: Some(verification) })
}

/// The grant that would be sent, verified with the certificates that it carries, or else with the key's public half.
async fn own_grant(arguments: &InspectArguments, wanted: Wanted) -> Result<Inspected, Failure> {
    let assertion = wanted.grant.sign(&wanted.key, &SystemClock)?;
    let jwt = Jwt::parse(assertion.expose().as_bytes()).map_err(|error| input::unreadable(&error))?;
    let reading = Inspection::new(&jwt, None, SystemClock.now(), arguments.show_pid);
    if !arguments.verify && arguments.jwks.is_none() {
        return Ok(Inspected { reading, verification: None });
    }
    let found = match (&arguments.jwks, jwt.key_id()) {
        (Some(jwks), _) => Found::Set(keys::named(jwks, &keys::Network::new(wanted.http, wanted.retry_policy)).await?),
        (None, Some(key_id)) => {
            let public = wanted.key.public_jwk(key_id, wanted.grant.algorithm_for(&wanted.key)?).to_string();
            Found::Set(KeySet::parse(public.as_bytes()).map_err(|error| Failure::new(Exit::Key, &error))?)
        }
        (None, None) => Found::Certificates,
    };
    let issuer = Some(wanted.grant.client_id.as_str().to_owned());
    let expectations = Expectations { issuer, ..Expectations::default() };
    let verification = verify(&jwt, reading.kind, &found.keys(), &expectations, SystemClock.now());
    Ok(Inspected { reading, verification: Some(verification) })
}

impl Found {
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
    let message = format!("the token does not hold: {}", faults.join(", "));
    let hint = "what was found and what was expected stands in the report on stdout".to_owned();
    Err(Failure::plain(Exit::Fault, "verification", message, Some(hint)))
}
