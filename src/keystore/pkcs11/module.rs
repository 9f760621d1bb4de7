//! Loads PKCS#11 modules, each once per process.
//!
//! A module is initialised once per process (PKCS#11 §5.4), and unloading it would break other sessions. So loaded
//! modules stay in a static.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
};

use crate::keystore::{HardwareErrorKind, error::shown};

static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// Loads and initialises the module at `path`. A bare file name is searched in the system's library folders.
pub(super) fn load(path: &Path) -> Result<Pkcs11, HardwareErrorKind> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(path) {
        return Ok(module.clone());
    }
    let name = path.display().to_string();
    let is_path = path.parent().is_some_and(|parent| !parent.as_os_str().is_empty());
    if is_path && !path.exists() {
        return Err(HardwareErrorKind::ModuleMissing(name));
    }
    let module = Pkcs11::new(path).map_err(|error| {
        let why = match error {
            Error::LibraryLoading(error) => error.to_string(),
            Error::MissingSymbol(symbol) => format!("it has no {symbol}, so it is not a PKCS#11 module"),
            error => error_name(&error),
        };
        HardwareErrorKind::ModuleUnloadable { module: name, why: shown(&why) }
    })?;
    initialise(&module)?;
    loaded.insert(path.to_owned(), module.clone());
    Ok(module)
}

fn initialise(module: &Pkcs11) -> Result<(), HardwareErrorKind> {
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Initialised under another path, or by another part of the process.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(error_kind(&error)),
    }
}

/// Converts an error that the caller has no better explanation for.
pub(super) fn error_kind(error: &Error) -> HardwareErrorKind {
    use RvError::{
        CryptokiNotInitialized, DeviceError, DeviceRemoved, KeyFunctionNotPermitted, KeyHandleInvalid,
        ObjectHandleInvalid, PinExpired, PinLocked, SessionClosed, SessionHandleInvalid, TokenNotPresent,
        UserNotLoggedIn, UserPinNotInitialized,
    };
    let Error::Pkcs11(code, _) = error else { return HardwareErrorKind::ApiError(error_name(error)) };
    match code {
        PinLocked => HardwareErrorKind::PinLocked,
        PinExpired => HardwareErrorKind::PinExpired,
        UserPinNotInitialized => HardwareErrorKind::PinNotSet,
        KeyFunctionNotPermitted => HardwareErrorKind::MayNotSign,
        SessionHandleInvalid
        | SessionClosed
        | DeviceRemoved
        | DeviceError
        | TokenNotPresent
        | UserNotLoggedIn
        | KeyHandleInvalid
        | ObjectHandleInvalid
        | CryptokiNotInitialized => HardwareErrorKind::SessionLost(error_name(error)),
        _ => HardwareErrorKind::ApiError(error_name(error)),
    }
}

/// Returns the name of an error in PKCS#11; cryptoki's messages are paragraphs of the standard.
fn error_name(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{code:?} (C_{function:?})"),
        other => shown(&other.to_string()),
    }
}
