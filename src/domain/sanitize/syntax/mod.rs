//! Shell text to a tree: a bounded parser for POSIX sh and bash.
//!
//! It is our own because the judge must see every span, must survive any input, and must stay in one process;
//! `docs/decisions/shell-parser.md` tells why no parser of the registry could be used. It accepts more than a
//! shell would: what a shell refuses does no harm, what it accepts must be seen.

mod ast;
mod command;
mod cursor;
mod heredoc;
mod parameter;
mod redirect;
mod word;

pub use ast::{
    Assign, Assigned, Command, Compound, Join, Parameter, ParameterOp, Part, Pipeline, Redirect, RedirectOp,
    Script, Simple, Span, Word,
};
pub use cursor::{Base, ParseError};

use cursor::Parser;

/// Parses a whole text.
///
/// # Errors
/// [`ParseError`] where the text is not shell, or nested deeper than the bound.
pub fn parse(text: &str, base: Base) -> Result<Script, ParseError> {
    let mut parser = Parser::new(text, base, 0);
    let script = parser.script()?;
    if parser.pos < text.len() {
        return Err(parser.error("a word that closes nothing"));
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> Script {
        parse(text, Base::Offset(0)).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn constructs_are_accepted() {
        for text in [
            "",
            "# only a comment",
            "ls -l; pwd & date",
            "a && b || c | d |& e",
            "! (test -e x || test -L x ) || ( stat y )",
            "(( sha1sum x 2> /dev/null || y ) | grep z ) || ( echo no && exit 1 )",
            "((x = 1 + 2))",
            "for ((i=0; i<3; i++)); do echo $i; done",
            "for x in a b; do echo $x; done",
            "for x; do echo $x; done",
            "case $x in a|b) echo 1;; (c) echo 2;& *) echo 3 ;; esac",
            "echo $(case x in x) echo y;; esac)",
            "if a; then b; elif c; then d; else e; fi > out",
            "while read -r l; do echo $l; done < file",
            "f() { echo; }; function g { echo; }; function h() ( echo )",
            "cat <<E\nbody $x\nE\necho after",
            "cat <<'E' | sh\nbody $x\nE",
            "cat <<-E\n\tbody\n\tE",
            "a <<X <<Y\n1\nX\n2\nY",
            "x=1 y=(a b [3]=c) z[1]=2 cmd",
            "declare -A m=([a]=b)",
            "echo ${x:-a b} ${x//a/b} ${x:1:2} ${#x} ${!x} ${x^^} ${a[@]}",
            "echo \"a $(b \"c\") `d` ${e:-\"f\"}\"",
            "[[ $a == b* && ( -f x || -d y ) ]] && c",
            "[[ $x =~ ^a(b|c)$ ]]",
            "coproc { sleep 1; }",
            "time -p ls",
            "diff <(a) >(b)",
            "echo $((1 + $(echo 2)))",
            "echo a >&2 2>&1 &>x >|y <>z 3>&-",
            "mysqldump db -u\"root\" *** > somefile",
            "echo {a,b}{1..3} !(x) $'a\\n' $\"b\"",
            "find . \\( -name a -o -name b \\) -exec rm {} \\;",
            "echo a\\\nb",
            "cat <<EOF",
        ] {
            ok(text);
        }
    }

    #[test]
    fn what_is_not_shell_is_refused() {
        for text in [
            "echo 'a",
            "echo \"a",
            "echo $(a",
            "if a; then b",
            "a )",
            "{ a",
            "echo ${x",
            "fi",
            "a && ",
        ] {
            assert!(parse(text, Base::Offset(0)).is_err(), "{text:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        for unit in [
            "$(", "{ ", "(", "if ", "`", "${x:-", "\"$(", "<(", "$((", "f() { ", "! ", "while ",
        ] {
            let text = unit.repeat(5000);
            assert!(parse(&text, Base::Offset(0)).is_err() || unit == "`", "{unit:?}");
        }
        let _ = parse("<<E$[\t\t", Base::Offset(0));
    }
}
