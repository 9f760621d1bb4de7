//! Options and headers that curl takes from files, stdin and `.curlrc`: they are checked like its arguments.

use std::fs;

use super::{bearer, calling, fine};
use crate::{
    server::{Server, TOKEN, asking, token},
    support::{Maskinporten, testdata},
};

/// The header of `testdata/cases/auth-header.txt`.
const OWN: &str = "Basic bWluZQ==";

/// Runs a call, and returns the Authorization headers that its API receives.
fn authorizations(api: &Server, call: Maskinporten) -> (Vec<String>, String) {
    let outcome = call.run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "ok"), "{}", outcome.stderr);
    let head = api.request().head;
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let own = lines.filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value.to_owned());
    (own.collect(), outcome.stderr)
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn an_authorization_in_a_file_on_stdin_or_in_curlrc_wins_and_is_the_only_one() {
    let header = testdata("cases/auth-header.txt");
    let text = fs::read_to_string(&header).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name).display().to_string();
        fs::write(&path, content).unwrap();
        path
    };
    let quoted = format!("header = \"{}\"\n", text.trim());
    let [plain, short, colon, nested] = [
        ("plain", quoted.clone()),
        ("short", format!("# comment\n-s\n-H \"{}\"\n", text.trim())),
        ("colon", "  user : \"mine:\"\n".to_owned()),
        ("nested", format!("header=@{header}\n")),
    ]
    .map(|(name, content)| file(name, &content));
    let at_header = format!("@{header}");
    for (arguments, stdin, wanted) in [
        (["-H", at_header.as_str()].as_slice(), "", OWN),
        (&["-sH", &at_header], "", OWN),
        (&["-H", "@-"], text.as_str(), OWN),
        (&["-K", "-"], &quoted, OWN),
        (&["-K", &plain], "", OWN),
        (&["-K", &short], "", OWN),
        (&["-K", &colon], "", "Basic bWluZTo="),
        (&["-K", &nested], "", OWN),
    ] {
        let api = Server::start([fine("ok")]);
        let unused = Server::start([]);
        let call = calling(&unused, arguments).args([api.url("/x")]).stdin(stdin);

        let (sent, warnings) = authorizations(&api, call);

        assert_eq!(sent, [wanted], "{arguments:?}");
        assert_eq!(warnings, "warning: curl's arguments set Authorization, so no token is fetched\n", "{arguments:?}");
    }
    let api = Server::start([fine("ok")]);
    let unused = Server::start([]);
    let call = calling(&unused, &[&api.url("/x")]);
    fs::write(call.home().join(".curlrc"), &quoted).unwrap();
    assert_eq!(authorizations(&api, call).0, [OWN]);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn other_headers_in_a_file_or_on_stdin_are_sent_with_the_token() {
    for arguments in [["-H", "@-"], ["-K", "-"]] {
        let api = Server::start([fine("ok")]);
        let tokens = Server::start([token()]);
        let stdin = if arguments[0] == "-K" { "header = \"ApiKey: key\"\n" } else { "ApiKey: key\n" };
        let call = calling(&tokens, &arguments).args([api.url("/x")]).stdin(stdin);

        assert_eq!(authorizations(&api, call), (vec![bearer(TOKEN)], String::new()), "{arguments:?}");
        assert_eq!(api.request().header("apikey"), Some("key"));
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn what_would_disclose_the_token_is_rejected_in_a_config_file_too() {
    for (content, message, hint) in [
        (
            "url = http://api.example/\n",
            "the token would be sent to api.example over plain http, which others can read",
            "write the URL as https://api.example/…",
        ),
        (
            "-L\nlocation-trusted\n",
            "--location-trusted would send the token to any host that a redirect names",
            "use --location, which does not",
        ),
        (
            "--next\n",
            "curl drops the headers after --next, and the token with them",
            "run one command for each request",
        ),
        (
            "config = other\n",
            "a config file of curl names another one, which is not checked",
            "name each file with -K on the command line",
        ),
        (
            "url: https://b.example/\n",
            "the token would be sent to both b.example and a.example",
            "run one command for each host",
        ),
    ] {
        let unused = Server::start([]);
        let curlrc = calling(&unused, &["https://a.example/"]);
        fs::write(curlrc.home().join(".curlrc"), content).unwrap();
        let named = asking("curl", &unused);
        let file = named.home().join("own");
        fs::write(&file, content).unwrap();
        let named = named.args(["--".as_ref(), "-K".as_ref(), file.as_os_str(), "https://a.example/".as_ref()]);

        curlrc.run().fails(125, &format!("error: {message}\nhint: {hint}\n"));
        let outcome = named.run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (125, ""), "{content}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_file_that_can_be_read_only_once_is_rejected() {
    let unused = Server::start([]);
    for arguments in [["-K", "/dev/null"], ["-H", "@/dev/null"]] {
        calling(&unused, &arguments).args(["https://a.example/"]).run().fails(
            125,
            "error: curl's file `/dev/null` can be read only once, so it cannot be checked\n\
             hint: use a file, or - for stdin\n",
        );
    }
}
