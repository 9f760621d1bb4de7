//! Who may use a file on Windows: its security descriptor in text form, the Security Descriptor Definition Language (SDDL,
//! [MS-DTYP] §2.5.1).

/// What gives others access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// They own the file.
    Owner,
    /// The access list.
    List,
}

/// Those who can use every file anyway, and the owner: the system, administrators and the installer of Windows.
const TRUSTED: [&str; 12] = [
    "SY",
    "S-1-5-18",
    "BA",
    "S-1-5-32-544",
    "LA",
    "DA",
    "EA",
    "CO",
    "S-1-3-0",
    "OW",
    "S-1-3-4",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// The bits of access rights by their codes.
const RIGHTS: [(&str, u32); 21] = [
    ("GA", 0x1000_0000),
    ("GR", 0x8000_0000),
    ("GW", 0x4000_0000),
    ("GX", 0x2000_0000),
    ("FA", 0x001f_01ff),
    ("FR", 0x0012_0089),
    ("FW", 0x0012_0116),
    ("FX", 0x0012_00a0),
    ("RC", 0x0002_0000),
    ("SD", 0x0001_0000),
    ("WD", 0x0004_0000),
    ("WO", 0x0008_0000),
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
];

/// The rights to change a file: all of it, its content, attributes, owner or access list, or to delete it.
pub(super) const CHANGE: u32 = 0x500d_0156;

/// The rights to read or change a file.
pub(super) const USE: u32 = CHANGE | 0x8000_0001;

/// Checks that no one but `user` and those who can use every file has one of the `forbidden` rights.
///
/// The descriptor has the owner and the access list. What denies access is not counted.
///
/// # Errors
/// [`Problem`].
pub(super) fn check(descriptor: &str, user: &str, forbidden: u32) -> Result<(), Problem> {
    let is_trusted = |who: &str| who == user || TRUSTED.contains(&who);
    let (owner, list) = descriptor.split_once("D:").unwrap_or((descriptor, "NO_ACCESS_CONTROL"));
    if !owner.strip_prefix("O:").is_some_and(is_trusted) {
        return Err(Problem::Owner);
    }
    // A condition follows in parentheses of its own, and has no such fields.
    let mut entries = list.split(['(', ')']).map(|entry| entry.split(';').collect::<Vec<_>>());
    let gives_others = entries.any(|fields| match fields.as_slice() {
        ["A" | "XA" | "OA", flags, rights, _, _, who, ..] => {
            let is_inherited_only = flags.as_bytes().chunks(2).any(|flag| flag == b"IO");
            !is_inherited_only && !is_trusted(who) && bits(rights) & forbidden != 0
        }
        _ => false,
    });
    // Without a list, everyone may do everything.
    if gives_others || list.starts_with("NO_ACCESS_CONTROL") { Err(Problem::List) } else { Ok(()) }
}

/// Returns the bits of rights: a number, or codes of two letters. What is unknown counts as everything.
fn bits(rights: &str) -> u32 {
    if let Some(number) = rights.strip_prefix("0x") {
        return u32::from_str_radix(number, 16).unwrap_or(u32::MAX);
    }
    rights.as_bytes().chunks(2).fold(0, |bits, code| {
        let known = RIGHTS.iter().find(|(own, _)| own.as_bytes() == code);
        bits | known.map_or(u32::MAX, |(_, right)| *right)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "S-1-5-21-1-2-3-1001";

    #[test]
    fn a_file_of_the_users_own_folder_passes() {
        for descriptor in [
            // What a file in a profile inherits.
            "O:S-1-5-21-1-2-3-1001D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;S-1-5-21-1-2-3-1001)",
            "O:BAD:PAI(A;;FA;;;S-1-5-21-1-2-3-1001)(D;;FA;;;WD)",
            "O:SYD:(A;;0x1f01ff;;;CO)(A;OICIIO;FA;;;WD)",
        ] {
            assert_eq!(check(descriptor, USER, USE), Ok(()), "{descriptor}");
        }
    }

    #[test]
    fn what_others_may_read_can_be_read_and_what_they_may_write_can_be_changed() {
        let of = |entry: &str| format!("O:{USER}D:AI(A;ID;FA;;;SY){entry}");
        // The rights, whether others can read, and whether they can change it.
        for (entry, is_read, is_changed) in [
            ("(A;ID;FR;;;WD)", true, false),
            ("(A;ID;0x1200a9;;;BU)", true, false),
            // Folders in the root of a drive give this to everyone who has logged in.
            ("(A;ID;0x1301bf;;;AU)", true, true),
            ("(A;;FA;;;S-1-5-21-1-2-3-1002)", true, true),
            ("(A;;GA;;;IU)", true, true),
            ("(A;;SD;;;BU)", true, true),
            ("(A;;WD;;;BU)", true, true),
            ("(A;;RCLO;;;WD)", false, false),
            ("(A;;??;;;WD)", true, true),
            ("(XA;;FW;;;WD;(@User.Title==\"PM\"))", true, true),
        ] {
            assert_eq!(check(&of(entry), USER, USE).is_err(), is_read, "{entry}");
            assert_eq!(check(&of(entry), USER, CHANGE).is_err(), is_changed, "{entry}");
        }
    }

    #[test]
    fn another_owner_and_a_missing_list_are_problems() {
        let list = "D:(A;;FA;;;SY)";
        for (descriptor, problem) in [
            (format!("O:S-1-5-21-1-2-3-1002{list}"), Problem::Owner),
            (list.to_owned(), Problem::Owner),
            (String::new(), Problem::Owner),
            (format!("O:{USER}"), Problem::List),
            (format!("O:{USER}D:NO_ACCESS_CONTROL"), Problem::List),
        ] {
            assert_eq!(check(&descriptor, USER, CHANGE), Err(problem), "{descriptor}");
        }
    }
}
