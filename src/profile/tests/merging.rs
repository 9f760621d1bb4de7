//! Several files and profiles: precedence, inheritance, and conflicts.

use super::{KNOWN, fault, project, shown, user};
use crate::{
    printer::Header,
    profile::{Profile, ProfileError, Profiles},
};

fn both(of_project: &str, of_user: &str) -> Profiles {
    Profiles::new(vec![project(of_project).unwrap(), user(of_user).unwrap()], KNOWN)
}

fn one(text: &str) -> Profiles {
    Profiles::new(vec![user(text).unwrap()], KNOWN)
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
    );

    assert_eq!(profiles.default_profile().unwrap().0, "test");
    let profile = profiles.profile(None).unwrap().unwrap();
    assert_eq!((value(&profile, "env"), value(&profile, "client-id")), ("test", "mine"));
    assert_eq!(profile.value("env").unwrap().location().to_string(), "`/project/maskinporten.toml`, line 3");
    assert_eq!(profile.value("client-id").unwrap().location().to_string(), "`/home/ola/config.toml`, line 5");
    let headers: Vec<_> = profile.headers.iter().map(|header| header.header.clone()).collect();
    assert_eq!(headers, [Header::new("Accept", "project").unwrap(), Header::new("ApiKey", "user").unwrap()]);
    assert_eq!(profiles.names().into_iter().collect::<Vec<_>>(), ["own", "test"]);
}

#[test]
fn extends_may_name_a_profile_of_the_other_file_and_the_nearer_profile_wins() {
    let profiles = both(
        "[profiles.events]\nextends = 'base'\nscope = 'events'\n",
        "[profiles.base]\nextends = 'ground'\nscope = 'base'\nclient_id = 'base'\n\
         [profiles.ground]\nclient_id = 'ground'\nttl = 60\n",
    );

    let profile = profiles.profile(Some("events")).unwrap().unwrap();
    assert_eq!(
        [value(&profile, "scope"), value(&profile, "client-id"), value(&profile, "ttl")],
        ["events", "base", "60"]
    );
}

#[test]
fn an_empty_value_removes_the_inherited_one() {
    let profiles = one("[profiles.base]\nkeystore = 'a.p12'\nno_resource = true\nscope = ['a']\n\
         [profiles.child]\nextends = 'base'\nkeystore = ''\njwk = 'a.json'\nno_resource = false\nscope = []\n");

    let profile = profiles.profile(Some("child")).unwrap().unwrap();
    let names: Vec<_> = profile.values.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["jwk"]);
}

#[test]
fn without_a_default_no_profile_is_used() {
    assert!(one("[profiles.a]\n").profile(None).unwrap().is_none());
    assert!(one("").profile(None).unwrap().is_none());
}

#[test]
fn profiles_that_contradict_each_other_are_reported() {
    for (text, expected) in [
        (
            "[profiles.tset]\nextends = 'tets'\n[profiles.test]\n",
            "the profile `tset` extends `tets`, which does not exist: `/home/ola/config.toml`, line 2\n\
             hint: write `test`",
        ),
        (
            "[profiles.a]\nextends = 'b'\n[profiles.b]\nextends = 'c'\n[profiles.c]\nextends = 'b'\n",
            "profiles extend each other in a circle, b → c → b: `/home/ola/config.toml`, line 6\n\
             hint: remove one `extends`; profiles of the same name in both config files are merged without it",
        ),
        (
            "[profiles.a]\nextends = 'a'\n",
            "profiles extend each other in a circle, a → a: `/home/ola/config.toml`, line 2\n\
             hint: remove one `extends`; profiles of the same name in both config files are merged without it",
        ),
        (
            "default_profile = 'tset'\n[profiles.test]\n",
            "`default_profile` names `tset`, which does not exist: `/home/ola/config.toml`, line 1\nhint: write `test`",
        ),
        (
            "[profiles.a]\nkeystore = 'a.p12'\njwk = 'a.json'\n",
            "the profile `a` has two signing keys: `keystore` in `/home/ola/config.toml`, line 2, and `jwk` in \
             `/home/ola/config.toml`, line 3\n\
             hint: remove `keystore` or `jwk` from the profile",
        ),
        (
            "[profiles.a]\nextends = 'b'\nalias = 'x'\n[profiles.b]\nkeystore = 'a.p12'\njwk = 'a.json'\n",
            "the profile `b` has two signing keys: `keystore` in `/home/ola/config.toml`, line 5, and `jwk` in \
             `/home/ola/config.toml`, line 6\n\
             hint: remove `keystore` or `jwk` from the profile",
        ),
    ] {
        assert_eq!(
            shown(&if text.starts_with("default") { one(text).profile(None).unwrap_err() } else { fault(text) }),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_signing_key_replaces_the_inherited_one_of_whatever_kind() {
    let profiles = both(
        "[profiles.base]\nkeystore = 'base.p12'\nalias = 'base'\n[profiles.test]\nclient_id = 'x'\n",
        "[profiles.child]\nextends = 'base'\njwk = 'child.json'\n\
         [profiles.grandchild]\nextends = 'child'\ncertificate_thumbprint = 'AB'\n\
         [profiles.other]\nextends = 'child'\n\
         [profiles.broken]\nkeystore = 'a.p12'\njwk = 'a.json'\n\
         [profiles.repaired]\nextends = 'broken'\nkeystore = ''\n\
         [profiles.test]\njwk = 'user.json'\n",
    );

    for (name, expected) in [
        ("base", ["keystore"].as_slice()),
        ("child", &["jwk"]),
        ("grandchild", &["certificate-thumbprint"]),
        ("other", &["jwk"]),
        ("repaired", &["jwk"]),
        ("test", &["jwk"]),
    ] {
        let profile = profiles.profile(Some(name)).unwrap().unwrap();
        let keys = profile.values.iter().map(|(name, _)| *name);
        let keys: Vec<_> = keys.filter(|name| ["keystore", "jwk", "certificate-thumbprint"].contains(name)).collect();
        assert_eq!(keys, expected, "{name}");
    }
    assert!(matches!(profiles.profile(Some("broken")), Err(ProfileError::TwoKeys { .. })));
}

#[test]
fn two_keys_of_one_profile_in_two_files_are_a_conflict() {
    let error = both("[profiles.test]\nkeystore = 'a.p12'\n", "[profiles.test]\njwk = 'a.json'\n")
        .profile(Some("test"))
        .unwrap_err();

    assert_eq!(
        shown(&error),
        "the profile `test` has two signing keys: `keystore` in `/project/maskinporten.toml`, line 2, and `jwk` in \
         `/home/ola/config.toml`, line 2\n\
         hint: remove `keystore` or `jwk` from the profile"
    );
}

#[test]
fn a_fault_of_one_profile_does_not_affect_the_others() {
    let faults = [
        "[profiles.x]\nfrobnicate = 1\n",
        "[profiles.x]\nttl = true\n",
        "[profiles.x]\nextends = 'missing'\n",
        "[profiles.x]\nextends = 'x'\n",
        "[profiles.x]\nkeystore = 'a'\njwk = 'b'\n",
        "[profiles.x.headers]\n'A B' = 'c'\n",
        "[profiles.x]\njwk = '{}'\n",
        "[profiles]\nx = 7\n",
    ];
    for fault in faults {
        let profiles = one(&format!("{fault}[profiles.good]\nenv = 'test'\n[profiles.child]\nextends = 'x'\n"));

        assert_eq!(value(&profiles.profile(Some("good")).unwrap().unwrap(), "env"), "test", "{fault}");
        for name in ["x", "child"] {
            assert!(profiles.profile(Some(name)).is_err(), "{name}: {fault}");
        }
        assert_eq!(profiles.names().len(), 3);
    }
    let unknown_default = one("default_profile = 'missing'\n[profiles.good]\n");
    assert!(unknown_default.profile(Some("good")).is_ok());
    assert!(matches!(unknown_default.profile(None), Err(ProfileError::UnknownDefault { .. })));
    let project = both("[profiles.x]\nkeystore_password_command = 'a'\n", "[profiles.x]\nttl = 1\n[profiles.y]\n");
    assert!(matches!(project.profile(Some("x")), Err(ProfileError::CommandInProject { .. })));
    assert!(project.profile(Some("y")).is_ok());
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

    assert!(one(&chain(16)).profile(Some("p0")).is_ok());
    assert!(matches!(one(&chain(17)).profile(Some("p0")), Err(ProfileError::TooDeep { limit: 16, .. })));
}

#[test]
fn an_unknown_profile_is_reported_with_the_known_ones() {
    for (asked, expected) in [
        ("tets", "there is no profile `tets`\nhint: pass --profile test"),
        ("something", "there is no profile `something`\nhint: the profiles are: prod, test"),
    ] {
        let error = one("[profiles.test]\n[profiles.prod]\n").profile(Some(asked)).unwrap_err();
        assert_eq!(shown(&error), expected);
    }
    assert_eq!(
        shown(&one("").profile(Some("test")).unwrap_err()),
        "there is no profile `test`\n\
         hint: there are no profiles yet; write one with: maskinporten config init"
    );
}

#[test]
fn a_project_that_decides_where_the_users_key_is_used_is_warned_of() {
    let profiles = both(
        "[profiles.test]\ntoken_endpoint = 'https://elsewhere.example/token'\n",
        "[profiles.test]\nkeystore = 'own.p12'\n[profiles.mine]\nkeystore = 'own.p12'\naudience = 'https://a/'\n",
    );

    let warnings = profiles.profile(Some("test")).unwrap().unwrap().warnings;
    assert_eq!(
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["`token_endpoint` in `/project/maskinporten.toml`, line 2 decides where a grant signed with the key from \
             `/home/ola/config.toml`, line 2 is sent"]
    );
    assert!(profiles.profile(Some("mine")).unwrap().unwrap().warnings.is_empty());
}

#[test]
fn a_plain_password_is_warned_of_in_the_profile_that_is_used_only() {
    let profiles = one("[profiles.a]\n[profiles.base]\nkeystore_password = 'p'\n[profiles.b]\nextends = 'base'\n\
         [profiles.c]\nextends = 'base'\nkeystore_password = ''\n");

    for (name, warned) in [("a", false), ("b", true), ("c", false)] {
        assert_eq!(!profiles.profile(Some(name)).unwrap().unwrap().warnings.is_empty(), warned, "{name}");
    }
    assert_eq!(profiles.warnings(), []);
}
