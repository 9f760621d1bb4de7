//! Which of curl's options take a value: without that nobody can tell a URL from an option's value.
//!
//! The names are those of curl 8.17 (`src/tool_getparam.c`) with those that left since 7.58; a test holds them against the
//! curl that is installed. An option that is not here is looked up in that curl's own `--help all`.

use std::collections::BTreeMap;

/// Options that take a value; a letter in front of the comma is the short form.
const VALUED: &str = "
    abstract-unix-socket alt-svc aws-sigv4 cacert capath E,cert cert-type ciphers K,config connect-timeout connect-to
    C,continue-at b,cookie c,cookie-jar create-file-mode crlfile curves d,data data-ascii data-binary data-raw
    data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url D,dump-header ech egd-file
    engine etag-compare etag-save expect100-timeout F,form form-string ftp-account ftp-alternative-to-user ftp-method
    P,ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip H,header h,help hostpubmd5 hostpubsha256
    hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type knownhosts krb krb4 libcurl
    limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs m,max-time netrc-file
    noproxy oauth2-bearer o,output output-dir parallel-max parallel-max-host pass pinnedpubkey preproxy proto
    proto-default proto-redir x,proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile
    proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers
    proxy-tlsauthtype proxy-tlspassword proxy-tlsuser U,proxy-user proxy1.0 pubkey Q,quote random-file r,range rate
    e,referer X,request request-target resolve retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4
    socks4a socks5 socks5-gssapi-service socks5-hostname Y,speed-limit y,speed-time ssl-sessions stderr t,telnet-option
    tftp-blksize z,time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config
    unix-socket T,upload-file upload-flags url url-query u,user A,user-agent variable vlan-priority w,write-out";

/// Options that take none.
const FLAGS: &str = "
    alpn anyauth a,append basic N,buffer ca-native cert-status clobber compressed compressed-ssh create-dirs crlf digest
    q,disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure dump-ca-embed eprt epsv
    f,fail fail-early fail-with-body false-start follow form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip
    ftp-ssl ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd G,get g,globoff haproxy-protocol I,head http0.9 0,http1.0 http1.1
    http2 http2-prior-knowledge http3 http3-only ignore-content-length include k,insecure 4,ipv4 6,ipv6
    j,junk-session-cookies keepalive l,list-only L,location location-trusted mail-rcpt-allowfails M,manual metalink mptcp
    negotiate n,netrc netrc-optional :,next npn ntlm ntlm-wb out-null Z,parallel parallel-immediate path-as-is post301
    post302 post303 #,progress-bar progress-meter proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2
    proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 p,proxytunnel
    raw J,remote-header-name O,remote-name remote-name-all R,remote-time remove-on-error retry-all-errors
    retry-connrefused sasl-ir sessionid S,show-error i,show-headers s,silent skip-existing socks5-basic socks5-gssapi
    socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort 2,sslv2
    3,sslv3 styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tls-earlydata 1,tlsv1 tlsv1.0
    tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time B,use-ascii v,verbose V,version xattr";

/// curl's options.
pub(super) struct Options {
    takes_value: BTreeMap<String, bool>,
    letters: BTreeMap<char, String>,
}

impl Options {
    /// Those that are known here.
    pub(super) fn known() -> Self {
        let mut options = Self { takes_value: BTreeMap::new(), letters: BTreeMap::new() };
        for (words, takes_value) in [(VALUED, true), (FLAGS, false)] {
            for word in words.split_whitespace() {
                let (letter, name) = word.split_once(',').map_or((None, word), |(letter, name)| (Some(letter), name));
                options.add(letter.and_then(|letter| letter.chars().next()), name, takes_value);
            }
        }
        options
    }

    /// Adds what `curl --help all` lists: ` -H, --header <header> …`, a line each.
    pub(super) fn learn(&mut self, help: &str) {
        for (letter, name, takes_value) in listed(help) {
            self.add(letter, name, takes_value);
        }
    }

    fn add(&mut self, letter: Option<char>, name: &str, takes_value: bool) {
        self.takes_value.insert(name.to_owned(), takes_value);
        if let Some(letter) = letter {
            self.letters.insert(letter, name.to_owned());
        }
    }

    /// Whether the option takes a value; `None` when it is not known. Any that takes none may be negated, and since curl
    /// 8.3 any that takes one may be expanded.
    pub(super) fn takes_value(&self, name: &str) -> Option<bool> {
        let known = |name: &str| self.takes_value.get(name).copied();
        let negated = || name.strip_prefix("no-").and_then(known).filter(|takes_value| !takes_value);
        let expanded = || name.strip_prefix("expand-").and_then(known).filter(|takes_value| *takes_value);
        known(name).or_else(negated).or_else(expanded)
    }

    /// The long name of a letter.
    pub(super) fn of_letter(&self, letter: char) -> Option<&str> {
        self.letters.get(&letter).map(String::as_str)
    }

    /// An option that this is the beginning of: older curls take it for that.
    pub(super) fn begun_by(&self, beginning: &str) -> Option<&str> {
        let mut after = self.takes_value.range(beginning.to_owned()..);
        after.next().map(|(name, _)| name.as_str()).filter(|name| name.starts_with(beginning))
    }
}

fn listed(help: &str) -> impl Iterator<Item = (Option<char>, &str, bool)> {
    help.lines().filter_map(|line| {
        let (before, after) = line.split_once("--")?;
        let (name, rest) = after.split_once(' ').unwrap_or((after, ""));
        let letter = before.trim_start().strip_prefix('-').and_then(|letter| letter.chars().next());
        before.chars().all(|other| " -,".contains(other) || Some(other) == letter).then_some(())?;
        Some((letter, name, rest.starts_with(['<', '['])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
    #[test]
    fn the_curl_that_is_installed_has_no_option_that_is_not_known_as_it_is() {
        let help = std::process::Command::new("curl").args(["-q", "--help", "all"]).output().unwrap().stdout;
        let help = String::from_utf8(help).unwrap();
        let known = Options::known();

        let mut count = 0;
        for (letter, name, takes_value) in listed(&help) {
            assert_eq!(known.takes_value(name), Some(takes_value), "{name}");
            if let Some(letter) = letter {
                let long = known.of_letter(letter).unwrap();
                let again = [("i", "show-headers"), ("include", "show-headers"), ("no-buffer", "buffer")];
                assert!(long == name || again.contains(&(name, long)), "{letter} is {name}, not {long}");
            }
            count += 1;
        }
        assert!(count > 240, "{count}");
    }

    #[test]
    fn a_newer_curls_options_are_learnt_from_its_help() {
        let mut options = Options::known();

        options.learn(
            "Usage: curl [options...] <url>\n -@, --brand-new <a value>  Not -- there yet\n     --brave      No\n",
        );

        assert_eq!(options.takes_value("brand-new"), Some(true));
        assert_eq!(options.takes_value("no-brave"), Some(false));
        assert_eq!(options.of_letter('@'), Some("brand-new"));
        assert_eq!(options.takes_value("there"), None);
        assert_eq!(options.begun_by("location-t"), Some("location-trusted"));
    }
}
