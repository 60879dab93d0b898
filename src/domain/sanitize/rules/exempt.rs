//! Options with which a program only tells about itself, or only pretends.
//!
//! That is a property of the program's own options, so they are parsed as the program parses them: what is the value
//! of another option, stands behind `--` or belongs to a program that this one starts is none of them. A table says
//! which program has which, and which of its options take a value.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::super::walk::is_wrapper;
use super::Call;

/// Which options take the next argument.
#[derive(Debug, Clone, Copy)]
enum Takes {
    /// These; all others stand alone, and letters are joined.
    These(&'static str),
    /// Every one that is not listed might: only whole words count, and none behind such an option.
    AllBut(&'static str),
}

/// A program, and what keeps it from doing anything.
#[derive(Debug)]
struct Tool {
    names: &'static str,
    /// The first operand must be one of these; empty: whatever it is.
    verbs: &'static str,
    /// The options that keep it from doing anything.
    options: &'static str,
    takes: Takes,
    /// Its options end at the first operand.
    ordered: bool,
    /// With these first operands it does nothing.
    telling: &'static str,
}

const fn tool(names: &'static str, options: &'static str, takes: Takes) -> Tool {
    Tool {
        names,
        verbs: "",
        options,
        takes,
        ordered: false,
        telling: "",
    }
}

const fn with_verbs(names: &'static str, verbs: &'static str, options: &'static str, takes: Takes) -> Tool {
    Tool {
        verbs,
        ..tool(names, options, takes)
    }
}

use Takes::{AllBut, These};

const GIT: Takes = These(
    "-C -c --git-dir --work-tree --namespace --super-prefix --config-env -o --push-option --repo --receive-pack --exec \
     -e --exclude --pathspec-from-file --expire --expire-unreachable -m --message -F --file -t --template --author \
     -s --source --date --refmap --depth --deepen --shallow-since --shallow-exclude -j --jobs --upload-pack --server-option --filter",
);
const DNF: Takes = These(
    "-c --config -x --exclude --excludepkgs --enablerepo --disablerepo --repo --repoid --repofrompath --installroot \
     --releasever --setopt --forcearch --advisory --advisories --bz --bzs --cve --cves --color --comment -d --debuglevel \
     -e --errorlevel -R --randomwait --rpmverbosity --sec-severity --secseverity --destdir --downloaddir \
     --enableplugin --disableplugin",
);
const SYSTEMCTL: Takes = These(
    "-H --host -M --machine -t --type --state -p --property -P --job-mode -s --signal --kill-whom --kill-who \
     --kill-value --what -n --lines -o --output --root --image --preset-mode --message --check-inhibitors --timestamp \
     --boot-loader-menu --boot-loader-entry --reboot-argument --when --legend --drop-in",
);
const DOCKER: Takes = AllBut("--force -a --all -af -fa --volumes -v -fv --remove-orphans -d --detach");
const MKE2FS: Takes = These("-b -C -E -f -g -G -i -I -J -l -L -m -M -N -o -O -r -t -T -U -d -e -z -R");

const TOOLS: &[Tool] = &[
    Tool {
        telling: "download source changelog",
        ..tool(
            "apt apt-get aptitude",
            "-s --simulate --just-print --dry-run --recon --no-act --print-uris --assume-no",
            These(
                "-o --option -c --config-file -t --target-release --default-release -a --host-architecture \
                 --build-profiles -F --display-format -w --width -O --sort --user-tag --add-user-tag \
                 --add-user-tag-to --remove-user-tag --remove-user-tag-from --with-source",
            ),
        )
    },
    Tool {
        ordered: true,
        ..tool(
            "dpkg",
            "--dry-run --simulate --no-act",
            These("--admindir --root --instdir"),
        )
    },
    tool("dnf yum microdnf dnf5 tdnf", "--assumeno", DNF),
    tool(
        "rpm",
        "--test",
        These(
            "-r --root --dbpath -D --define --undefine -E --eval --rcfile --load --pipe --excludepath --prefix \
             --relocate --queryformat --qf --macros --predefine",
        ),
    ),
    tool(
        "pacman",
        "-p --print",
        These(
            "-b --dbpath -r --root --arch --cachedir --color --config --gpgdir --hookdir --logfile --sysroot --ignore \
             --ignoregroup --assume-installed --overwrite --print-format",
        ),
    ),
    tool(
        "zypper",
        "--dry-run",
        These(
            "-c --config --userdata -C --cache-dir -D --reposd-dir --raw-cache-dir --solv-cache-dir --pkg-cache-dir -R \
             --root --installroot --releasever -p --plus-repo --plus-content --repo -r --from -t --type",
        ),
    ),
    tool(
        "apk",
        "-s --simulate",
        These(
            "-p --root -X --repository --arch --cache-dir --cache-max-age --keys-dir --repositories-file --wait \
             --progress-fd -t --virtual",
        ),
    ),
    tool(
        "pip pip3 composer npm pnpm",
        "--dry-run",
        AllBut("-y --yes -f --force -g --global --json -q --quiet"),
    ),
    with_verbs(
        "git",
        "clean push rm mv add prune reflog remote worktree notes",
        "-n --dry-run",
        GIT,
    ),
    // `-n` of these is something else.
    with_verbs("git", "fetch pull commit send-pack", "--dry-run", GIT),
    tool(
        "rsync",
        "-n --dry-run",
        These(
            "-e --rsh -f --filter -T --temp-dir -M --remote-option -B --block-size -@ --modify-window --rsync-path \
             --exclude --include --exclude-from --include-from --files-from --log-file --log-file-format --log-format \
             --out-format --password-file --bwlimit --port --address --backup-dir --suffix --chmod --chown --usermap \
             --groupmap --compare-dest --copy-dest --link-dest --partial-dir --max-size --min-size --max-delete \
             --max-alloc --timeout --contimeout --sockopts --iconv --checksum-seed --protocol --outbuf --info --debug \
             --stop-after --stop-at --time-limit --write-batch --only-write-batch --read-batch --compress-level --zl \
             --skip-compress --compress-choice --zc --checksum-choice --cc --copy-as --stderr --early-input --config",
        ),
    ),
    tool(
        "rclone",
        "-n --dry-run",
        AllBut(
            "-v -vv -q --quiet -P --progress --rmdirs --fast-list --checksum -c --update -u --delete-excluded",
        ),
    ),
    tool(
        "restic",
        "-n --dry-run",
        AllBut("--prune -v --verbose -q --quiet --json --no-lock --no-cache --compact -c"),
    ),
    tool(
        "borg",
        "-n --dry-run",
        These(
            "-P --prefix -a --glob-archives --match-archives --keep-within --keep-last --keep-minutely -H --keep-hourly \
             -d --keep-daily -w --keep-weekly -m --keep-monthly -y --keep-yearly --repo -r --rsh --remote-path --umask \
             --lock-wait --debug-topic --upload-ratelimit --upload-buffer --remote-ratelimit --comment --timestamp -c \
             --checkpoint-interval -e --exclude --exclude-from --patterns-from --pattern -C --compression --files-cache \
             --chunker-params --last --first --sort-by",
        ),
    ),
    with_verbs(
        "aws",
        "s3",
        "--dryrun",
        AllBut(
            "--recursive --delete --quiet --force --debug --no-cli-pager --only-show-errors --no-progress \
             --exact-timestamps --size-only --follow-symlinks --no-follow-symlinks --no-paginate --no-verify-ssl",
        ),
    ),
    with_verbs(
        "aws",
        "ec2",
        "--dry-run",
        AllBut("--debug --no-cli-pager --no-paginate --no-verify-ssl --force"),
    ),
    tool("az", "--dryrun", AllBut("-y --yes --no-wait --debug --verbose")),
    tool(
        "s3cmd",
        "-n --dry-run",
        AllBut("-r --recursive -f --force --delete-removed -v --verbose"),
    ),
    tool(
        "mc",
        "--dry-run --fake",
        AllBut("-r --recursive --force --dangerous"),
    ),
    tool(
        "kubectl oc",
        "--dry-run",
        These(
            "-n --namespace --context --kubeconfig --cluster --user -s --server --as --as-group --as-uid --token \
             -v --v --vmodule -f --filename -l --selector -k --kustomize -o --output -c --container --field-selector \
             --grace-period --timeout --patch --patch-file -p --type --replicas --field-manager --sort-by --template -L \
             --cache-dir --certificate-authority --client-certificate --client-key --password --username \
             --request-timeout --tls-server-name --profile --profile-output --image --port --overrides --raw \
             --subresource --log-file --chunk-size --from-file --from-literal --from-env-file --env --labels --limits \
             --requests --max --min --cpu-percent --name --pod-selector --skip-wait-for-delete-timeout --resource-version \
             --current-replicas --clusterrole --role --serviceaccount --group --to-revision",
        ),
    ),
    tool(
        "helm",
        "--dry-run",
        These(
            "-n --namespace --kube-context --kubeconfig -f --values --set --set-string --set-file --set-json \
             --set-literal --version --timeout --repo --history-max --description --username --password --ca-file \
             --cert-file --key-file --keyring --post-renderer --post-renderer-args --cascade -o --output -l --labels \
             --kube-apiserver --kube-as-user --kube-as-group --kube-ca-file --kube-token --burst-limit --qps \
             --registry-config --repository-cache --repository-config --name-template --output-dir --max",
        ),
    ),
    with_verbs("docker", "compose", "--dry-run", DOCKER),
    tool(
        "docker-compose",
        "--dry-run",
        These(
            "-f --file -p --project-name --env-file --profile --project-directory --parallel --progress --ansi -t \
             --timeout --rmi",
        ),
    ),
    Tool {
        telling: "plan validate show preview",
        ..tool(
            "terraform tofu terragrunt pulumi",
            "-help -h",
            AllBut(
                "-auto-approve -force -destroy -no-color -json -compact-warnings -refresh-only -yes -y --yes",
            ),
        )
    },
    tool(
        "make gmake",
        "-n --dry-run --just-print --recon",
        These(
            "-C --directory -f --file --makefile -I --include-dir -o --old-file --assume-old -W --what-if --new-file \
             --assume-new -E --eval",
        ),
    ),
    tool(
        "rake",
        "-n --dry-run",
        These(
            "-f --rakefile -C --directory -I --libdir -R --rakelibdir -r --require -e --execute -p --execute-print -E \
             --execute-continue -j --jobs -t -W -D -T -P",
        ),
    ),
    tool("logrotate", "-d --debug", These("-m --mail -s --state -l --log")),
    tool(
        "wipefs",
        "-n --no-act",
        These("-o --offset -t --types -O --output"),
    ),
    tool(
        "sfdisk",
        "-n --no-act",
        These(
            "-N --partno -o --output -O --backup-file -w --wipe -W --wipe-partitions -X --label -Y --label-nested -S \
             --sectors -H --heads -C --cylinders -u --unit --sector-size",
        ),
    ),
    tool("growpart", "-N --dry-run", AllBut("")),
    tool(
        "fstrim",
        "-n --dry-run",
        These("-o --offset -l --length -m --minimum -I --listed-in -t --types"),
    ),
    tool("mkfs.ext4 mkfs.ext3 mkfs.ext2 mke2fs", "-n", MKE2FS),
    tool("mkfs.xfs", "-N", These("-b -m -d -i -l -n -p -r -s -L -c")),
    tool(
        "lvremove vgremove pvremove lvreduce",
        "-t --test",
        These(
            "-S --select --config --devicesfile --devices --driverloaded --lockopt --profile --commandprofile \
             --metadataprofile --reportformat -A --autobackup -L --size -l --extents",
        ),
    ),
    with_verbs("zfs", "destroy receive recv", "-n", These("-o -x")),
    tool("visudo", "-c --check", These("-f --file -x --export")),
    tool(
        "nft",
        "-c --check",
        These("-f --file -D --define -I --includepath -d --debug"),
    ),
    // `-c` of these is counters.
    tool(
        "iptables-restore ip6tables-restore iptables-legacy-restore iptables-nft-restore",
        "-t --test",
        These("-M --modprobe -T --table -w --wait -W --wait-interval"),
    ),
    Tool {
        ordered: true,
        ..tool("ufw", "--dry-run", These(""))
    },
    tool(
        "ifup ifdown",
        "-n --no-act",
        These("-i --interfaces -o --option -X --exclude --excludepats -t --type --state-dir --allow"),
    ),
    with_verbs(
        "systemctl",
        "halt poweroff reboot kexec suspend hibernate hybrid-sleep default rescue emergency exit",
        "--dry-run",
        SYSTEMCTL,
    ),
    tool(
        "modprobe",
        "-n --dry-run --show --show-depends -D -c --showconfig -R --resolve-alias",
        These("-C --config -d --dirname -S --set-version"),
    ),
    tool(
        "depmod",
        "-n --dry-run --show",
        These(
            "-b --basedir -m --moduledir -o --outdir -C --config -E --symvers -F --filesyms -P --symbol-prefix",
        ),
    ),
    tool(
        "patch",
        "--dry-run",
        These(
            "-B --prefix -d --directory -D --ifdef -F --fuzz -g --get -i --input -o --output -p --strip -r \
             --reject-file -V --version-control -x --debug -Y --basename-prefix -z --suffix --quoting-style --read-only",
        ),
    ),
    tool(
        "pg_resetwal",
        "-n --dry-run",
        These("-D --pgdata -c -e -l -m -o -O -x -u"),
    ),
    tool(
        "pt-archiver",
        "--dry-run",
        AllBut("--purge --bulk-delete --no-delete"),
    ),
    tool("puppet", "--noop", AllBut("-t --test -v --verbose")),
    tool("flatpak snap", "", AllBut("-y --assumeyes --all --delete-data")),
    // Of these only their values are told, so that `--help` is known from one.
    tool("rm rmdir unlink", "", These("")),
    tool(
        "chmod",
        "",
        AllBut("-R --recursive -v --verbose -c --changes -f --silent --quiet"),
    ),
    tool("chown chgrp", "", These("--reference --from")),
    tool(
        "useradd usermod adduser",
        "",
        AllBut("-m --create-home -r --system -M -N -o -a --append -L -U"),
    ),
    tool("reboot poweroff halt", "", These("")),
    tool(
        "mdadm",
        "",
        AllBut(
            "-C --create -S --stop -A --assemble --zero-superblock -f --fail --remove -r --grow -G --manage --add --scan -s",
        ),
    ),
    tool(
        "fsck e2fsck fsck.ext2 fsck.ext3 fsck.ext4 fsck.xfs",
        "",
        These("-b -B -C -E -j -l -L -t -z -I -P -r"),
    ),
    tool(
        "xfs_repair btrfstune e2image reiserfstune",
        "",
        These("-o -l -r -m -t -c -b -j -U -M"),
    ),
    tool("podman nerdctl", "", DOCKER),
];

/// Programs that know `--help` and `--version` as their first argument only: they read options until the first
/// operand, have a language of their own, pass the rest on to another program, or do what they are told word by word.
/// So do all that run the rest of their arguments.
const FIRST: &str = " find fd test [ expr echo printf kill service init telinit redis-cli valkey-cli iptables ip6tables ebtables \
 arptables ifconfig route iwconfig arp ufw hdparm setpci xargs parallel watch ssh sshpass sudo doas env su runuser \
 bash sh dash zsh ksh ash fish busybox toybox screen tmux at batch expect awk gawk mawk sed curl lua osascript pwsh eval \
 exec command builtin trap source . chattr lsattr invoke-rc.d update-rc.d rc-service sv unset export ";

/// The same, but where they are given a script it has options of its own.
const INTERPRETERS: &str = " python python2 python3 perl ruby node nodejs php deno bun ";

/// Programs whose arguments are words of a language, where any may stand for a value of the one before.
const LANGUAGES: &str = " ip tc bridge nmcli ";

/// Keywords of iproute2 that take any text; they may be abbreviated.
const FREE: &[&str] = &[
    "alias", "altname", "name", "label", "property", "info", "password",
];

/// Verbs of programs behind which another program's arguments come.
const INNER: &[(&str, &str)] = &[
    (
        " docker podman nerdctl docker-compose podman-compose ctr crictl ",
        " run exec create ssh ",
    ),
    (" kubectl oc k3s minikube ", " run exec debug rsh ssh kubectl "),
    (
        " lxc incus pct machinectl vagrant multipass fly flyctl heroku gcloud aws az ",
        " exec run shell ssh run:detached ",
    ),
    (" npm pnpm yarn npx bundle uv poetry pipenv ", " exec run x dlx "),
];

fn is_in(list: &str, name: &str) -> bool {
    !name.is_empty()
        && list.match_indices(name).any(|(at, _)| {
            list[..at].chars().next_back().is_none_or(|c| c == ' ')
                && list[at + name.len()..].chars().next().is_none_or(|c| c == ' ')
        })
}

fn tools(name: &str) -> &'static [&'static Tool] {
    static TABLE: OnceLock<HashMap<&'static str, Vec<&'static Tool>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table: HashMap<&'static str, Vec<&'static Tool>> = HashMap::new();
        for tool in TOOLS {
            for name in tool.names.split(' ') {
                table.entry(name).or_default().push(tool);
            }
        }
        table
    });
    table.get(name).map_or(&[], Vec::as_slice)
}

/// A program's own options as it parses them.
#[derive(Debug, Default)]
struct Own<'a> {
    /// Each with where it stands and the value that is joined to it by a `=`.
    options: Vec<(usize, std::borrow::Cow<'a, str>, Option<&'a str>)>,
    /// Those that may as well be values of others: they can only take back.
    doubtful: Vec<(&'a str, Option<&'a str>)>,
    /// Values that options took.
    values: Vec<&'a str>,
    /// The first operand.
    first: Option<&'a str>,
}

impl<'a> Own<'a> {
    /// `alone` are options that take no value beside those that `takes` lists.
    fn of(words: &[&'a str], takes: Takes, ordered: bool, alone: &[&Tool]) -> Self {
        let mut own = Self::default();
        let mut at = 0;
        while let Some(word) = words.get(at).copied() {
            let before = at.checked_sub(1).map(|before| words[before]);
            at += 1;
            if word == "--" {
                if own.first.is_none() {
                    own.first = words.get(at).copied();
                }
                break;
            }
            let doubtful = matches!(takes, AllBut(plain) if before.is_some_and(|b| {
                may_take(plain, b) && !alone.iter().any(|tool| is_in(tool.options, b))
            }));
            if !word.starts_with('-') || word == "-" {
                if !doubtful && own.first.is_none() {
                    own.first = Some(word);
                    if ordered {
                        break;
                    }
                }
                continue;
            }
            let (name, joined) = match word.split_once('=') {
                Some((name, value)) if word.starts_with("--") || matches!(takes, AllBut(_)) => {
                    (name, Some(value))
                }
                _ => (word, None),
            };
            if doubtful {
                own.doubtful.push((name, joined));
                continue;
            }
            match takes {
                AllBut(_) => own.options.push((at - 1, name.into(), joined)),
                These(list) if word.starts_with("--") || is_in(list, word) => {
                    own.options.push((at - 1, name.into(), joined));
                    if let Some(value) = joined {
                        own.values.push(value);
                    } else if takes_next(list, word) {
                        own.values.extend(words.get(at));
                        at += 1;
                    }
                }
                These(list) => {
                    // `-s=false` and `-s-` take back what their letters say.
                    let letters = word
                        .char_indices()
                        .skip(1)
                        .find(|(_, letter)| is_in(list, &format!("-{letter}")))
                        .map_or(word, |(place, _)| &word[..place]);
                    let back = (letters.contains('=') || letters.len() > 1 && letters.ends_with('-'))
                        .then_some("no");
                    for (place, letter) in word.char_indices().skip(1) {
                        let flag = format!("-{letter}");
                        let valued = is_in(list, &flag);
                        own.options.push((at - 1, flag.into(), back));
                        if valued {
                            let inline = &word[place + letter.len_utf8()..];
                            if inline.is_empty() {
                                own.values.extend(words.get(at));
                                at += 1;
                            } else {
                                own.values.push(inline);
                            }
                            break;
                        }
                    }
                }
            }
        }
        own
    }

    /// Whether one of these is given; a value that says no, or its opposite, takes it back.
    fn says(&self, options: &str, until: usize) -> bool {
        let mut said = false;
        for (at, name, value) in &self.options {
            if takes_back(options, name, *value) {
                return false;
            }
            said |= is_in(options, name) && *at <= until;
        }
        said && !self
            .doubtful
            .iter()
            .any(|(name, value)| takes_back(options, name, *value))
    }
}

/// Whether an option is one of these with a value that says no, or the opposite of one.
fn takes_back(options: &str, name: &str, value: Option<&str>) -> bool {
    if is_in(options, name) {
        return value
            .is_some_and(|v| v.is_empty() || is_in("none false no 0 off never n f False FALSE F NONE", v));
    }
    name.strip_prefix("--no-").is_some_and(|long| {
        options
            .split(' ')
            .any(|option| option.trim_start_matches('-') == long && !option.is_empty())
    })
}

/// Whether an option of this spelling takes the next argument; a long one also where it is abbreviated.
fn takes_next(list: &str, word: &str) -> bool {
    is_in(list, word)
        || word.len() > 3
            && word.starts_with("--")
            && list.split_whitespace().any(|valued| valued.starts_with(word))
}

/// Whether a word may be an option that takes the next argument.
fn may_take(plain: &str, word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && !word.contains('=') && !is_in(plain, word)
}

/// Whether a program is told to pretend by an option of its own.
pub fn pretends(name: &str, words: &[&str]) -> bool {
    tools(name).iter().any(|tool| {
        let own = Own::of(words, tool.takes, tool.ordered, tools(name));
        own.says(tool.options, usize::MAX)
    })
}

/// The options of a program that take the next argument, where all are known.
pub fn valued(name: &str) -> Option<&'static str> {
    tools(name).first().and_then(|tool| match tool.takes {
        These(list) => Some(list),
        AllBut(_) => None,
    })
}

impl Call<'_> {
    /// How its options are parsed.
    fn parsing(&self) -> (Takes, bool) {
        let known = tools(self.name).first();
        (
            known.map_or(AllBut(""), |tool| tool.takes),
            self.ordered || known.is_some_and(|tool| tool.ordered),
        )
    }

    /// Whether one of these options is given to the program itself.
    pub fn has_own(&self, names: &[&str]) -> bool {
        let (takes, ordered) = self.parsing();
        let words: Vec<&str> = self.words().collect();
        let own = Own::of(&words, takes, ordered, tools(self.name));
        own.options
            .iter()
            .any(|(_, name, _)| names.contains(&name.as_ref()))
    }

    /// Whether it only tells about itself, or only pretends.
    pub fn only_informs(&self) -> bool {
        let tools = tools(self.name);
        let has_word = |starts: &[&str]| {
            self.words()
                .any(|word| starts.iter().any(|start| word.starts_with(start)))
        };
        // Most commands have nothing that could be one: no need to parse them.
        let may = tools.iter().any(|tool| !tool.telling.is_empty())
            || tools.iter().any(|tool| !tool.options.is_empty()) && has_word(&["-"])
            || has_word(&["--help", "--version"]);
        if !may {
            return false;
        }
        let first = self.words().next().unwrap_or_default();
        if matches!(first, "--help" | "--version") {
            return true;
        }
        // How far its own arguments reach, where another program's may follow.
        let until = INNER
            .iter()
            .filter(|(names, _)| is_in(names, self.name))
            .filter_map(|(_, verbs)| self.words().position(|word| is_in(verbs, word)))
            .min()
            .map_or(usize::MAX, |verb| verb + 1);
        let (takes, ordered) = self.parsing();
        let words: Vec<&str> = self.words().collect();
        let own = Own::of(&words, takes, ordered, tools);
        for tool in tools {
            let verb = own.first.unwrap_or_default();
            if is_in(tool.telling, verb) {
                return true;
            }
            if (tool.verbs.is_empty() || is_in(tool.verbs, verb)) && own.says(tool.options, until) {
                // A setting of apt's own says the same again, and differently.
                let apt = is_in("apt apt-get aptitude", self.name);
                return !own.values.iter().any(|value| {
                    let value = value.to_ascii_lowercase();
                    apt && ["simulate", "just-print", "dry-run", "recon", "no-act"]
                        .iter()
                        .any(|name| value.contains(name))
                });
            }
        }
        self.asks_for_help(&words, &own, until)
    }

    fn asks_for_help(&self, words: &[&str], own: &Own<'_>, until: usize) -> bool {
        let script = words.first().is_some_and(|word| !word.starts_with('-'));
        if is_in(FIRST, self.name)
            || is_wrapper(self.name)
            || is_in(INTERPRETERS, self.name) && !script
            || self.is_init_script()
        {
            return false;
        }
        // Helm's `--version` names a chart's.
        let wanted = if self.name == "helm" {
            "--help"
        } else {
            "--help --version"
        };
        if is_in(LANGUAGES, self.name) {
            // Directly behind the verb it is no value yet; and where iproute2 takes no free text it is a mistake.
            let behind_the_verb = words.len() <= 3
                && words.split_last().is_some_and(|(last, before)| {
                    is_in(wanted, last) && !before.iter().any(|word| word.starts_with('-'))
                });
            return behind_the_verb
                || self.name != "nmcli"
                    && words.windows(2).any(|pair| {
                        is_in(wanted, pair[1])
                            && !pair[0].is_empty()
                            && !pair[0].starts_with('-')
                            && !FREE.iter().any(|keyword| keyword.starts_with(pair[0]))
                    });
        }
        own.says(wanted, until)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::paths::Trees;
    use super::super::super::syntax::Span;
    use super::super::super::walk::{Argument, Place, Stream};
    use super::*;

    fn informs(line: &str) -> bool {
        let mut words = line.split(' ').map(|text| Argument {
            text: text.to_owned(),
            span: Span { start: 0, end: 0 },
        });
        let program = words.next().expect("a program");
        let args: Vec<Argument> = words.collect();
        let call = Call {
            name: &program.text,
            called: &program.text,
            args: &args,
            stdin: &Stream::empty(),
            cwd: None,
            trees: &Trees::default(),
            links: &HashMap::new(),
            place: Place::default(),
            output: None,
            appends: false,
            socket: false,
            origin: None,
            files: &HashMap::new(),
            ordered: false,
        };
        call.only_informs()
    }

    #[test]
    fn a_letter_says_what_it_says_behind_its_verb() {
        for line in [
            "git push -n origin",
            "git fetch --dry-run origin",
            "git clean -nd",
        ] {
            assert!(informs(line), "{line}");
        }
        for line in ["git fetch -n origin", "git pull -n", "git commit -n"] {
            assert!(!informs(line), "{line}");
        }
    }
}
