//! Files that are written: their contents, and what is never overwritten.

use std::{fs, path::Path};

use super::{KNOWN, shown, user};
use crate::{
    explain::Explain as _,
    profile::{ConfigFile, ConfigFileKind, ProfileDraft, ProfileEdit, Profiles, WriteError, append, create, replace},
};

fn draft() -> ProfileDraft {
    ProfileDraft {
        name: "test".to_owned(),
        extends: None,
        values: vec![
            ("env", vec!["test".to_owned()]),
            ("client-id", vec!["a \"b\" \u{7f}\u{202e}\u{e0041}\n[x]".to_owned()]),
            ("scope", vec!["a".to_owned(), "b".to_owned()]),
            ("no-resource", vec!["true".to_owned()]),
            ("ttl", vec!["60".to_owned()]),
            ("keystore", vec![r"C:\certs\a.p12".to_owned()]),
        ],
        headers: vec![("ApiKey".to_owned(), "k".to_owned())],
        notes: vec!["from config.ps1\n[profiles.evil]\u{202e}".to_owned()],
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_profile_is_written_with_a_comment_for_each_setting() {
    assert_eq!(
        draft().render(KNOWN).unwrap(),
        "[profiles.test]\n\
         # from config.ps1\n\
         # [profiles.evil]\n\
         # The installation of Maskinporten\n\
         env = \"test\"\n\
         # The client id\n\
         client_id = \"a \\\"b\\\" \\u007F\\u202E\\U000E0041\\n[x]\"\n\
         # Scopes\n\
         scope = [\"a\", \"b\"]\n\
         # Leave `resource` out\n\
         no_resource = true\n\
         # The lifetime of the grant\n\
         ttl = 60\n\
         # The PKCS#12 keystore\n\
         keystore = 'C:\\certs\\a.p12'\n\
         \n\
         [profiles.test.headers]\n\
         ApiKey = \"k\"\n"
    );
}

#[test]
fn a_written_profile_reads_back_unchanged() {
    for name in ["test", "my profile", "a.b", "blåbær", "it's \"quoted\"", r"back\slash"] {
        let base = ProfileDraft::new("base");
        let draft = ProfileDraft { name: name.to_owned(), extends: Some("base".to_owned()), ..draft() };

        let text = ProfileDraft::file(&[draft.clone(), base], Some(name), KNOWN).unwrap();

        let profile = Profiles::new(vec![user(&text).unwrap()], KNOWN).profile(None).unwrap().unwrap();
        assert_eq!(profile.name, name);
        for (name, values) in &draft.values {
            assert_eq!(profile.value(name).unwrap().values(), values, "{text}");
        }
        assert_eq!(profile.headers[0].header.name(), "ApiKey");
    }
}

#[test]
fn a_secret_is_never_written() {
    for (name, value) in [
        ("keystore-password", "hunter2"),
        ("jwk", "{\"d\":\"hunter2\"}"),
        ("keystore", "-----BEGIN PRIVATE KEY-----\nhunter2"),
    ] {
        let draft = ProfileDraft { values: vec![(name, vec![value.to_owned()])], ..ProfileDraft::new("test") };

        let error = draft.render(KNOWN).unwrap_err();

        assert_eq!(error.code(), "config_secret");
        assert!(!format!("{} {draft:?}", shown(&error)).contains("hunter2"));
    }
    let unknown = ProfileDraft { values: vec![("frobnicate", vec![])], ..ProfileDraft::new("test") };
    assert!(matches!(unknown.render(KNOWN), Err(WriteError::UnknownSetting(_))));
}

#[test]
fn a_new_file_is_readable_by_its_owner_only_and_never_overwrites() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("new/config.toml");

    create(&path, "# one\n").unwrap();

    #[cfg(unix)]
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let error = create(&path, "# two\n").unwrap_err();
    assert_eq!(
        shown(&error),
        format!("`{}` exists already\nhint: choose another file, or remove this one first", path.display())
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "# one\n");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn appending_a_profile_keeps_the_rest_of_the_file() {
    for (before, line_end) in [
        ("# mine\n[profiles.prod] # here\nenv   =   'prod'", "\n"),
        ("# mine\r\n[profiles.prod]\r\n", "\r\n"),
        ("", "\n"),
        ("\u{feff}# mark\n", "\n"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.toml");
        fs::write(&path, before).unwrap();

        append(&path, &[draft()], ConfigFileKind::User, KNOWN).unwrap();

        let after = fs::read_to_string(&path).unwrap();
        assert!(after.starts_with(before), "{after}");
        assert!(after.contains(&format!("{line_end}[profiles.test]{line_end}")), "{after}");
        assert!(user(&after).unwrap().profiles().any(|(name, _)| name == "test"));
        assert_eq!(after.matches('\n').count(), after.matches(line_end).count());
    }
}

#[cfg(unix)]
#[test]
fn appending_keeps_the_mode_and_follows_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let root = tempfile::tempdir().unwrap();
    let (path, link) = (root.path().join("real.toml"), root.path().join("config.toml"));
    fs::write(&path, "# mine\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    symlink(&path, &link).unwrap();

    append(&link, &[draft()], ConfigFileKind::User, KNOWN).unwrap();

    assert!(link.is_symlink());
    assert_eq!(mode(&path), 0o644);
    assert!(fs::read_to_string(&path).unwrap().contains("[profiles.test]"));
}

#[test]
fn appending_fails_when_the_profile_exists_or_the_file_is_not_valid() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("config.toml");
    for (before, wanted) in [
        ("[profiles.test]\n", format!("the profile `test` exists already: `{}`, line 1", path.display())),
        ("profiles.test.env = 'x'\n", format!("the profile `test` exists already: `{}`, line 1", path.display())),
        ("profiles = { prod = {} }\n", format!("could not add a profile to `{}`", path.display())),
        ("[profiles.prod]\nfrobnicate = 1\n", format!("could not add a profile to `{}`", path.display())),
    ] {
        fs::write(&path, before).unwrap();

        let error = append(&path, &[draft()], ConfigFileKind::User, KNOWN).unwrap_err();

        assert_eq!(error.to_string(), wanted);
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
    }
}

/// Replaces the key of the profile `test` by a JWK, and its key id if it has one.
fn rotate(path: &Path, before: &str) -> Result<String, WriteError> {
    let file = ConfigFile::parse(before, path, ConfigFileKind::User, KNOWN).unwrap();
    let profile = Profiles::new(vec![file], KNOWN).profile(Some("test")).unwrap().unwrap();
    let edit = |setting: &'static str, new_setting: &'static str, value: &str| {
        let location = profile.value(setting)?.location().clone();
        Some(ProfileEdit { location, setting, new_setting, value: value.to_owned() })
    };
    let edits = [edit("keystore", "jwk", "new.json"), edit("jwk", "jwk", "new.json"), edit("kid", "kid", "new")];
    let edits: Vec<ProfileEdit> = edits.into_iter().flatten().collect();
    replace(path, &edits, ConfigFileKind::User, KNOWN)?;
    Ok(fs::read_to_string(path).unwrap())
}

#[test]
fn replacing_a_setting_keeps_the_rest_of_the_file() {
    for (before, after) in [
        (
            "\u{feff}# mine\n[profiles.test] # here\n  jwk   =   'old.json' # key\nenv = \"test\"",
            "\u{feff}# mine\n[profiles.test] # here\n  jwk = \"new.json\" # key\nenv = \"test\"",
        ),
        (
            "[profiles.test]\r\n# The PKCS#12 keystore\r\nkeystore = \"a.p12\"\r\nkid = \"old\"\r\n",
            "[profiles.test]\r\n# A JWK\r\njwk = \"new.json\"\r\nkid = \"new\"\r\n",
        ),
        (
            "[profiles.base]\njwk = \"old\"\n[profiles.test]\nextends = \"base\"\n",
            "[profiles.base]\njwk = \"new.json\"\n[profiles.test]\nextends = \"base\"\n",
        ),
        (
            "profiles.other.jwk = \"o\"\nprofiles.test.jwk = \"old\"\n",
            "profiles.other.jwk = \"o\"\nprofiles.test.jwk = \"new.json\"\n",
        ),
        (
            "profiles = { test = { kid = 'a', jwk = 'b' } }",
            "profiles = { test = { kid = \"new\", jwk = \"new.json\" } }",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.toml");
        fs::write(&path, before).unwrap();

        assert_eq!(rotate(&path, before).unwrap(), after);
    }
}

#[test]
fn a_setting_that_has_moved_or_a_file_that_is_not_valid_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("config.toml");
    let known = "[profiles.test]\njwk = \"old\"\n";
    for (now, wanted) in [
        (
            "# new\n[profiles.test]\njwk = \"old\"\n",
            format!("`jwk` is not there any more: `{}`, line 2", path.display()),
        ),
        ("[profiles.test]\nkeystore = \"old\"\n", format!("`jwk` is not there any more: `{}`, line 2", path.display())),
        ("[profiles.test]\nfrobnicate = 1\n", format!("could not change `{}`", path.display())),
    ] {
        fs::write(&path, now).unwrap();

        assert_eq!(rotate(&path, known).unwrap_err().to_string(), wanted);
        assert_eq!(fs::read_to_string(&path).unwrap(), now);
    }
}
