//! Which organisations have which scopes, and what would have to change.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

/// Access of an organisation to a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The name of the scope.
    pub scope: String,
    /// The number of the organisation, as the self-service API has it.
    pub consumer: String,
}

/// A change of an organisation's access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessChange {
    /// It gets the access.
    Grant(Access),
    /// It loses the access.
    Revoke(Access),
}

/// The difference between the access that is wanted and the access that is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessDifference {
    /// Wanted, but not granted.
    pub missing: BTreeSet<Access>,
    /// Granted, but not wanted.
    pub extra: BTreeSet<Access>,
    /// Wanted and granted.
    pub unchanged: BTreeSet<Access>,
}

/// The name of a scope, or what the names of several begin with: `altinn:serviceowner*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopePattern(String);

impl Access {
    /// Reads the documents of the API, without those whose access is not or no longer approved.
    #[must_use]
    pub fn approved(documents: &[Value]) -> BTreeSet<Self> {
        let text = |document: &Value, name: &str| Some(document.get(name)?.as_str()?.to_owned());
        let approved =
            documents.iter().filter(|document| text(document, "state").is_none_or(|state| state == "APPROVED"));
        let read =
            |document| Some(Self { scope: text(document, "scope")?, consumer: text(document, "consumer_orgno")? });
        approved.filter_map(read).collect()
    }
}

impl AccessChange {
    /// Returns the access that is granted or revoked.
    #[must_use]
    pub fn access(&self) -> &Access {
        match self {
            Self::Grant(access) | Self::Revoke(access) => access,
        }
    }
}

/// `+ altinn:serviceowner 991825827`
impl fmt::Display for AccessChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if matches!(self, Self::Grant(_)) { '+' } else { '-' };
        write!(formatter, "{sign} {} {}", self.access().scope, self.access().consumer)
    }
}

impl AccessDifference {
    /// Compares the wanted access with the granted one.
    #[must_use]
    pub fn between(wanted: &BTreeSet<Access>, granted: &BTreeSet<Access>) -> Self {
        Self {
            missing: wanted.difference(granted).cloned().collect(),
            extra: granted.difference(wanted).cloned().collect(),
            unchanged: wanted.intersection(granted).cloned().collect(),
        }
    }
}

impl ScopePattern {
    /// Reads a name or a pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the name, if it is that of one scope.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        (!self.0.ends_with('*')).then_some(self.0.as_str())
    }

    /// Whether it matches this scope.
    #[must_use]
    pub fn matches(&self, scope: &str) -> bool {
        self.0.strip_suffix('*').map_or(self.0 == scope, |prefix| scope.starts_with(prefix))
    }
}

impl fmt::Display for ScopePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn access(scope: &str, consumer: &str) -> Access {
        Access { scope: scope.to_owned(), consumer: consumer.to_owned() }
    }

    #[test]
    fn what_is_not_approved_is_missing() {
        let documents = [
            json!({ "scope": "a:b", "consumer_orgno": "1", "state": "APPROVED" }),
            json!({ "scope": "a:b", "consumer_orgno": "2", "state": "DENIED" }),
            json!({ "scope": "a:b", "consumer_orgno": "3" }),
            json!({ "scope": "a:b" }),
        ];

        let difference = AccessDifference::between(
            &BTreeSet::from([access("a:b", "1"), access("a:b", "2")]),
            &Access::approved(&documents),
        );

        assert_eq!(difference.missing, BTreeSet::from([access("a:b", "2")]));
        assert_eq!(difference.extra, BTreeSet::from([access("a:b", "3")]));
        assert_eq!(difference.unchanged, BTreeSet::from([access("a:b", "1")]));
    }

    #[test]
    fn a_pattern_stands_for_the_names_that_begin_with_it() {
        let pattern = ScopePattern::new("a:b*");
        assert_eq!(pattern.name(), None);
        assert_eq!([pattern.matches("a:b"), pattern.matches("a:b/c"), pattern.matches("a:c")], [true, true, false]);
        let name = ScopePattern::new("a:b");
        assert_eq!((name.name(), name.matches("a:b"), name.matches("a:b/c")), (Some("a:b"), true, false));
        assert!(ScopePattern::new("*").matches("x"));
    }
}
