//! The programs that run on a host for a transfer: POSIX sh, with `find`, `stat -c`, `tar` and one of `sha256sum`, `shasum`,
//! `openssl`, as coreutils and busybox have them. They stand in the command itself, since their stdin is data; nothing in
//! them is secret. One line without `!`, so that any login shell passes them on.

use crate::ssh::sudo::Sudo;
use crate::ssh::terms::Terms;
use crate::ssh::wrapper::quote;

/// What every line of ours begins with.
pub(super) const MARK: &str = "edgewise: ";

/// A program with its arguments.
pub(super) struct Command<'a> {
    /// What the login's shell is given.
    pub(super) text: String,
    /// Whose password the program may ask for, by the word [`PASSWORD`].
    pub(super) root: Option<Sudo<'a>>,
}

/// The word by which a program asks for sudo's password. It stands in the second line of the input, which is sent only then: a
/// host that runs something else never gets it.
pub(super) const PASSWORD: &str = "password";

/// The command that runs `program` with `arguments`, as root where `owner` is somebody else than the login.
pub(super) fn command<'a>(
    program: &str,
    owner: Option<&str>,
    terms: &'a Terms,
    arguments: &[&str],
) -> Command<'a> {
    let line = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let root = owner.and(terms.sudo_password()).map(|_| terms.root());
    let mut text = format!(
        "exec sh -c {} edgewise {} {} {}",
        quote(&line(LAUNCH)),
        quote(&line(&format!("{PRELUDE}{program}"))),
        quote(owner.unwrap_or("")),
        quote(&root.map(|root| root.line()).unwrap_or_default())
    );
    for argument in arguments {
        text.push(' ');
        text.push_str(&quote(argument));
    }
    Command { text, root }
}

/// Arguments: the program, the owner, how to become root where a password is known, the program's. It says first that there is
/// a shell at all: a host that runs something else (a forced command, SFTP) does not, and chokes on the first line of the input.
///
/// Under a password all input passes through a `cat` of the login. It would read on when the program has ended, so it is ended
/// then. And it must not end before the program, which would take that for the end of the file: so nothing here ends by the TERM
/// that is sent to stop the program, but all with the program.
const LAUNCH: &str = r#"
echo "edgewise: here $$"; p=$1; o=$2; s=$3; shift 3;
[ -z "$o" ] || [ "$(id -u)" = 0 ] || case $o in
  "$(id -un)"|"$(id -un):$(id -gn)") ;;
  *)
    [ -n "$s" ] || exec sudo -n -- sh -c "o=\$1; shift; $p" edgewise "$o" "$@";
    eval "$s"; IFS= read -r w; unset secret; echo "edgewise: password"; IFS= read -r secret || exit 1;
    let_in || { echo "$why" >&2; exit 1; };
    q="l=; until [ \"\$l\" = \"\$1\" ]; do IFS= read -r l || exit 1; done; o=\$2; shift 2; $p";
    trap : TERM;
    { trap '' TERM; sh -c 'echo $PPID'; put "$secret" "$mark" "$w"; exec cat; } |
    { trap : TERM; read -r f; eval "$as sh -c \"\$q\" edgewise \"\$mark\" \"\$o\" \"\$@\"";
      { kill -s PIPE "$f"; kill -s KILL "$f"; } 2>/dev/null; };
    exit ;;
esac;
eval "$p"
"#;

/// What they share. `$w` is the first line of the input, `$c` makes checksums, `$o` is the owner.
const PRELUDE: &str = r#"
read -r w; export LC_ALL=C;
say() { echo "edgewise: $*"; };
no() { echo "$*" >&2; exit 1; };
if command -v sha256sum >/dev/null 2>&1; then c=sha256sum;
elif command -v shasum >/dev/null 2>&1; then c='shasum -a 256';
elif command -v openssl >/dev/null 2>&1; then c='openssl dgst -sha256 -r';
else no 'the host has none of sha256sum, shasum, openssl to check files with'; fi;
sweep() {
  for f in "$p/.edgewise-$1-"*; do
    case $f in "$t"*|*'*') ;; *) find "$f" -prune -mmin +15 -exec rm -rf -- {} + 2>/dev/null ;; esac;
  done;
};
manifest() {
  ( cd -- "$1" || exit 1;
    find . -type d -exec stat -c 'd %a %n' {} +;
    find . -type f -exec stat -c 'm %a %s %n' {} +;
    find . -type f -exec $c {} + | sed 's/^\(\\*[0-9a-f]\{64\}\) [ *]/f \1 /';
    find . -type l -exec sh -c 'for l do printf "l %s %s %s\n" "${#l}" "$l" "$(readlink "$l")"; done' sh {} +;
    find . -type d -o -type f -o -type l -o -exec stat -c 'x %a %n' {} +
  ) | sort;
};
"#;

/// Puts a file. Arguments: destination, name of the temporary file, its stem, length, mode, the process that wrote it before
/// (or 0). The SHA-256 stands in the first line of the input: everybody on a host sees arguments, and the checksum of a short
/// secret is half the way to it.
pub(super) const PUT: &str = r#"
d=$1; p=${d%/*}; [ -n "$p" ] || p=/; t=$p/$2; hash=${w#* }; size=$4; mode=$5;
is() { s=$($c <"$1") && [ "${s%% *}" = "$hash" ]; };
length() { n=$(wc -c <"$1"); n=$((n)); };
dress() { { [ -z "$o" ] || chown -- "$o" "$1"; } && chmod "$mode" "$1"; };
fail() { rm -f -- "$t"; no "$*"; };
[ -d "$d" ] && no 'there is a folder of this name';
[ -e "$d" ] && { [ -f "$d" ] || no 'what is there is no file: it is left alone'; };
own() { if [ -L "$1" ]; then false; else [ -f "$1" ] && [ -r "$1" ] && length "$1"; fi; };
if own "$d" && [ "$n" = "$size" ] && is "$d"; then
  rm -f -- "$t";
  [ -z "$o" ] || chown -- "$o" "$d" || no 'its owner cannot be set';
  [ "$(stat -c %a "$d" 2>/dev/null)" = "${mode#0}" ] || chmod "$mode" "$d" || no 'its mode cannot be set';
  say same; exit 0;
fi;
[ -d "$p" ] || mkdir -p -- "$p" || exit 1;
[ "$6" = 0 ] || { grep -q -e "$2" "/proc/$6/cmdline" && kill -s KILL -- "-$6"; } 2>/dev/null;
sweep "$3";
umask 077;
trap 'rm -f -- "$t"; exit 1' INT TERM;
own "$t" && [ -O "$t" ] && [ "$n" -le "$size" ] || {
  n=0; rm -rf -- "$t"; set -C; : >"$t" || exit 1; set +C;
};
say "send $n";
cat >>"$t" || fail 'the file could not be written (is the disk full?)';
is "$t" || {
  length "$t";
  [ "$n" -lt "$size" ] && no "$n of $size bytes arrived";
  say other; fail 'the bytes that arrived are others (SHA-256)';
};
dress "$t" || fail 'mode or owner cannot be set';
sync -- "$t" 2>/dev/null;
mv -f -- "$t" "$d" || fail 'it could not be renamed';
sync -- "$p" 2>/dev/null;
say done
"#;

/// Says what a folder holds. Arguments: destination, name of the temporary folder, its stem.
pub(super) const LOOK: &str = r#"
d=$1; p=${d%/*}; [ -n "$p" ] || p=/; t=$p/$2; x=$p/.edgewise-$3-old;
command -v tar >/dev/null 2>&1 || no 'the host has no tar';
[ -L "$d" ] && no 'what is there is a link: name the folder that it leads to';
[ -e "$d" ] || { [ -d "$x" ] && mv -- "$x" "$d"; };
[ -e "$d" ] && { [ -d "$d" ] || no 'what is there is no folder'; };
b=$d; w=there; [ -d "$t" ] && b=$t && w=begun; [ -d "$b" ] || w=nothing;
say "$w"; [ "$w" = nothing ] || manifest "$b"; say end
"#;

/// Puts a folder. Arguments: destination, name of the temporary folder, its stem, SHA-256 of what there is to be, mode.
/// Input: how many paths are to go first, those, and an archive.
pub(super) const STAGE: &str = r#"
d=$1; p=${d%/*}; [ -n "$p" ] || p=/; t=$p/$2; x=$p/.edgewise-$3-old;
fail() { rm -rf -- "$t" "$t-part"; no "$*"; };
[ -d "$p" ] || mkdir -p -- "$p" || exit 1;
sweep "$3";
umask 077;
trap 'rm -rf -- "$t" "$t-part"; exit 1' INT TERM;
if [ -d "$t" ]; then :;
elif [ -d "$d" ]; then
  rm -rf -- "$t-part";
  cp -al -- "$d" "$t-part" 2>/dev/null || { rm -rf -- "$t-part"; cp -pPR -- "$d" "$t-part"; } || fail 'what is there cannot be copied';
  mv -- "$t-part" "$t" || fail 'it could not be prepared';
else mkdir -- "$t" || exit 1; fi;
say send;
read -r n || exit 1;
while [ "$n" -gt 0 ]; do IFS= read -r f || exit 1; rm -rf -- "$t/$f"; n=$((n-1)); done;
tar -xpmf - -C "$t" || { say torn; no 'the files could not be written (is the disk full?)'; };
chmod "$5" "$t" || fail 'its mode cannot be set';
s=$(manifest "$t" | $c);
[ "${s%% *}" = "$4" ] || { say other; fail 'what is there after the transfer is not what it is to be'; };
[ -z "$o" ] || chown -R -h -- "$o" "$t" || fail 'the owner cannot be set';
sync -f -- "$t" 2>/dev/null || sync;
if [ -d "$d" ]; then
  if mv --exchange -T -- "$t" "$d" 2>/dev/null; then rm -rf -- "$t";
  else
    rm -rf -- "$x";
    mv -- "$d" "$x" || fail 'what is there could not be moved aside';
    mv -- "$t" "$d" || { mv -- "$x" "$d"; fail 'it could not be renamed'; };
    rm -rf -- "$x";
  fi;
else mv -- "$t" "$d" || fail 'it could not be renamed'; fi;
sync -- "$p" 2>/dev/null;
say done
"#;

/// Sets the owner of a folder. Argument: the folder.
pub(super) const OWN: &str = r#"chown -R -h -- "$o" "$1" && say done"#;

/// Removes what a transfer left. Arguments: destination, name of the temporary file or folder.
pub(super) const CLEAN: &str = r#"
d=$1; p=${d%/*}; [ -n "$p" ] || p=/; rm -rf -- "$p/$2" "$p/$2-part"; say done
"#;

/// Says what there is to fetch. Argument: the path.
pub(super) const LIST: &str = r#"
[ -e "$1" ] || no 'there is nothing of this name';
if [ -d "$1" ]; then say folder; manifest "$1"; say end;
elif [ -f "$1" ]; then
  s=$($c <"$1") || exit 1; say file; stat -L -c 'm %a %s ./' "$1"; echo "f ${s%% *} ./"; say end;
else no 'what is there is neither a file nor a folder'; fi
"#;

/// Sends files. Argument: the path. Input: for each file the byte to begin at, and its path in the folder.
pub(super) const SEND: &str = r#"
r=$1; [ -d "$r" ] && { cd -- "$r" || exit 1; r=; };
say send;
while IFS= read -r l; do
  n=${l%% *}; f=${r:-${l#* }};
  if [ "$n" = 0 ]; then cat -- "$f"; else tail -c "+$((n+1))" -- "$f"; fi || exit 1;
done;
"#;
