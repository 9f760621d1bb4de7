//! The remaining lifetime that a stored token must have.

use chrono::TimeDelta;

use super::{Home, MinimumLifetime, key, noon, options, seconds, token};

/// The last second of a token's lifetime in which it is used.
fn is_used_until(lifetime_seconds: u64, minimum: MinimumLifetime) -> Option<i64> {
    let home = Home::new();
    home.fetch(&key("a:b"), noon(), &token("hemmelig", lifetime_seconds, noon()));
    let end = i64::try_from(lifetime_seconds).unwrap();
    (0..=end + 1).rev().find(|second| home.is_used(&key("a:b"), minimum, noon() + seconds(*second)))
}

#[test]
fn a_long_token_must_have_half_a_minute_left_and_a_short_one_a_quarter_of_its_lifetime() {
    for (lifetime, last) in [(600, 570), (121, 91), (120, 90), (119, 89), (100, 75), (4, 3), (1, 0)] {
        assert_eq!(is_used_until(lifetime, MinimumLifetime::Usual), Some(last), "{lifetime} s");
    }
}

#[test]
fn a_number_of_seconds_is_used_as_given() {
    for (lifetime, minimum, last) in [
        (120, 0, Some(119)),
        (120, 1, Some(119)),
        (120, 60, Some(60)),
        (120, 120, Some(0)),
        (120, 121, None),
        (120, u64::MAX, None),
        (10, 5, Some(5)),
    ] {
        assert_eq!(is_used_until(lifetime, MinimumLifetime::Seconds(minimum)), last, "{lifetime} s, {minimum} s");
    }
}

#[test]
fn a_quarter_is_not_rounded() {
    let home = Home::new();
    home.fetch(&key("a:b"), noon(), &token("hemmelig", 10, noon()));

    let at = |milliseconds| noon() + TimeDelta::milliseconds(milliseconds);

    assert!(home.is_used(&key("a:b"), MinimumLifetime::Usual, at(7500)));
    assert!(!home.is_used(&key("a:b"), MinimumLifetime::Usual, at(7501)));
}

#[test]
fn a_token_from_the_future_is_not_used_because_the_clock_was_set_back() {
    let home = Home::new();
    home.fetch(&key("a:b"), noon(), &token("hemmelig", 120, noon()));

    for (earlier, expected) in [(0, true), (5, true), (6, false), (3600, false)] {
        let at = noon() - seconds(earlier);
        assert_eq!(home.is_used(&key("a:b"), MinimumLifetime::Usual, at), expected, "{earlier} s");
        assert_eq!(home.is_used(&key("a:b"), MinimumLifetime::Seconds(0), at), expected, "{earlier} s");
    }
}

#[test]
fn a_token_of_unknown_or_past_expiry_is_not_stored() {
    let unknown = |answer| crate::client::AccessToken::restore(answer, noon()).unwrap();
    for issued in [
        unknown(r#"{"access_token":"a","token_type":"Bearer"}"#),
        token("a", 0, noon()),
        token("a", 60, noon() - seconds(60)),
    ] {
        let home = Home::new();

        let fetched = home.fetch_with(options(), &key("a:b"), noon(), &issued);

        let warnings: Vec<_> = fetched.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["the token is not stored: its expiry is unknown or has passed"]);
        assert_eq!(home.names(), [format!("{}.lock", key("a:b").hash())]);
    }
}
