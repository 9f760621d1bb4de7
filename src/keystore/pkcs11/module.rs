//! Loads PKCS#11 modules, each once in a process.
//!
//! PKCS#11 §5.4 initializes a module once, for the whole process; unloading one that is in use pulls its code from
//! under other sessions. So a module that has been loaded stays, which is why there is a static here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
};

use super::HardwareReason;
use crate::keystore::certificate::printable;

static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// Gives the module at `path`, ready for use. A bare name is looked for where the system keeps libraries.
pub(super) fn load(path: &Path) -> Result<Pkcs11, HardwareReason> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(path) {
        return Ok(module.clone());
    }
    let name = path.display().to_string();
    let is_path = path.parent().is_some_and(|parent| !parent.as_os_str().is_empty());
    if is_path && !path.exists() {
        return Err(HardwareReason::ModuleMissing(name));
    }
    let module = Pkcs11::new(path).map_err(|error| {
        let why = match error {
            Error::LibraryLoading(error) => error.to_string(),
            Error::MissingSymbol(symbol) => format!("it has no {symbol}, so it is no PKCS#11 module"),
            error => failed(&error),
        };
        HardwareReason::ModuleUnloadable { module: name, why: printable(&why) }
    })?;
    initialize(&module)?;
    loaded.insert(path.to_owned(), module.clone());
    Ok(module)
}

fn initialize(module: &Pkcs11) -> Result<(), HardwareReason> {
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Under another path, or by another part of this process.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(reason(&error)),
    }
}

/// What an error means that no caller explains better.
pub(super) fn reason(error: &Error) -> HardwareReason {
    use RvError::{
        CryptokiNotInitialized, DeviceError, DeviceRemoved, KeyFunctionNotPermitted, KeyHandleInvalid,
        ObjectHandleInvalid, PinExpired, PinLocked, SessionClosed, SessionHandleInvalid, TokenNotPresent,
        UserNotLoggedIn, UserPinNotInitialized,
    };
    let Error::Pkcs11(code, _) = error else { return HardwareReason::ApiError(failed(error)) };
    match code {
        PinLocked => HardwareReason::PinLocked,
        PinExpired => HardwareReason::PinExpired,
        UserPinNotInitialized => HardwareReason::PinNotSet,
        KeyFunctionNotPermitted => HardwareReason::MayNotSign,
        SessionHandleInvalid
        | SessionClosed
        | DeviceRemoved
        | DeviceError
        | TokenNotPresent
        | UserNotLoggedIn
        | KeyHandleInvalid
        | ObjectHandleInvalid
        | CryptokiNotInitialized => HardwareReason::SessionLost(failed(error)),
        _ => HardwareReason::ApiError(failed(error)),
    }
}

/// The error by the name that PKCS#11 gives it; cryptoki's own texts are paragraphs of the standard.
fn failed(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{code:?} (C_{function:?})"),
        other => printable(&other.to_string()),
    }
}
