//! A session in the memory of this process.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::KeptSession;

/// A session, and the lock of its renewal.
#[derive(Debug, Default)]
pub(super) struct SessionMemory {
    session: Mutex<Option<KeptSession>>,
    renewal: Arc<tokio::sync::Mutex<()>>,
}

impl SessionMemory {
    pub(super) fn load(&self) -> Option<KeptSession> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the session, and returns the former one.
    pub(super) fn save(&self, session: Option<KeptSession>) -> Option<KeptSession> {
        std::mem::replace(&mut *self.session.lock().unwrap_or_else(PoisonError::into_inner), session)
    }

    pub(super) async fn lock(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.renewal).lock_owned().await
    }
}
