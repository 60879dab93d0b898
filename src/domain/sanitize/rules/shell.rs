//! What a shell is given to run, where that cannot be told.

use super::{Rule, rules};

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[];

rules! {
    UNPARSABLE = "shell.unparsable", Ask, "This is not shell as far as it can be read, so nobody can say what it would do.",
        matches ["echo 'never closed", "if true; then ls"], near ["echo 'closed'", "if true; then ls; fi"];
    TOO_COMPLEX = "shell.too-complex", Ask, "This does more than can be followed.",
        matches ["for a in {1..60}; do for b in {1..60}; do for c in {1..60}; do echo $a $b $c; done; done; done"],
        near ["for a in 1 2 3; do echo $a; done"];
    ODD_CHARACTERS = "shell.odd-characters", Ask,
        "The text holds characters that cannot be seen or that change how it reads: bidirectional marks, zero-width signs, carriage returns, odd blanks.",
        matches ["ls\u{200b} -l", "echo a\u{202e}b", "ls\r\nls", "ls\u{a0}-l"], near ["ls -l", "echo 'straße'"];
    UNKNOWN_TEXT = "shell.unknown-text", Ask, "A shell is given a text that cannot be told beforehand.",
        matches ["some-tool --list | sh", "sh -c \"$COMMAND\"", "eval \"$(some-tool)\"", "sort /opt/app/steps | bash", "eval \"$(paste -sd ' ' /opt/app/words)\"", "source <(sed 's/a/b/' /opt/app/env)", "dd if=/opt/app/x conv=swab | sh"],
        near ["eval $(ssh-agent)", "sh /opt/app/bin/start.sh", "source <(kubectl completion bash)", "eval \"$(ssh-agent -s | grep -v echo)\"", "bash < /opt/app/run.sh", "cat /opt/app/run.sh | sh"];
    DECODED_TEXT = "shell.decoded-text", Ask, "A shell is given what a decoder makes of something that cannot be told.",
        matches ["cat payload | base64 -d | sh", "bzip2 -dc x.bz2 | bash"], near ["base64 -d x > y", "bzip2 -dc x.bz2 > x"];
    UNKNOWN_PROGRAM = "shell.unknown-program", Ask, "A program that is not known is given a command that destroys.",
        matches ["some-wrapper rm -rf /etc", "$TOOL -rf /etc"], near ["some-wrapper rm -rf /opt/app/tmp", "man rm"];
    PRELOAD = "shell.preload", Deny, "A library from a temporary folder is put into a program.",
        matches ["LD_PRELOAD=/tmp/x.so ls"], near ["LD_PRELOAD=/usr/lib/libjemalloc.so.2 ./app"];
    SHADOWED = "shell.shadowed", Deny, "A login profile puts something else in the place of a program that takes passwords.",
        matches ["echo \"alias sudo='/tmp/x sudo'\" >> ~/.bashrc"], near ["echo \"alias ll='ls -l'\" >> ~/.bashrc"];
    TEMPORARY_CODE = "shell.temporary-code", Ask, "Hooks or programs are taken from a folder that anybody can write to.",
        matches ["git config core.hooksPath /tmp/hooks", "nohup /dev/shm/kworker &", "/tmp/.x/run"], near ["git config core.hooksPath .githooks", "/tmp/build/run-tests"];
    ENDLESS_SPAWN = "exhaust.endless-spawn", Deny, "A loop that does not end starts processes without waiting for them.",
        matches ["while true; do sleep 100 & done", "yes | xargs -P0 -n1 echo"], near ["while true; do date; sleep 1; done"];
}
