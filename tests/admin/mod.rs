//! The commands of an administrator, against the simulator's self-service API.

mod clients;
