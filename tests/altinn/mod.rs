//! `altinn`: the requests that are sent to Altinn, and what is made of its answers.

mod login;
