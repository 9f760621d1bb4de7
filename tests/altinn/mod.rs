//! `altinn`: the requests that are sent to Altinn, and what is made of its answers.

mod login;
mod simulator;
mod test_tokens;
mod vendor;
mod whoami;
