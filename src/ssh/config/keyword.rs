//! The keywords: what each one means to Edgewise.

/// What is done with a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The first value that applies is taken.
    First,
    /// All values that apply are taken, in order.
    Every,
    /// It has no bearing on what Edgewise does.
    Nothing,
    /// It would change what happens, and is not done: a warning says so.
    Missing,
}

/// Values that are taken, first one wins.
const FIRST: &[&str] = &[
    "addressfamily",
    "canonicalizehostname",
    "proxycommand",
    "hostname",
    "port",
    "user",
    "identitiesonly",
    "identityagent",
    "proxyjump",
    "userknownhostsfile",
    "globalknownhostsfile",
    "stricthostkeychecking",
    "hostkeyalias",
    "connecttimeout",
    "serveraliveinterval",
    "serveralivecountmax",
];

/// Values that are taken, all of them.
const EVERY: &[&str] = &["identityfile", "certificatefile"];

/// Known to OpenSSH, and without any bearing on commands and files over a connection of ours: terminals, forwarding,
/// sharing of connections, how keys are shown or stored, retries.
const NOTHING: &[&str] = &[
    "addkeystoagent",
    "batchmode",
    "checkhostip",
    "clearallforwardings",
    "compression",
    "connectionattempts",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dynamicforward",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "gssapiauthentication",
    "gssapidelegatecredentials",
    "hashknownhosts",
    "hostbasedauthentication",
    "ignoreunknown",
    "ipqos",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "nohostauthenticationforlocalhost",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "permitlocalcommand",
    "permitremoteopen",
    "rekeylimit",
    "remoteforward",
    "requesttty",
    "sendenv",
    "sessiontype",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "syslogfacility",
    "tag",
    "tcpkeepalive",
    "tunnel",
    "tunneldevice",
    "updatehostkeys",
    "visualhostkey",
    "xauthlocation",
];

/// Values of keywords that are missing here which ask for nothing but what is done anyway.
const AS_IT_IS: &[(&str, &str)] = &[
    ("challengeresponseauthentication", "yes"),
    ("hostbasedauthentication", "no"),
    ("kbdinteractiveauthentication", "yes"),
    ("knownhostscommand", "none"),
    ("passwordauthentication", "yes"),
    ("pkcs11provider", "none"),
    ("proxyusefdpass", "no"),
    ("pubkeyauthentication", "yes"),
    ("remotecommand", "none"),
    ("revokedhostkeys", "none"),
    ("verifyhostkeydns", "no"),
];

/// Whether a line with a keyword that is missing asks for what is done anyway.
pub(super) fn is_as_it_is(keyword: &str, arguments: &[String]) -> bool {
    AS_IT_IS.iter().any(|(known, value)| {
        *known == keyword && arguments.iter().all(|given| given.eq_ignore_ascii_case(value))
    })
}

/// What a keyword (lower case) means here. Anything else than the lists know is missing: a later OpenSSH may have it.
pub(super) fn meaning(keyword: &str) -> Meaning {
    if FIRST.contains(&keyword) {
        Meaning::First
    } else if EVERY.contains(&keyword) {
        Meaning::Every
    } else if NOTHING.contains(&keyword) {
        Meaning::Nothing
    } else {
        Meaning::Missing
    }
}
