//! The values that the sanitizer gives to words, against those that a real bash gives to the same words.
//!
//! The words are made here, of harmless letters; no line of a corpus is run. The only command in them is `show`, a function
//! of this test. bash runs with an empty environment and nothing on its PATH, in an empty folder, as nobody in a PID
//! namespace of its own where the machine allows that, and with limits on processes, memory and time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use edgewise::domain::sanitize::{Reached, Sanitizer, Surroundings};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

const CASES: usize = 4_000;

/// What every case finds.
const BEFORE: &str =
    "x=abcabc; y='one two  three'; z=/opt/app/a.tar.gz; e=; n=3; m=B-b; w=x; unset u; a=(p 'q r' s t.x)";

fn any_of(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(texts).prop_map(str::to_owned).boxed()
}

/// The name of a variable, with `u` unset and `e` empty.
fn name() -> BoxedStrategy<String> {
    any_of(&["x", "y", "z", "e", "n", "m", "u", "a[1]", "a[-1]", "a[n]"])
}

/// One that has a value for certain.
fn set() -> BoxedStrategy<String> {
    any_of(&["z", "m", "w", "e", "n"])
}

fn pattern() -> BoxedStrategy<String> {
    any_of(&[
        "a", "*b", "b*", "?", "[ab]", "[!a]*", "*/", "/*", "*.*", "a?c", "'*'", "\"$x\"", "[a-c]c", "*",
    ])
}

/// A part of a word that is not quoted by what stands around it.
fn expansion() -> BoxedStrategy<String> {
    // Names stand in braces: bash expands `$x{a,b}` to `$xa $xb`, names of other variables, and our words do not.
    let simple = prop_oneof![
        name().prop_map(|name| format!("${{{name}}}")),
        any_of(&[
            "${#}", "${1}", "${2}", "${#x}", "${#y}", "${#a[@]}", "${#a[1]}", "${!w}"
        ]),
    ];
    // Left out, for our words differ: `-` on an element of an array that is not there; quotes in such a word outside of quotes, where a blank in them is split at;
    // and `+` on what is unset, of which we hold that the host may set it.
    let default = (
        any_of(&["x", "y", "z", "e", "n", "m", "u"]),
        any_of(&[":-", "-"]),
        any_of(&["d", "$x", "${e:-f}", "", "\"$n\""]),
    );
    let instead = (set(), any_of(&[":+", "+"]), any_of(&["d", "$x", "${e:-f}", ""]));
    let default = prop_oneof![default, instead]
        .prop_map(|(name, operator, word)| format!("${{{name}{operator}{word}}}"));
    let cut = (name(), any_of(&["#", "##", "%", "%%"]), pattern())
        .prop_map(|(name, operator, pattern)| format!("${{{name}{operator}{pattern}}}"));
    // Left out: what is empty or unset, where a pattern may match nothing, and quotes in what is put instead.
    let replaced = (
        set(),
        any_of(&["/", "//", "/#", "/%"]),
        pattern(),
        any_of(&["", "/", "/Q", "/$n"]),
    )
        .prop_map(|(name, operator, pattern, by)| {
            format!("${{{name}{operator}{}{by}}}", pattern.replace('/', "\\/"))
        });
    let case = (name(), any_of(&["^", "^^", ",", ",,"]))
        .prop_map(|(name, operator)| format!("${{{name}{operator}}}"));
    let slice = (
        any_of(&["x", "y", "z", "e", "m"]),
        any_of(&[
            ":0", ":2", ": -2", ":1:2", ":n", ":0:-1", ": -3:2", ":9", ":(1+1):1",
        ]),
    )
        .prop_map(|(name, slice)| format!("${{{name}{slice}}}"));
    prop_oneof![simple, default, cut, replaced, case, slice, arithmetic()].boxed()
}

fn arithmetic() -> BoxedStrategy<String> {
    let number = any_of(&["1", "2", "7", "0x1f", "010", "n", "$n", "(2+3)", "${#x}"]);
    let operator = any_of(&[
        "+", "-", "*", "/", "%", "<<", "|", "&", "^", "<", "==", "&&", "||", "**",
    ]);
    (number.clone(), operator, number)
        .prop_map(|(left, operator, right)| format!("$(({left} {operator} {right}))"))
        .boxed()
}

fn quoted() -> BoxedStrategy<String> {
    let lists = any_of(&[
        "$@",
        "$*",
        "${a[@]}",
        "${a[*]}",
        "${a[@]:1:2}",
        "${@:2}",
        "${a[@]#?}",
        "${a[@]^^}",
        "${!a[@]}",
    ]);
    let inside = prop_oneof![
        3 => expansion(),
        2 => "[a-c *?{},.']{0,4}",
        1 => any_of(&["$x", "$z", "$e", "$n", "$#", "$1", "\\$", "\\\"", "\\\\", "\\a", "\\`"]),
        1 => lists,
    ];
    prop_oneof![
        prop::collection::vec(inside, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat())),
        "[a-c \"*?$`\\\\{}]{0,5}".prop_map(|text| format!("'{text}'")),
        prop::collection::vec(
            any_of(&[
                "a", " ", "\\n", "\\t", "\\x41", "\\102", "\\'", "\\\\", "\\u0043", "\\e", "\\\"", "*", "\\z"
            ]),
            0..5
        )
        .prop_map(|parts| format!("$'{}'", parts.concat())),
    ]
    .boxed()
}

fn braces() -> BoxedStrategy<String> {
    prop_oneof![
        any_of(&[
            "{a,b}",
            "{1..3}",
            "{c..a}",
            "{1..9..3}",
            "{01..03}",
            "{a,b{c,d}}",
            "{,x}",
            "{a}",
            "{}",
            "{a,'b c'}",
            "{a,${x}}",
            "\\{a,b}",
            "{3..1}",
            "{a..c}{1,2}",
            "{-1..1}",
            "{a,b",
            "a,b}",
        ]),
        (expansion(), expansion()).prop_map(|(one, two)| format!("{{{one},{two}}}")),
    ]
    .boxed()
}

/// Left out: a `$` alone, after which bash does not split what stands before it.
fn word() -> BoxedStrategy<String> {
    let part = prop_oneof![
        3 => "[a-c0-9./=:-]{1,4}",
        4 => expansion(),
        4 => quoted(),
        2 => braces(),
        1 => any_of(&["\\ ", "\\*", "\\\\", "\\'", "*", "?", "[ab]", "\\\n"]),
        1 => any_of(&["${@}", "${*}", "${y}", "${a[@]}", "${a[*]}", "${a[@]:1}", "${!a[@]}", "$(show2)", "`show2`"]),
    ];
    prop::collection::vec(part, 1..4)
        .prop_map(|parts| parts.concat())
        .boxed()
}

/// The same without what may be no word, one or several for all we know: we hold it for one where words are counted.
fn sure() -> BoxedStrategy<String> {
    let known = |word: String| {
        let word = word.replace("$(show2)", "${x}").replace("`show2`", "${x}");
        word.replace("${u", "${m").replace("${!u", "${!w")
    };
    word().prop_map(known).boxed()
}

/// A whole case: something that sets, and words that show it.
fn case() -> BoxedStrategy<String> {
    let sets = prop_oneof![
        4 => Just(String::new()),
        2 => prop::collection::vec(sure(), 1..3).prop_map(|words| format!("set -- {}\n", words.join(" "))),
        // Left out: `%c` of nothing, and `%q`, which quotes in another way.
        1 => (any_of(&["%s-%s", "%s", "%b", "%%%s", "%s\\n%s", "%5s|%s", "%-4s|", "%03d%s", "%d:%s"]), word())
            .prop_map(|(format, word)| format!("printf -v x '{format}' 7 {word}\n")),
        1 => (any_of(&[":", ",", " ", ": ", "", "b"]), any_of(&["a:b::c", "a, b,c", " a b ", ":a:", "abc"]))
            .prop_map(|(ifs, value)| format!("IFS='{ifs}'; y='{value}'; x=$y\n")),
        1 => word().prop_map(|word| format!("x={word}\n")),
        1 => word().prop_map(|word| format!("x+={word}; n+=1\n")),
        // Left out: a list of one, of which we cut the text and not the list.
        1 => prop::collection::vec(sure(), 1..3).prop_map(|words| format!("a=(v0 {} v)\n", words.join(" "))),
        1 => sure().prop_map(|word| format!("a+=({word} z); a[1]=k\n")),
        // Left out: `read` without `-r` where a backslash stands before a separator.
        1 => any_of(&["((n += 2))\n", "((n++))\n", "let n-=1\n", "read x y <<< 'l\\\\m n'\n", "read -r x y <<< 'l m n'\n", "read x y <<< 'l m n'\n", "IFS=: read -r x y z <<< 'l:m:n:o'\n", "read -ra a <<< 'l m n'\n"]),
        1 => any_of(&["shift\n", "shift 2\n", "let n=n*2\n", "declare -A a=([1]=one)\n", "f() { x=$1; }; f in\n", ": ${u:=new} ${e:=full}\n"]),
    ];
    (sets, prop::collection::vec(word(), 1..3))
        .prop_map(|(sets, words)| format!("set -- one 'two words' three\n{sets}show {}\n", words.join(" ")))
        .boxed()
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// bash without anything to reach.
fn bash() -> Command {
    let limits =
        "ulimit -u 512; ulimit -t 60; ulimit -v 1000000; exec env -i PATH= /bin/bash --norc --noprofile -s";
    let nobody = [
        "unshare",
        "--pid",
        "--fork",
        "--kill-child",
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--no-new-privs",
    ];
    let own = ["unshare", "--user", "--pid", "--fork", "--kill-child"];
    let works = |words: &[&str]| {
        let probe = Command::new(words[0])
            .args(&words[1..])
            .args(["sh", "-c", "exit 0"])
            .stderr(Stdio::null())
            .status();
        probe.is_ok_and(|status| status.success())
    };
    let before: &[&str] = [&nobody[..], &own[..]]
        .into_iter()
        .find(|words| works(words))
        .unwrap_or_else(|| {
            eprintln!("no namespace of processes here: bash runs as the caller, with its limits and without a PATH alone");
            &["env"]
        });
    let mut command = Command::new(before[0]);
    command.args(&before[1..]).args(["bash", "-c", limits]);
    command
}

/// The words that bash makes of each case, where it shows any.
fn shown(cases: &[String]) -> BTreeMap<usize, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let mut script =
        String::from("show() { printf '%s\\0' \"$at\" \"$#\" \"$@\"; exit; }; show2() { printf 'k l'; }\n");
    for (at, case) in cases.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = writeln!(
            script,
            "(at={at}; eval {}) </dev/null 2>/dev/null",
            quote(&format!("{BEFORE}\n{case}"))
        );
    }
    let mut child = bash()
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let mut words = output
        .stdout
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let mut out = BTreeMap::new();
    while let (Some(at), Some(count)) = (words.next(), words.next()) {
        let count = count.parse().unwrap();
        out.insert(at.parse().unwrap(), words.by_ref().take(count).collect());
    }
    out
}

fn is_same(reached: &Reached, real: &[String]) -> bool {
    reached.arguments.len() == real.len()
        && reached
            .arguments
            .iter()
            .zip(real)
            .all(|(word, real)| word.could_be(real))
}

#[test]
fn words_are_what_a_real_bash_makes_of_them() {
    let mut runner = TestRunner::deterministic();
    let cases: Vec<String> = (0..CASES)
        .map(|_| case().new_tree(&mut runner).unwrap().current())
        .collect();
    let real = shown(&cases);
    let sanitizer = Sanitizer::default();
    let (mut same, mut unknown) = (0, 0);
    let mut wrong = Vec::new();
    for (at, words) in &real {
        // The function stands for a program whose output is not known.
        let reached = sanitizer.follow(&format!("{BEFORE}\n{}", cases[*at]), &Surroundings::default());
        let ours: Vec<&Reached> = reached.iter().filter(|one| one.program == "show").collect();
        if ours.iter().any(|one| is_same(one, words)) {
            same += 1;
        } else if ours.iter().any(|one| {
            !one.arguments
                .iter()
                .all(edgewise::domain::sanitize::Word::is_known)
        }) {
            unknown += 1;
        } else {
            let told: Vec<Vec<String>> = ours
                .iter()
                .map(|one| one.arguments.iter().map(ToString::to_string).collect())
                .collect();
            wrong.push(format!("{:?}\n  bash {words:?}\n  ours {told:?}", cases[*at]));
        }
    }
    println!(
        "{} cases, {} shown by bash, {same} the same, {unknown} not known to us, {} wrong",
        cases.len(),
        real.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(
        real.len() * 10 >= cases.len() * 7,
        "bash shows {} of {}",
        real.len(),
        cases.len()
    );
    assert!(same * 10 >= real.len() * 8, "{same} the same of {}", real.len());
}
