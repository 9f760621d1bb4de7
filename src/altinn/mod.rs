//! Altinn's platform APIs: their address, requests to them, and why one of them was refused.
//!
//! Every API is below one base URL (<https://docs.altinn.studio/api/>), takes a token in `Authorization`, and answers an
//! error with problem details (RFC 9457) that may have a code of Altinn's, such as `AUTH-00004`, or with an empty body.

mod altinn2;
mod client;
mod error;
mod exchange;
mod operation;
mod platform;
mod problem;
mod test_token;
mod vendor;

pub use self::{
    altinn2::{Altinn2Login, Altinn2Session, HAL_JSON},
    client::{AltinnClient, AltinnRequest},
    error::{AltinnError, AltinnRefusal},
    exchange::{AltinnExchange, TokenProvider},
    operation::AltinnOperation,
    platform::{AltinnPlatform, PlatformError},
    problem::{AltinnProblem, ValidationError},
    test_token::{TestTokenKind, TestTokenRequest, UserNameError},
    vendor::{
        AccessError, ApprovalStatus, DefinitionError, SystemDefinition, SystemUserDefinition, SystemUserType,
        VendorRequest,
    },
};
