//! Several files and profiles: what wins, what is taken over, and what does not fit together.

use super::{KNOWN, project, said, user};
use crate::profile::{Profile, ProfileError, Profiles};

fn both(of_project: &str, of_user: &str) -> Result<Profiles, ProfileError> {
    Profiles::of(vec![project(of_project).unwrap(), user(of_user).unwrap()], KNOWN)
}

fn one(text: &str) -> Result<Profiles, ProfileError> {
    Profiles::of(vec![user(text).unwrap()], KNOWN)
}

fn value<'a>(profile: &'a Profile, name: &str) -> &'a str {
    profile.value(name).map_or("none", |value| value.values()[0].as_str())
}

#[test]
fn the_project_wins_key_by_key_and_the_user_fills_the_rest() {
    let profiles = both(
        "default_profile = 'test'\n[profiles.test]\nenv = 'test'\n[profiles.test.headers]\nAccept = 'project'\n",
        "default_profile = 'own'\n[profiles.own]\n[profiles.test]\nenv = 'prod'\nclient_id = 'mine'\n\
         [profiles.test.headers]\naccept = 'user'\nApiKey = 'user'\n",
    )
    .unwrap();

    assert_eq!(profiles.default_profile().unwrap().0, "test");
    let profile = profiles.profile(None).unwrap().unwrap();
    assert_eq!((value(&profile, "env"), value(&profile, "client-id")), ("test", "mine"));
    assert_eq!(profile.value("env").unwrap().place().to_string(), "`/project/maskinporten.toml`, line 3");
    assert_eq!(profile.value("client-id").unwrap().place().to_string(), "`/home/ola/config.toml`, line 5");
    let headers: Vec<_> = profile.headers.iter().map(|header| header.value.as_str()).collect();
    assert_eq!(headers, ["project", "user"]);
    assert_eq!(profiles.names().into_iter().collect::<Vec<_>>(), ["own", "test"]);
}

#[test]
fn extends_reaches_into_the_other_file_and_the_nearer_profile_wins() {
    let profiles = both(
        "[profiles.events]\nextends = 'base'\nscope = 'events'\n",
        "[profiles.base]\nextends = 'ground'\nscope = 'base'\nclient_id = 'base'\n\
         [profiles.ground]\nclient_id = 'ground'\nttl = 60\n",
    )
    .unwrap();

    let profile = profiles.profile(Some("events")).unwrap().unwrap();
    assert_eq!(
        [value(&profile, "scope"), value(&profile, "client-id"), value(&profile, "ttl")],
        ["events", "base", "60"]
    );
}

#[test]
fn an_empty_value_takes_nothing_over() {
    let profiles = one("[profiles.base]\nkeystore = 'a.p12'\nno_resource = true\nscope = ['a']\n\
         [profiles.child]\nextends = 'base'\nkeystore = ''\njwk = 'a.json'\nno_resource = false\nscope = []\n")
    .unwrap();

    let profile = profiles.profile(Some("child")).unwrap().unwrap();
    let names: Vec<_> = profile.values.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["jwk"]);
}

#[test]
fn without_a_default_no_profile_counts() {
    assert!(one("[profiles.a]\n").unwrap().profile(None).unwrap().is_none());
    assert!(one("").unwrap().profile(None).unwrap().is_none());
}

#[test]
fn what_does_not_fit_together_is_told() {
    for (text, wanted) in [
        (
            "[profiles.tset]\nextends = 'tets'\n[profiles.test]\n",
            "the profile `tset` extends `tets`, which does not exist: `/home/ola/config.toml`, line 2\n\
             hint: write `test`",
        ),
        (
            "[profiles.a]\nextends = 'b'\n[profiles.b]\nextends = 'c'\n[profiles.c]\nextends = 'b'\n",
            "profiles extend each other in a circle, b → c → b: `/home/ola/config.toml`, line 6\n\
             hint: remove one `extends`; a profile of the same name in your own config file is taken over without it",
        ),
        (
            "[profiles.a]\nextends = 'a'\n",
            "profiles extend each other in a circle, a → a: `/home/ola/config.toml`, line 2\n\
             hint: remove one `extends`; a profile of the same name in your own config file is taken over without it",
        ),
        (
            "default_profile = 'tset'\n[profiles.test]\n",
            "`default_profile` names `tset`, which does not exist: `/home/ola/config.toml`, line 1\nhint: write `test`",
        ),
        (
            "[profiles.base]\nkeystore = 'a.p12'\n[profiles.child]\nextends = 'base'\njwk = 'a.json'\n",
            "the profile `child` names two keys to sign with: `keystore` in `/home/ola/config.toml`, line 2, and \
             `jwk` in `/home/ola/config.toml`, line 5\n\
             hint: keep one; jwk = \"\" drops what is taken over from elsewhere",
        ),
    ] {
        assert_eq!(said(&one(text).unwrap_err()), wanted);
    }
}

#[test]
fn a_chain_may_be_sixteen_long_and_no_longer() {
    use std::fmt::Write as _;

    let chain = |length: usize| {
        (0..length).fold(format!("[profiles.p{length}]\n"), |mut text, number| {
            let _ = write!(text, "[profiles.p{number}]\nextends = 'p{}'\n", number + 1);
            text
        })
    };

    assert!(one(&chain(16)).is_ok());
    assert!(matches!(one(&chain(17)), Err(ProfileError::TooDeep { limit: 16, .. })));
}

#[test]
fn a_profile_that_does_not_exist_is_told_with_those_that_do() {
    for (asked, wanted) in [
        ("tets", "no profile is called `tets`\nhint: pass --profile test"),
        ("something", "no profile is called `something`\nhint: the profiles are: prod, test"),
    ] {
        let error = one("[profiles.test]\n[profiles.prod]\n").unwrap().profile(Some(asked)).unwrap_err();
        assert_eq!(said(&error), wanted);
    }
    assert_eq!(
        said(&one("").unwrap().profile(Some("test")).unwrap_err()),
        "no profile is called `test`\n\
         hint: there are no profiles yet; write one with: maskinporten config init"
    );
}

#[test]
fn warns_when_a_project_decides_where_the_users_key_is_used() {
    let profiles = both(
        "[profiles.test]\ntoken_endpoint = 'https://elsewhere.example/token'\n",
        "[profiles.test]\nkeystore = 'own.p12'\n[profiles.mine]\nkeystore = 'own.p12'\naudience = 'https://a/'\n",
    )
    .unwrap();

    let warnings = profiles.profile(Some("test")).unwrap().unwrap().warnings;
    assert_eq!(
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "`token_endpoint` in `/project/maskinporten.toml`, line 2 decides where a grant goes that is signed with the key \
          named in `/home/ola/config.toml`, line 2"
        ]
    );
    assert!(profiles.profile(Some("mine")).unwrap().unwrap().warnings.is_empty());
}

#[test]
fn warns_of_a_plain_password_in_the_profile_that_is_asked_for_only() {
    let profiles = one("[profiles.a]\n[profiles.base]\nkeystore_password = 'p'\n[profiles.b]\nextends = 'base'\n\
         [profiles.c]\nextends = 'base'\nkeystore_password = ''\n")
    .unwrap();

    for (name, warned) in [("a", false), ("b", true), ("c", false)] {
        assert_eq!(!profiles.profile(Some(name)).unwrap().unwrap().warnings.is_empty(), warned, "{name}");
    }
    assert_eq!(profiles.warnings(), []);
}
