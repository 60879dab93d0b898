//! Work and history in repositories.

use super::{Call, Hit, Rule, rules};

rules! {
    HISTORY = "git.history", Deny, "It overwrites or deletes a shared branch, or all of a repository's history.",
        matches ["git push --force origin main", "git push origin --delete main", "git push -f origin master", "git push origin :main", "git push --mirror", "git push origin +main"],
        near ["git push origin main", "git push --force-with-lease origin feature-1", "git push origin --delete feature-1", "git push --all origin"];
    PUSH_FORCE = "git.push-force", Ask, "It overwrites a branch that others may have, or deletes one.",
        matches ["git push -f", "git push --force origin feature-1", "git push origin --delete v1.0", "git push --force-with-lease"], near ["git push", "git push origin feature-1"];
    LOSE = "git.lose", Ask, "It throws away what is not committed.",
        matches ["git reset --hard HEAD~5", "git clean -fdx", "git checkout -- .", "git restore .", "git stash clear", "git branch -D feature-1", "git checkout -f main", "git worktree remove --force x", "git stash drop", "git gc --prune=now --aggressive", "git submodule deinit -f --all", "git restore --staged --worktree ."],
        near ["git reset HEAD file", "git clean -n", "git checkout main", "git stash list", "git branch -d merged", "git worktree remove --force \"$(mktemp -d)\"", "git reset --soft HEAD~1"];
    LOSE_HISTORY = "git.lose-history", Deny, "What was committed can no longer be brought back.",
        matches ["git reflog expire --expire=now --all && git gc --prune=now", "git filter-branch --force --tree-filter 'rm -rf x' HEAD", "git update-ref -d refs/heads/main", "rm -rf .git", "mv .git /tmp/", "rm -rf .git/objects .git/refs", "git filter-repo --invert-paths --path x"],
        near ["git gc", "git reflog", "rm -rf .git/hooks/x", "git gc --no-prune"];
    REMOTE = "git.remote", Ask, "It changes where a repository belongs.",
        matches ["git config --global url.https://evil.example/.insteadOf https://github.com/", "git config --global core.sshCommand 'ssh -i /tmp/k'", "git remote set-url origin git@example.com:x", "git remote remove origin", "git branch -D main"], near ["git remote -v", "git remote get-url origin"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("p4 obliterate -y", &LOSE_HISTORY),
    ("git clean -f", &LOSE),
    ("git clean -x|-X|-d !-i", &LOSE),
    ("git submodule deinit -f|--force|--all", &LOSE),
    ("git switch --discard-changes|-f|--force|-C", &LOSE),
    ("git stash clear|drop", &LOSE),
    ("git branch -D", &LOSE),
    ("git branch --delete --force", &LOSE),
    ("git tag -d|--delete", &LOSE),
    ("git rm -r -f", &LOSE),
    ("git filter-branch|filter-repo", &LOSE_HISTORY),
    (
        "git reflog expire --expire=now|--expire=all|--expire-unreachable=now",
        &LOSE_HISTORY,
    ),
    ("git reflog delete", &LOSE_HISTORY),
    ("git gc --prune=now|--prune=all", &LOSE),
    ("git prune --expire=now", &LOSE),
    ("git update-ref -d", &LOSE_HISTORY),
    ("git update-ref --stdin", &LOSE),
    ("git remote remove|rm|set-url|rename|prune_", &REMOTE),
    ("bfg", &LOSE_HISTORY),
    ("svn revert -R", &LOSE),
    ("svn delete|rm|del ~://", &PUSH_FORCE),
    ("hg strip|rollback", &LOSE_HISTORY),
    ("hg purge|update --all|-C", &LOSE),
    ("svnadmin rmtxns|load_", &LOSE),
];

/// The branches that everybody shares.
fn shared(name: &str) -> bool {
    let name = name.trim_start_matches('+').trim_start_matches("refs/heads/");
    let name = name.rsplit(':').next().unwrap_or(name);
    let name = name.trim_start_matches("refs/heads/");
    matches!(
        name,
        "main" | "master" | "production" | "prod" | "release" | "trunk" | "develop" | "stable" | "HEAD" | "*"
    ) || name.starts_with("release/")
        || name.starts_with("release-")
        || name.starts_with("prod")
}

/// Whether a few files are named, each by itself: what was changed in them is known to who names them.
fn are_files(paths: &[&str]) -> bool {
    (1..=3).contains(&paths.len())
        && paths.iter().all(|path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let (stem, extension) = name.rsplit_once('.').unwrap_or_default();
            !stem.is_empty()
                && !extension.is_empty()
                // `conf.d` and `release-1.2` are folders.
                && extension != "d"
                && !extension.bytes().all(|b| b.is_ascii_digit())
                && !stem.ends_with('.')
                && !path.starts_with(':')
                && !super::super::words::text::has_glob(path)
                && !path.contains(['*', '?', '['])
        })
}

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    if call.is("rm grm") {
        let gone = call.options("").rest.iter().any(|w| {
            let w = w.trim_end_matches('/');
            w == ".git"
                || w.ends_with("/.git")
                || w.ends_with(".git/objects")
                || w.ends_with(".git/refs")
                || w.contains(".git/objects/")
                || w.ends_with("-repositories")
                || w.ends_with("/git-data/repositories")
        });
        let bare = call.options("").rest.iter().any(|w| {
            // A bare repository on a server: it has no second copy here.
            let full = call.path(w);
            full.ends_with(".git")
                && full.starts_with('/')
                && !full.starts_with("/tmp/")
                && !full.starts_with("/var/tmp/")
        });
        if bare && !gone {
            return vec![Hit::on(&LOSE, "repository")];
        }
        return if gone && call.options("").any(&["-r", "-R", "--recursive"]) {
            vec![Hit::on(&LOSE_HISTORY, "repository")]
        } else {
            Vec::new()
        };
    }
    if call.name == "mv" {
        let words = call.options("").rest;
        let moved = words.split_last().map_or(&[][..], |(_, sources)| sources);
        return moved
            .iter()
            .filter(|source| source.trim_end_matches('/') == ".git" || source.ends_with("/.git"))
            .map(|_| Hit::on(&LOSE_HISTORY, "repository"))
            .take(1)
            .collect();
    }
    if call.name != "git" {
        return Vec::new();
    }
    let options =
        call.options("-C -c --git-dir --work-tree -o --push-option --repo --receive-pack --exec -m -b -B");
    let mut words = options.rest.iter().map(String::as_str);
    let verb = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    match verb {
        "push" => {
            let refs = rest.get(1..).unwrap_or_default();
            let force = call.words().any(|w| {
                matches!(w, "-f" | "--force" | "-fu" | "-uf") || w.len() > 4 && "--force".starts_with(w)
            });
            let lease = call
                .words()
                .any(|w| w.starts_with("--force-with-lease") || w.starts_with("--force-if-includes"));
            let delete = options.any(&["-d", "--delete"]);
            let shared = |name: &str| shared(name) && !(delete && name.starts_with("release"));
            let mirror = options.any(&["--mirror", "--prune"]);
            let plus = refs.iter().any(|r| r.starts_with('+'));
            let colon = refs.iter().any(|r| r.starts_with(':'));
            // All branches that the repository lists.
            let listed = (delete || colon)
                && refs.iter().any(|r| super::super::words::text::has_unknown(r))
                && call.origin.is_some_and(|origin| {
                    origin.steps.first().is_some_and(|step| step == "git")
                        && !origin.steps.iter().any(|step| step.contains("grep"))
                });
            let on_shared = listed
                || refs
                    .iter()
                    .any(|r| shared(r) && (force || delete || r.starts_with(['+', ':'])));
            if mirror || on_shared || force && options.any(&["--all"]) {
                vec![Hit::on(&HISTORY, "shared branch")]
            } else if force || lease || delete || plus || colon {
                vec![Hit::of(&PUSH_FORCE)]
            } else {
                Vec::new()
            }
        }
        "worktree"
            if rest.first() == Some(&"remove")
                && options.any(&["-f", "--force"])
                && !rest.iter().any(|folder| call.path(folder).starts_with("/tmp/")) =>
        {
            vec![Hit::of(&LOSE)]
        }
        "reset" if options.any(&["--hard", "--merge", "--keep"]) => vec![Hit::of(&LOSE)],
        "checkout" => {
            let named: Vec<&str> = call.words().skip_while(|w| *w != "--").skip(1).collect();
            // Of another commit even a file is more than what was changed here.
            let paths = !named.is_empty() && (!are_files(&named) || rest.len() > named.len())
                || matches!(rest.as_slice(), ["." | "*"] | [_, "."]);
            // A hook that puts what was pushed into the tree it serves.
            let served = options.value(&["--work-tree"]).is_some_and(|tree| {
                let tree = call.path(tree);
                ["/opt/", "/srv/", "/var/www/", "/home/"]
                    .iter()
                    .any(|at| tree.starts_with(at))
            });
            if paths || options.any(&["-f", "--force"]) && !served {
                vec![Hit::of(&LOSE)]
            } else {
                Vec::new()
            }
        }
        "restore"
            if !call.has_own(&["--staged", "-S", "-p", "--patch"])
                && (!are_files(&rest) || call.has_own(&["--source", "-s"]))
                || call.has_own(&["--worktree", "-W"]) =>
        {
            vec![Hit::of(&LOSE)]
        }
        "branch" if options.any(&["-D"]) && rest.iter().any(|b| shared(b)) => vec![Hit::of(&REMOTE)],
        // Another address, or another program, in the place of the one that was meant.
        "config"
            if call.has(&["--global", "--system"])
                && rest.len() > 1
                && rest.iter().any(|w| {
                    let key = w.to_lowercase();
                    key.ends_with(".insteadof") || key.ends_with(".pushinsteadof") || key == "core.sshcommand"
                })
                && !rest
                    .iter()
                    .any(|w| w.contains("${") || w.contains("git@") || w.contains("ssh://")) =>
        {
            vec![Hit::of(&REMOTE)]
        }
        "config"
            if rest
                .iter()
                .any(|w| *w == "receive.denyNonFastForwards" || *w == "http.sslVerify")
                && rest.last() == Some(&"false") =>
        {
            vec![Hit::of(&REMOTE)]
        }
        _ => Vec::new(),
    }
}
