//! What the vendor of a system asks of Altinn: to register it, and to let customers approve system users for it.
//!
//! <https://docs.altinn.studio/api/authentication/systemuserapi/>. A request is a value that can be shown before it is sent.

mod access;
mod definition;
mod request;

pub use self::{
    access::AccessError,
    definition::{DefinitionError, SystemDefinition, SystemUserDefinition},
    request::{ApprovalStatus, SystemUserType, VendorRequest},
};
