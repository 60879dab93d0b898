//! What a program in another language takes of the host: loops that nothing ends, memory, processes, files.

/// What a program takes without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appetite {
    /// It starts processes or threads.
    Processes,
    /// It fills memory.
    Memory,
    /// It fills a disk.
    Disk,
    /// It makes files, or holds them open.
    Files,
    /// The same without end.
    FilesEndless,
}

/// More bytes than a script takes on purpose.
const TOO_MUCH: f64 = 4e9;
/// How often a loop goes around that nobody means as a list.
const VERY_OFTEN: f64 = 1e5;

/// What a program takes without end.
pub fn of(code: &str) -> Vec<Appetite> {
    let compact: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let has = |words: &[&str]| words.iter().any(|word| compact.contains(word));
    let forks = has(&["fork"]) && !has(&["forkserver"]);
    let starts = forks
        || has(&[
            "spawn(",
            "Popen(",
            "popen(",
            "Process(",
            "Thread(",
            "Thread.new",
            "Process.new",
            "gofunc(",
        ])
        || has(&["child_process"]) && has(&["exec(", "execFile("])
        || has(&["&\")", "&')", "&}", "&\"|"]) && has(&["system(", "execute(", "exec", "getline"]);
    let mut out = Vec::new();
    let forever = forever(&compact) && !rests(code);
    let numbers = numbers(&compact);
    let often = forever
        || has(&["range(", "..", "times", "for("])
            && numbers.iter().any(|number| number.value >= VERY_OFTEN)
            && !rests(code);
    let itself = has(&["__filename", "__FILE__", "sys.argv[0]", "$PROGRAM_NAME"]) || calls_itself(code);
    if starts && (forever || forks && often || itself && !rests(code) && (forks || has(&["Process("])))
        || has(&["fork("]) && has(&["__filename"])
    {
        out.push(Appetite::Processes);
    }
    let grows = has(&[
        ".append(", ".push(", "push@", "<<", "+=", ".=", "]=", "s..s", ".extend(", ".add(", ".concat(",
        ".insert(", "*=2",
    ]) || longer(&compact);
    let pushes = often && has(&["push@", ".push(", ".append("]) && numbers.iter().any(|n| n.value >= 1e6);
    let keeps = often && has(&["}=", "]="]) && numbers.iter().any(|n| n.value >= 1e9);
    let whole = keeps
        || has(&["/dev/zero", "/dev/urandom"])
            && (has(&[".read()", "readFileSync("]) || has(&["undef$/"]) && has(&["<F>", "<>", "<$"]));
    if forever && grows || pushes || whole || held(&compact, &numbers) || feeds_itself(&compact) {
        out.push(Appetite::Memory);
    }
    let writes = has(&[
        ".write(",
        "appendFile",
        "writeFile",
        "File.write",
        "file_put_contents",
        "fwrite(",
        "fputs(",
        "printF",
        "print{",
        "syslog",
        "IO.write",
    ]) || compact.contains("print") && compact.contains(">\"/");
    let opens = compact.replace("Popen(", "").contains("open(")
        || has(&[
            "openF", "mkdir", "mkdtemp", "mkstemp", "touch(", "creat(", "symlink(",
        ]);
    if forever && writes {
        out.push(Appetite::Disk);
    } else if forever && opens {
        out.push(Appetite::FilesEndless);
    } else if often && (writes || opens) {
        out.push(Appetite::Files);
    }
    out
}

/// Whether a program prints without end.
pub fn prints_forever(code: &str) -> bool {
    let compact: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let long = ["..", "<", "range("].iter().any(|sign| compact.contains(sign))
        && numbers(&compact).iter().any(|number| number.value >= 1e9);
    (forever(&compact) || long)
        && !rests(code)
        && ["print", "puts", "echo", "write", "console.log", "say"]
            .iter()
            .any(|word| compact.contains(word))
}

/// Whether a program only goes around a loop that holds nothing.
pub fn spins(code: &str) -> bool {
    let compact: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    [
        "whileTrue:pass",
        "while1:pass",
        "while(true){}",
        "while(1){}",
        "while(1);",
        "while(true);",
        "loop{}",
        "loopdoend",
        "whiletruedoend",
        "1while1",
        "for(;;);",
        "for(;;){}",
        "while(!0);",
        "while{1}{}",
        "while1{}",
    ]
    .iter()
    .any(|sign| compact.contains(sign))
}

/// Whether a variable is set to itself and more: `s=s"x"`, `$s=$s.$s`.
fn longer(compact: &str) -> bool {
    compact.match_indices('=').take(32).any(|(at, _)| {
        let name: String = compact[..at]
            .chars()
            .rev()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        !name.is_empty()
            && compact[at + 1..]
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.starts_with(['"', '\'', '.', '+', '$', '~']))
            && !compact[at + 1 + name.len()..].starts_with("+1")
    })
}

/// Whether a loop has no end of its own. `compact` holds no blanks.
fn forever(compact: &str) -> bool {
    let signs = [
        "whileTrue:",
        "while1:",
        "while(1)",
        "while(true)",
        "while(!0)",
        "for(;;)",
        "loop{",
        "loopdo",
        "whiletruedo",
        "whiletrue{",
        "while1{",
        "while{1}",
        "while(42)",
        "untilfalse",
        "until(0)",
        "itertools.count()",
        "iter(int,1)",
        "iter(lambda:",
        "inrepeat(",
        "incycle(",
        "1.step{",
        "0.step{",
        "1.stepdo",
        "incount()",
        "setInterval(",
        "1while",
        "while(fork",
        "whileos.fork()",
        "whilefork",
        "whiletrue;",
        "||1)",
        "for{",
    ];
    signs.iter().any(|sign| compact.contains(sign))
        || compact.contains("while1;")
        || compact.ends_with("while1")
        || compact.ends_with("whiletrue")
}

/// Whether a loop pauses, waits for somebody, or may end: looked for outside of literals and of what threads do.
fn rests(code: &str) -> bool {
    let mut plain = String::new();
    let mut quote = None;
    let mut escaped = false;
    for c in code.chars() {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if q == c => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => plain.push(c),
        }
    }
    // What the child of a fork does holds its parent up no moment.
    for word in ["fork", "fork()"] {
        for test in [
            format!("if(!{word})"),
            format!("if (!{word})"),
            format!("unless({word})"),
            format!("unless ({word})"),
        ] {
            while let Some(at) = plain.find(&test) {
                let end = plain[at..].find('}').map_or(plain.len(), |end| at + end + 1);
                plain.replace_range(at..end, "");
            }
        }
    }
    while let Some(at) = ["fork {", "fork{", "fork do"]
        .iter()
        .find_map(|word| plain.find(word))
    {
        let end = plain[at..]
            .find(['}', '\n'])
            .map_or(plain.len(), |end| at + end + 1);
        plain.replace_range(at..end, "");
    }
    for started in [
        "exec sleep",
        "fork()||sleep",
        "fork||sleep",
        "fork or sleep",
        "fork() or sleep",
    ] {
        plain = plain.replace(started, "");
    }
    for thread in ["Thread(", "Thread.new"] {
        while let Some(at) = plain.find(thread) {
            let tail = &plain[at + thread.len()..];
            let end = tail.find([';', '\n', '}']).unwrap_or(tail.len());
            plain.replace_range(at..at + thread.len() + end, "");
        }
    }
    [
        "sleep",
        "break",
        "wait",
        "input(",
        "accept",
        "recv",
        "readline",
        "gets",
        "stdin",
        "STDIN",
        "exit",
        "return",
        "die",
        "select(",
        "getline",
        "poll",
        "<>",
        "last if",
        "last unless",
        "next_tick",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Whether a function that the program defines is called in its own body as well as outside.
fn calls_itself(code: &str) -> bool {
    ["def ", "function ", "sub ", "const ", "local function "]
        .iter()
        .flat_map(|word| {
            code.match_indices(word)
                .map(move |(at, _)| &code[at + word.len()..])
        })
        .take(8)
        .any(|tail| {
            let name: String = tail
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let uses = |code: &str| {
                code.match_indices(name.as_str())
                    .filter(|(at, _)| {
                        let before = code[..*at].chars().next_back();
                        let after = code[at + name.len()..].chars().next();
                        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                        !part(before) && !part(after)
                    })
                    .count()
            };
            !name.is_empty() && (name.len() > 1 || code.len() < 200) && uses(code) > 2
        })
}

/// `for x in l: l.append(x)`
fn feeds_itself(compact: &str) -> bool {
    compact.match_indices("in").any(|(at, _)| {
        let name: String = compact[at + 2..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        !name.is_empty()
            && compact[at + 2 + name.len()..].starts_with(':')
            && compact[at..].contains(&format!(":{name}.append("))
    })
}

/// A number that is written down or worked out from written ones.
struct Number {
    value: f64,
    /// Where its expression begins.
    at: usize,
    /// It is a tower of powers.
    tower: bool,
}

/// A value of more bytes than a host has: `'a' * 10**10`, `bytearray(64 * 1024**3)`, `9**9**9`.
fn held(compact: &str, numbers: &[Number]) -> bool {
    const TAKERS: &[&str] = &[
        "bytearray(",
        "alloc(",
        "allocUnsafe(",
        "Array(",
        "repeat(",
        ":rep(",
        "str_repeat(",
        "ones(",
        "zeros(",
        "empty(",
        "malloc(",
        "calloc(",
        "array_fill(",
        "list(range(",
        "setrecursionlimit(",
    ];
    let many = numbers.iter().any(|number| {
        let before = compact[..number.at]
            .trim_end_matches("int(")
            .trim_end_matches('(');
        number.tower
            || number.value >= TOO_MUCH
                && (before.strip_suffix('*').or_else(|| before.strip_suffix('x')))
                    .is_some_and(|value| value.ends_with(['"', '\'', ']', ')']))
    });
    many || TAKERS.iter().any(|taker| {
        compact.match_indices(taker).any(|(at, _)| {
            let start = at + taker.len();
            let end = compact[start..]
                .find([')', ';'])
                .map_or(compact.len(), |end| start + end);
            let product: f64 = numbers
                .iter()
                .filter(|number| (start..end).contains(&number.at))
                .map(|number| number.value.max(1.0))
                .product();
            product
                >= if *taker == "setrecursionlimit(" {
                    1e6
                } else {
                    TOO_MUCH
                }
        })
    })
}

/// The numeric expressions of a program: digits, `1e9`, `1_000`, joined by `*`, `**` and `<<`.
fn numbers(compact: &str) -> Vec<Number> {
    let bytes = compact.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() && out.len() < 64 {
        let begins = bytes[at].is_ascii_digit()
            && (at == 0
                || !(bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'_' | b'.' | b'$'))
                || bytes[at - 1] == b'x' && at > 1 && matches!(bytes[at - 2], b'"' | b'\'' | b')')
                || at > 1 && &bytes[at - 2..at] == b"..");
        if !begins {
            at += 1;
            continue;
        }
        let start = at;
        let (mut value, mut end) = factor(compact, at);
        let mut powers = 0;
        loop {
            let tail = &compact[end..];
            let sign = match tail.as_bytes() {
                [b'*', b'*', ..] | [b'<', b'<', ..] => 2,
                [b'*', ..] => 1,
                _ => break,
            };
            let open = tail[sign..].starts_with('(');
            let next = end + sign + usize::from(open);
            if !bytes.get(next).is_some_and(u8::is_ascii_digit) {
                break;
            }
            let (operand, after) = factor(compact, next);
            if tail.starts_with("**") {
                powers += 1;
                value = value.powf(operand);
            } else if tail.starts_with("<<") {
                value *= operand.exp2();
            } else {
                // `64*1024**3`: the power binds first.
                let (mut right, mut after_right) = (operand, after);
                if compact[after..].starts_with("**") && bytes.get(after + 2).is_some_and(u8::is_ascii_digit)
                {
                    let (power, end) = factor(compact, after + 2);
                    right = right.powf(power);
                    after_right = end;
                }
                value *= right;
                end = after_right;
                continue;
            }
            end = after;
        }
        out.push(Number {
            value,
            at: start,
            tower: powers > 1 && value > 1e15,
        });
        at = end.max(at + 1);
    }
    out
}

/// One number and the byte after it.
fn factor(compact: &str, at: usize) -> (f64, usize) {
    let bytes = compact.as_bytes();
    let mut end = at;
    while bytes.get(end).is_some_and(|b| b.is_ascii_digit() || *b == b'_') {
        end += 1;
    }
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1;
        while bytes.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let digits = end + 1 + usize::from(bytes.get(end + 1) == Some(&b'+'));
        if bytes.get(digits).is_some_and(u8::is_ascii_digit) {
            end = digits;
            while bytes.get(end).is_some_and(u8::is_ascii_digit) {
                end += 1;
            }
        }
    }
    let text = compact[at..end].replace(['_', '+'], "");
    (text.parse().unwrap_or(0.0), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_take() {
        use Appetite::{Disk, Files, Memory, Processes};
        for (code, takes) in [
            ("import os\nwhile True: os.fork()", &[Processes][..]),
            ("fork while 1", &[Processes]),
            ("[os.fork() for _ in range(10**6)]", &[Processes]),
            ("while True: subprocess.Popen(['sleep','9'])", &[Processes]),
            (
                "def f():\n while True: Process(target=f).start()\nf()",
                &[Processes],
            ),
            ("require('child_process').fork(__filename)", &[Processes]),
            ("while 1 {exec sleep 1000 &}", &[Processes]),
            ("x = 'a' * 10**10", &[Memory]),
            ("x=bytearray(64*1024**3)", &[Memory]),
            ("np.ones((10**6,10**6))", &[Memory]),
            ("9**9**9", &[Memory]),
            ("while(true)a.push(Buffer.alloc(1<<28,1))", &[Memory]),
            ("$a[]=1 while 1", &[Memory]),
            ("for x in l: l.append(x)", &[Memory]),
            ("while True: f.write('a'*100)", &[Disk]),
            (
                "for i in itertools.count(): open(f'/tmp/{i}','w')",
                &[Appetite::FilesEndless],
            ),
            ("a=[open('/x') for _ in range(10**7)]", &[Files]),
            ("while True: print(1); time.sleep(1)", &[]),
            (
                "while True:\n  c, _ = s.accept()\n  Thread(target=f).start()",
                &[],
            ),
            ("print('a'*80)", &[]),
            ("print(2**10)", &[]),
            ("os.fork() and exit()", &[]),
            ("for i in range(10): open(f'/tmp/{i}','w')", &[]),
            ("x = [0] * 1000", &[]),
            ("setInterval(()=>console.log(1),1000)", &[]),
            ("t = time.time() * 1e9", &[]),
        ] {
            assert_eq!(of(code), takes, "{code}");
        }
    }
}
