//! Keeps access tokens on the disk, so that a token which is still good costs no request, no key and no password.
//!
//! One file a token in a folder of the user's own, named by a hash of everything that shapes the token ([`Shape`]).
//! The folder's mode is 0700 and the files' 0600; what belongs to somebody else, lets others in, or is a symbolic link
//! is an error and never read. Files are written whole or not at all, so that a crash at any moment leaves a cache
//! that works; what is damaged nevertheless is replaced. Processes that want the same token at the same time make one
//! request ([`Cache::fetch`]).
//!
//! The thumbprint of the key is part of a token's shape, and is known without opening the key once it has been opened
//! ([`KeySource`]). Tokens are written as they are: whoever may read this user's files could as well ask for them.
//! Where the cache is, and whether it is used, is for the caller to decide; refused grants are never stored, since
//! [`Cache::fetch`] stores tokens alone.
//!
//! # Examples
//! ```
//! use std::time::Duration;
//!
//! use maskinporten_token_generator::{
//!     cache::{Cache, CacheError, FetchOptions, KeyThumbprint, MinimumLifetime, Origin, Shape},
//!     client::AccessToken,
//!     clock::{Clock, SystemClock},
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # runtime.block_on(async {
//! let cache = Cache::open(&home.path().join("maskinporten"))?;
//! let shape = Shape {
//!     environment: "test".to_owned(),
//!     endpoint: "https://test.maskinporten.no/token".to_owned(),
//!     audience: "https://test.maskinporten.no/".to_owned(),
//!     client_id: "806e1e80-e3a7-4a73-980e-f92ba1c2bf86".to_owned(),
//!     key: KeyThumbprint::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").ok_or("no thumbprint")?,
//!     key_reference: "x5c chain".to_owned(),
//!     algorithm: "RS256".to_owned(),
//!     scopes: vec!["altinn:serviceowner".to_owned()],
//!     resources: Vec::new(),
//!     consumer_org: None,
//!     person: None,
//!     authorization_details: None,
//!     extra_claims: serde_json::Map::new(),
//!     exchange: None,
//! };
//! let options = FetchOptions {
//!     minimum: MinimumLifetime::Usual,
//!     refresh: false,
//!     wait: Duration::from_secs(30),
//! };
//! let answer = r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":119}"#;
//!
//! for origin in [Origin::Server, Origin::Cache] {
//!     let fetched = cache
//!         .fetch(&shape.key(), options, &SystemClock, async {
//!             // Here the key is opened, and the token endpoint asked.
//!             let token = AccessToken::restore(answer, SystemClock.now());
//!             token.map_err(Box::<dyn std::error::Error>::from)
//!         })
//!         .await?;
//!
//!     assert_eq!((fetched.token.expose(), fetched.origin), ("a.b.c", origin));
//! }
//! assert_eq!(cache.list()?[0].about.scopes, ["altinn:serviceowner"]);
//! # Ok(())
//! # })
//! # }
//! ```

mod damage;
mod entry;
mod error;
mod fetch;
mod file_name;
mod folder;
mod hash;
mod list;
mod minimum_lifetime;
mod remark;
mod sealed;
mod shape;
mod source;
mod stored_token_info;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use self::folder::Folder;
pub use self::{
    damage::CorruptEntry,
    error::{CacheError, UnsafePermissions},
    fetch::{FetchOptions, Fetched, Origin},
    list::{Clear, Listed},
    minimum_lifetime::MinimumLifetime,
    remark::{NotStored, Remark},
    shape::{CacheKey, Shape},
    source::{KeySource, KeyThumbprint},
    stored_token_info::StoredTokenInfo,
};

/// A token cache in a folder that has been opened and found to be ours alone.
#[derive(Debug)]
pub struct Cache {
    folder: Folder,
}

impl Cache {
    /// Where the cache is unless the user says otherwise: `$XDG_CACHE_HOME/maskinporten` and its like.
    ///
    /// # Errors
    /// [`CacheError::NoFolder`] when the system does not name one, or names it in a home that is not there, as that of
    /// many a daemon; or for root in the home of somebody else, who could not look into a folder that root has made there.
    pub fn usual_folder() -> Result<PathBuf, CacheError> {
        let places = etcetera::choose_base_strategy().map_err(|_| CacheError::NoFolder)?;
        let (folder, home) = (places.cache_dir(), places.home_dir());
        if folder.starts_with(home) && !folder.is_dir() && !folder::may_be_added_to(home) {
            return Err(CacheError::NoFolder);
        }
        Ok(folder.join("maskinporten"))
    }

    /// Opens the cache in a folder, which is made when it is missing.
    ///
    /// # Errors
    /// [`CacheError::UnsafeFolder`] when the folder is not ours alone; [`CacheError::Unavailable`] when it cannot be
    /// made or opened, which [`CacheError::is_unavailable`] tells from the other.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        Ok(Self { folder: Folder::open(folder)? })
    }

    /// Opens the cache in a folder; `None` when there is no such folder, and so nothing to list or clear.
    ///
    /// # Errors
    /// As [`Cache::open`].
    pub fn existing(folder: &Path) -> Result<Option<Self>, CacheError> {
        Ok(Folder::existing(folder)?.map(|folder| Self { folder }))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
