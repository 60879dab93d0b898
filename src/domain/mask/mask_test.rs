#![expect(clippy::format_collect, reason = "short texts of tests")]

use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;

use super::{MASK, Masker, StreamMasker};

fn percent(text: &str, keep: impl Fn(u8) -> bool, lower: bool) -> String {
    text.bytes()
        .map(|byte| match (keep(byte), lower) {
            (true, _) => char::from(byte).to_string(),
            (false, true) => format!("%{byte:02x}"),
            (false, false) => format!("%{byte:02X}"),
        })
        .collect()
}

/// In a shell's `$'...'`, as `printf %q` has it.
fn ansi(text: &str, keep: impl Fn(u8) -> bool, escape: impl Fn(u8) -> String) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'\'' | b'\\' => format!("\\{}", char::from(byte)),
            _ if keep(byte) => char::from(byte).to_string(),
            _ => escape(byte),
        })
        .collect()
}

/// What is written in base64 or hexadecimal, as it is written in a URL, in JSON and in a shell's `$'...'`.
fn around(packed: &str) -> [String; 4] {
    [
        percent(
            packed,
            |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte),
            false,
        ),
        percent(packed, |byte| byte.is_ascii_alphanumeric(), true),
        packed.replace('/', "\\/"),
        ansi(
            packed,
            |byte| byte.is_ascii_alphanumeric(),
            |byte| format!("\\x{byte:02x}"),
        ),
    ]
}

/// Something that takes a text and writes it otherwise.
type Way = fn(&str) -> String;

/// The ways of writing of which any two are put around a secret.
const WAYS: [(&str, Way); 8] = [
    ("base64", |text| BASE64.encode(text.as_bytes())),
    ("base64 for URLs", |text| BASE64URL_NOPAD.encode(text.as_bytes())),
    ("hexadecimal", |text| HEXLOWER.encode(text.as_bytes())),
    ("URL", |text| {
        percent(
            text,
            |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte),
            false,
        )
    }),
    ("form", |text| {
        percent(
            text,
            |byte| byte.is_ascii_alphanumeric() || b"-_.~ ".contains(&byte),
            false,
        )
        .replace(' ', "+")
    }),
    ("JSON", |text| {
        let json = serde_json::to_string(text).unwrap();
        json[1..json.len() - 1].to_owned()
    }),
    ("single quotes", |text| text.replace('\'', r"'\''")),
    ("quotes in quotes", |text| text.replace('\'', r#"'"'"'"#)),
];

/// How many of what [`written`] gives are no base64 and have nothing around them.
const PLAIN: usize = 15;

/// A secret as programs write it, with something around it where that matters.
fn written(secret: &str) -> Vec<String> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let json = serde_json::to_string(secret).unwrap();
    let mut all = vec![
        secret.to_owned(),
        HEXLOWER.encode(secret.as_bytes()),
        HEXUPPER.encode(secret.as_bytes()),
        percent(secret, unreserved, false),
        percent(secret, unreserved, true),
        // As a browser leaves a path, and a form.
        percent(
            secret,
            |byte| unreserved(byte) || b"/:@!$&'()*,;=".contains(&byte),
            false,
        ),
        percent(secret, |byte| unreserved(byte) || byte == b' ', false).replace(' ', "+"),
        json[1..json.len() - 1].to_owned(),
        secret
            .chars()
            .map(|c| {
                let mut units = [0; 2];
                c.encode_utf16(&mut units)
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}"))
                    .collect::<String>()
            })
            .collect(),
        secret.replace('\'', r"'\''"),
        secret.replace('\'', r#"'"'"'"#),
        secret
            .chars()
            .map(|c| {
                if c.is_ascii_punctuation() || c == ' ' {
                    format!("\\{c}")
                } else {
                    c.to_string()
                }
            })
            .collect(),
        ansi(
            secret,
            |byte| (b' '..0x7F).contains(&byte),
            |byte| format!("\\{byte:03o}"),
        ),
        ansi(
            secret,
            |byte| (b' '..0x7F).contains(&byte),
            |byte| format!("\\x{byte:02x}"),
        ),
        ansi(secret, |_| false, |byte| format!("\\x{byte:02X}")),
    ];
    assert_eq!(all.len(), PLAIN);
    all.extend(around(&HEXLOWER.encode(secret.as_bytes())));
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "x", "xy"] {
            let whole = format!("{before}{secret}{after}");
            for packed in [
                BASE64.encode(whole.as_bytes()),
                BASE64URL_NOPAD.encode(whole.as_bytes()),
            ] {
                if after.is_empty() {
                    all.extend(around(&packed));
                }
                all.push(packed);
            }
        }
    }
    all
}

/// Whether a secret can be read in what was given out, in any of its forms.
fn leaks(out: &str, secret: &str) -> bool {
    let bytes = secret.as_bytes();
    let core = |before: usize, encoded: &dyn Fn(&[u8]) -> String| {
        let mut whole = vec![0; before];
        whole.extend_from_slice(bytes);
        encoded(&whole)[(before * 8).div_ceil(6)..whole.len() * 8 / 6].to_owned()
    };
    let whole = written(secret);
    let reads = |packed: String| {
        let around = around(&packed);
        out.contains(&packed) || around.iter().any(|form| out.contains(form.as_str()))
    };
    whole[..PLAIN].iter().any(|form| out.contains(form.as_str()))
        || (0..3).any(|before| {
            reads(core(before, &|bytes| BASE64.encode(bytes)))
                || reads(core(before, &|bytes| BASE64URL_NOPAD.encode(bytes)))
        })
}

/// Puts pieces through a stream's masker; line ends are put back where they were.
fn streamed(masker: &Masker, pieces: &[&str]) -> String {
    let mut stream = StreamMasker::new(Arc::new(masker.clone()));
    let mut given = Vec::new();
    for piece in pieces {
        given.extend(stream.push(piece.ends_with('\n'), piece));
    }
    given.extend(stream.finish());
    assert_eq!(given.len(), pieces.len(), "each piece comes out once");
    given
        .into_iter()
        .map(|(ended, text)| format!("{text}{}", if ended { "\n" } else { "" }))
        .collect()
}

/// Cuts a text at some of its characters.
fn pieces<'a>(text: &'a str, cuts: &[usize]) -> Vec<&'a str> {
    let mut ends: Vec<usize> = cuts
        .iter()
        .map(|cut| cut % (text.len() + 1))
        .filter(|cut| text.is_char_boundary(*cut))
        .collect();
    ends.extend([0, text.len()]);
    ends.sort_unstable();
    ends.dedup();
    ends.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_never_leaks_however_it_is_written_and_cut(
        secret in "[ -~]{5,24}|\\PC{5,12}|[a-z]{3}\n[a-z']{5,9}",
        before in "[ -~]{0,9}",
        after in "[ -~]{0,9}",
        cuts in prop::collection::vec(0_usize..400, 0..9),
    ) {
        prop_assume!(secret.trim() == secret);
        let masker = Masker::new([secret.as_str()]);
        for form in written(&secret) {
            // Beside a backslash or a percent sign the form would be another one.
            let text = format!("{before} {form} {after}");
            let hidden = masker.mask(&text);
            prop_assert!(!leaks(hidden.as_str(), &secret), "{text:?} -> {hidden:?}");
            prop_assert!(hidden.as_str().contains(MASK), "{text:?} -> {hidden:?}");
            let out = streamed(&masker, &pieces(&text, &cuts));
            // A mask for each piece that had a part of it.
            prop_assert!(!leaks(&out, &secret) && !leaks(&out.replace(MASK, ""), &secret), "{text:?} {cuts:?} -> {out:?}");
        }
    }

    #[test]
    fn a_secret_never_leaks_that_is_encoded_twice_in_any_two_ways(
        secret in "[ -~]{5,24}|\\PC{5,12}",
        cuts in prop::collection::vec(0_usize..400, 0..9),
    ) {
        prop_assume!(secret.trim() == secret);
        let masker = Masker::new([secret.as_str()]);
        for ((inner_way, inner), (outer_way, outer)) in WAYS.iter().flat_map(|inner| WAYS.map(|outer| (*inner, outer))) {
            for before in ["", "a", "ab"] {
                let form = outer(&format!("{before}{}", inner(&format!("{before}{secret}"))));
                let text = format!("see {form} here");
                let hidden = masker.mask(&text);
                let what = format!("{inner_way} in {outer_way}: {text:?} -> {hidden:?}");
                prop_assert!(hidden.as_str().contains(MASK), "{what}");
                // The first and the last characters of base64 hold bits of what is around it as well.
                let out = streamed(&masker, &pieces(&text, &cuts));
                for shown in [hidden.as_str(), out.as_str()] {
                    let rest = shown.replace(MASK, "").chars().count();
                    prop_assert!(rest <= "see  here".len() + 4 * 8 + before.len() * 12, "{what} {cuts:?} -> {out:?}");
                }
            }
        }
    }

    #[test]
    fn of_secrets_that_overlap_nothing_is_left(
        secrets in prop::collection::vec("[ab]{4,9}", 1..5),
        text in "[ab]{0,60}",
        cuts in prop::collection::vec(0_usize..60, 0..9),
    ) {
        let masker = Masker::new(secrets.iter().map(String::as_str));
        let out = streamed(&masker, &pieces(&text, &cuts));
        for part in out.split(MASK) {
            for secret in &secrets {
                prop_assert!(!part.contains(secret.as_str()), "{text} -> {out}");
            }
        }
        // What is left is what no secret covers.
        let mut covered = vec![false; text.len()];
        for secret in &secrets {
            for at in 0..text.len() {
                if text[at..].starts_with(secret.as_str()) {
                    covered[at..at + secret.len()].fill(true);
                }
            }
        }
        let bare: String = text.char_indices().filter(|(at, _)| !covered[*at]).map(|(_, c)| c).collect();
        prop_assert_eq!(out.replace(MASK, ""), bare);
    }

    #[test]
    fn nothing_else_is_changed(
        secrets in prop::collection::vec("[X-Z]{4,9}", 0..4),
        text in "([a-w0-5+/%\\\\' \"=\n]|\\PC){0,120}",
        cuts in prop::collection::vec(0_usize..300, 0..20),
    ) {
        prop_assume!(secrets.iter().all(|secret| !leaks(&text, secret)));
        let masker = Masker::new(secrets.iter().map(String::as_str));
        let hidden = masker.mask(&text);
        prop_assume!(!text.contains(['X', 'Y', 'Z', 'W', '5', '6']));
        prop_assert_eq!(hidden.as_str(), text.as_str());
        prop_assert_eq!(streamed(&masker, &pieces(&text, &cuts)), text);
    }

    #[test]
    fn little_is_held_back(
        secret in "[ab]{4,12}\n[ab]{4,12}",
        lines in prop::collection::vec("[ab]{0,12}\n", 1..60),
    ) {
        let masker = Arc::new(Masker::new([secret.as_str()]));
        let mut stream = StreamMasker::new(masker);
        let (mut pushed, mut given) = (0, 0);
        for line in &lines {
            pushed += line.len();
            given += stream.push(line.len(), line).iter().map(|(length, _)| *length).sum::<usize>();
            prop_assert!(pushed - given <= secret.len() * 6 + line.len() + 13, "{} held", pushed - given);
        }
    }
}

#[test]
fn a_line_that_begins_no_secret_is_given_out_at_once() {
    let masker = Arc::new(Masker::new(["first line\nsecond line", "hunter22"]));
    let mut stream = StreamMasker::new(masker);
    assert_eq!(stream.push(1, "plain\n").len(), 1);
    assert_eq!(
        stream.push(2, "hunter22 hun\n").len(),
        1,
        "no secret has a line end there"
    );
    assert_eq!(stream.push(3, "and the first line\n").len(), 0);
    let given = stream.push(4, "second line, and more\n");
    let texts: Vec<(i32, &str)> = given.iter().map(|(tag, text)| (*tag, text.as_str())).collect();
    let (third, fourth) = (format!("and the {MASK}"), format!("{MASK}, and more"));
    assert_eq!(texts, [(3, third.as_str()), (4, fourth.as_str())]);
}

#[test]
fn wrapped_base64_is_found_across_its_lines() {
    let secret = "-----KEY-----\n".to_owned() + &"abcdefgh01234567".repeat(12) + "\n-----END-----";
    let masker = Masker::new([secret.as_str()]);
    let encoded = BASE64.encode(format!("some{secret}thing").as_bytes());
    let wrapped: Vec<String> = encoded
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\n", std::str::from_utf8(line).unwrap()))
        .collect();
    let lines: Vec<&str> = wrapped.iter().map(String::as_str).collect();
    let out = streamed(&masker, &lines);
    let inner = &wrapped[1..wrapped.len() - 2];
    assert!(
        inner.len() > 1 && !inner.iter().any(|line| out.contains(line.trim())),
        "{out}"
    );
    assert_eq!(out.lines().count(), lines.len(), "each line has one still");
}

#[test]
fn what_is_encoded_twice_is_hidden() {
    // In base64 it has a plus sign, a slash and padding.
    let secret = "p\u{e4}\u{df}>?~>~w\u{f6}rd~~?x";
    let masker = Masker::new([secret]);
    let base64 = BASE64.encode(secret.as_bytes());
    assert!(base64.contains('+') && base64.contains('/'), "{base64}");
    for form in around(&base64)
        .into_iter()
        .chain(around(&HEXUPPER.encode(secret.as_bytes())))
    {
        let hidden = masker.mask(&format!("<{form}>"));
        assert_eq!(hidden.as_str(), format!("<{MASK}>"), "{form}");
    }
    let octal = ansi(secret, |byte| byte.is_ascii(), |byte| format!("\\{byte:o}"));
    let hidden = masker.mask(&format!("export PASS=$'{octal}'"));
    assert_eq!(hidden.as_str(), format!("export PASS=$'{MASK}'"));
}

#[test]
fn a_short_secret_is_hidden_that_is_escaped_inside_base64() {
    for (secret, escaped) in [("0 aaA", "0+aaA"), ("a b c", "a+b+c"), ("x/y-z", "x%2Fy-z")] {
        let masker = Masker::new([secret]);
        for before in ["", "a", "ab", "ab: "] {
            let packed = BASE64.encode(format!("{before}{escaped}").as_bytes());
            let hidden = masker.mask(&packed);
            assert!(
                hidden.as_str().contains(MASK),
                "{before}{escaped}: {packed} -> {hidden}"
            );
        }
    }
}

#[test]
fn an_escape_that_the_text_ends_in_is_hidden_too() {
    let masker = Masker::new(["word\u{1}"]);
    assert_eq!(masker.mask(r"word\1").as_str(), MASK);
    assert_eq!(masker.mask(r"word\x1").as_str(), MASK);
    assert_eq!(masker.mask(r"word\x11").as_str(), r"word\x11");
}

#[test]
fn each_line_of_a_secret_is_hidden() {
    let masker = Masker::new(["-----KEY-----\nabcdefgh\n-----END-----"]);
    assert_eq!(masker.mask("abcdefgh").as_str(), MASK);
}

#[test]
fn a_longer_secret_hides_the_shorter_inside() {
    let masker = Masker::new(["hunter2", "hunter2-and-more"]);
    assert_eq!(
        masker.mask("x hunter2-and-more y").as_str(),
        format!("x {MASK} y")
    );
}

#[test]
fn values_that_are_too_short_to_be_secrets_are_left() {
    assert_eq!(Masker::new(["abc", ""]).mask("abc").as_str(), "abc");
    assert!(format!("{:?}", Masker::new(["hunter22"])).contains("with secrets"));
}

#[test]
fn a_text_is_cut_between_characters() {
    let text = Masker::default().mask("a\u{20ac}b");
    assert_eq!(text.clone().cut(3).as_str(), "a");
    assert_eq!(text.clone().cut(4).as_str(), "a\u{20ac}");
    assert_eq!(text.cut(99).as_str(), "a\u{20ac}b");
}
