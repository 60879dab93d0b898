//! Taking all processes, memory or disk space.

use super::{Call, Hit, Rule, rules};

rules! {
    FORK_BOMB = "exhaust.fork-bomb", Deny, "It starts copies of itself until the host stands still.",
        matches [":(){ :|:& };:", "bomb() { bomb | bomb & }; bomb", "perl -e 'fork while fork'", "python3 -c 'import os\nwhile True: os.fork()'", "f(){ f & f & }; f"],
        near ["f() { echo x | cat & }; f", "retry() { \"$@\" || retry \"$@\"; }; retry true"];
    ENDLESS_READ = "exhaust.endless-read", Deny, "It reads a stream that never ends into memory.",
        matches ["tail /dev/zero", "x=$(cat /dev/zero)", "cat /dev/zero | sort", "sort /dev/urandom", "sort <(yes)", "read -r -d '' x < /dev/zero"],
        near ["head -c 100 /dev/zero", "cat /dev/zero | head -c 10", "tail -f /var/log/app.log", "dd if=/dev/urandom of=/tmp/x bs=1k count=64"];
    MEMORY = "exhaust.memory", Deny, "It takes more memory than a host has.",
        matches ["stress-ng --vm 8 --vm-bytes 95%", "python3 -c 'x = \"a\" * 10**10'", "perl -e '$x = \"a\" x 1e10'", "stress --vm 4 --vm-bytes 64G", "while :; do x=$x$x; done", "echo {1..999999999}", "a=(); while true; do a+=(x); done"],
        near ["stress-ng --help", "python3 -c 'print(2**10)'", "while true; do x=$x$x; [ ${#x} -gt 80 ] && break; done", "echo {1..9}"];
    LOAD = "exhaust.load", Ask, "It puts load on the host on purpose.",
        matches ["stress --cpu 8", "stress-ng --cpu 0 --timeout 60", "openssl speed -multi 64", "fio --name=x --rw=write --size=100G --directory=/data", "sha256sum /dev/zero", "yes > /dev/null", "while :; do :; done", "hping3 --flood 10.0.0.1", "kubectl scale deploy/web --replicas=100000", "dd if=/dev/urandom of=/dev/null bs=1M", "mysql -e 'SELECT BENCHMARK(999999999999, SHA2(1,512))'"],
        near ["openssl speed", "fio --version", "sha256sum /opt/app/app.jar", "while :; do sleep 1; done", "ping -c 3 10.0.0.1", "kubectl scale deploy/web --replicas=3", "ab -n 100 -c 5 http://localhost/"];
    DISK = "exhaust.disk", Deny, "It fills a disk.",
        matches ["dd if=/dev/zero of=/tmp/fill", "cat /dev/zero > /tmp/x", "yes > /tmp/x", "fallocate -l 900G /x", "cat /dev/urandom >> /var/tmp/fill", "seq inf > /tmp/x", "openssl rand -out /tmp/r 99999999999", "cat /dev/zero > /dev/shm/x", "while :; do echo x >> /tmp/x; done", "tail -f /tmp/x >> /tmp/x", "for i in {1..1000}; do fallocate -l 10G /data/$i; done"],
        near ["dd if=/dev/zero of=/tmp/x bs=1M count=100", "fallocate -l 2G /swapfile", "yes | apt-get install x", "while :; do echo x >> /tmp/x; sleep 5; done", "while true; do date > /run/app/alive; done", "seq 1 100 > /tmp/x"];
    FLOOD = "exhaust.flood", Deny, "It floods a log or people's mail.",
        matches ["yes | logger", "while true; do logger x; done", "cat /dev/urandom | base64 | systemd-cat", "while :; do echo x | mail -s x root; done"],
        near ["logger x", "while true; do logger x; sleep 60; done", "dmesg | logger", "echo x | mail -s x root"];
    LARGE = "exhaust.large", Ask, "It makes a file larger than most disks.",
        matches ["truncate -s 4T /data/x", "cp -a / /tmp/all", "dd if=/dev/zero of=/data/x bs=1 count=1 seek=10T"], near ["truncate -s 10G /data/vm.img", "cp -a /opt/app /tmp/app", "truncate -s 0 /opt/app/log/app.log"];
    MINER = "exhaust.miner", Deny, "It digs for coins with the host's processors.",
        matches ["xmrig -o pool.example.net:3333 -u x", "./worker -o stratum+tcp://pool.example.net:3333 -u x", "minerd -a cryptonight", "docker run -d miner --url=stratum+tcp://pool.example.net:4444"],
        near ["xmrig --version", "grep -r stratum+tcp:// /opt/app/docs"];
    FILES = "exhaust.files", Ask, "It makes files without end.",
        matches ["for i in $(seq 1 1000000); do touch /data/$i; done", "touch /data/f{1..100000}", "while true; do mktemp -d; sleep 1; done", "seq 1 1000000 | xargs touch"], near ["touch /data/f{1..100}", "seq 1 10 | xargs touch", "for i in 1 2 3; do touch /tmp/$i; done", "while true; do touch /run/app/alive; sleep 5; done"];
    FILES_ENDLESS = "exhaust.files-endless", Deny, "It makes files in a loop that neither ends nor pauses, until no more can be made.",
        matches ["i=0; while true; do : > /var/tmp/f$i; i=$((i+1)); done", "while :; do mktemp; done", "while true; do touch /data/$RANDOM; done", "while :; do ln -s x /tmp/l$RANDOM; done", "while mktemp; do :; done"],
        near ["while sleep 5; do touch /run/app/$RANDOM; done", "while true; do touch /run/app/alive; sleep 5; done", "while true; do date > /run/app/alive; done"];
    LIMITS = "exhaust.limits", Ask, "It takes the limits away that protect the host, or sets them so low that nothing runs.",
        matches ["ulimit -u 1", "systemctl set-property ssh.service MemoryMax=1M", "prlimit --nproc=1 --pid 1", "choom -n 1000 -p $(pidof sshd)"], near ["ulimit -n 65536", "ulimit -a"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("chcpu|chmem -d|--disable", &LIMITS),
    ("quotaoff -a", &LIMITS),
    ("chrt 99 -f|-r|--fifo|--rr", &LIMITS),
    ("cgset|cgdelete ~.slice", &LIMITS),
    ("masscan|zmap", &LOAD),
    ("nmap -T5|--min-rate", &LOAD),
    ("bonnie++ -d", &LOAD),
    (
        "stress|stress-ng --vm|--vm-bytes|-m|--brk|--bigheap|--malloc",
        &MEMORY,
    ),
    (
        "stress|stress-ng --cpu|-c|--io|-i|--hdd|-d|--fork|--all|--class|--matrix",
        &LOAD,
    ),
    ("stress-ng --fork|--vfork|--clone|--fork-max", &FORK_BOMB),
    ("memtester|memhog", &MEMORY),
    ("openssl speed -multi", &LOAD),
    ("fio|iozone|bonnie++|sysbench ~write", &LOAD),
    ("sysbench ~run", &LOAD),
    ("7z|7za|7zr b", &LOAD),
    ("hping3|hping|nping --flood", &LOAD),
    ("ping|ping6 -f", &LOAD),
    (
        "slowhttptest|slowloris|goldeneye|hulk|mdk3|mdk4|t50|mausezahn|siege|stressapptest|cpuburn|thc-ssl-dos",
        &LOAD,
    ),
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    let pool = || {
        call.words()
            .any(|w| w.starts_with("stratum+") || w.contains("=stratum+") || w == "--donate-level")
    };
    let mines = call.is("xmrig minerd cpuminer ccminer ethminer nbminer lolminer xmr-stak cgminer bfgminer t-rex phoenixminer");
    let may_mine = !super::quiet::is_quiet(call.name) || call.is("docker podman nerdctl kubectl");
    if mines || may_mine && pool() {
        hits.push(Hit::of(&MINER));
    }
    if call.is("mkdir mktemp touch ln mkfifo mknod") && call.place.busy_loop {
        hits.push(Hit::of(&FILES_ENDLESS));
    } else if call.is("mkdir mktemp") && call.place.endless_loop
        || call.is("touch mkdir mktemp") && call.place.long_loop
    {
        hits.push(Hit::of(&FILES));
    }
    let reads_endless = || {
        call.words().any(|w| {
            matches!(w, "/dev/zero" | "/dev/urandom" | "/dev/random" | "/dev/full")
                || w.starts_with("/dev/fd/") && call.files.get(w).is_some_and(|content| content.endless)
        })
    };
    let kept = call
        .output
        .is_some_and(|output| !output.starts_with("/dev/") || output.starts_with("/dev/shm/"));
    if kept && call.appends && call.is(QUICK) && (call.place.busy_loop || feeds_itself(call)) {
        hits.push(Hit::on(&DISK, "never ends"));
    }
    if call.name == "split" && (call.stdin.endless || reads_endless()) {
        hits.push(Hit::on(&FILES_ENDLESS, "never ends"));
    }
    if call.name == "truncate" && call.place.busy_loop && call.words().any(|w| w.contains('+')) {
        hits.push(Hit::on(&DISK, "one after another"));
    }
    if call.is("fallocate") && (call.place.busy_loop || call.place.long_loop) {
        hits.push(Hit::on(&DISK, "one after another"));
    }
    let told = call.is("logger systemd-cat mail mailx sendmail mutt wall");
    if told && (call.place.busy_loop || call.place.long_loop || call.stdin.endless || reads_endless()) {
        hits.push(Hit::of(&FLOOD));
    }
    let bounded = call.is("od xxd hexdump")
        && call.words().any(|w| {
            w.starts_with("-N") || w.starts_with("-l") || w.starts_with("-n") || w.starts_with("--read-bytes")
        });
    let nobody = !bounded && (!call.place.captured || call.output == Some("/dev/null"));
    if nobody && (call.is("yes") || call.is(READ_ON) && (call.stdin.endless || reads_endless())) {
        hits.push(Hit::on(&LOAD, "never ends"));
    }
    if call.is("docker podman nerdctl kubectl") && call.place.long_loop && call.has(&["run", "create"]) {
        hits.push(Hit::on(&LOAD, "very many"));
    }
    // `printf '%9999999999d' 1`: as many blanks.
    if call.name == "printf"
        && call.words().next().is_some_and(|format| {
            format.split('%').skip(1).any(|part| {
                part.trim_start_matches(['-', '0', '+', ' '])
                    .bytes()
                    .take_while(u8::is_ascii_digit)
                    .count()
                    > 8
            })
        })
    {
        hits.push(Hit::on(&MEMORY, "blanks"));
    }
    // Everything once more, onto the same disk.
    if call.name == "cp" && copies_all(call) {
        hits.push(Hit::on(&LARGE, "everything"));
    }
    hits.extend(load(call));
    match call.name {
        "tail" | "sort" | "tac" | "shuf" | "less" | "vim" | "vi" | "nano" | "mapfile" | "readarray"
        | "sponge"
            if (reads_endless() || call.stdin.endless && call.name != "less") =>
        {
            hits.push(Hit::of(&ENDLESS_READ));
        }
        "read" if call.stdin.endless && call.has(&["-d", "-N"]) => hits.push(Hit::of(&ENDLESS_READ)),
        "find"
            if call.words().next() == Some("/")
                && call.has(&["-exec"])
                && call.args.windows(2).any(|pair| {
                    matches!(pair[0].text.as_str(), "grep" | "egrep") && pair[1].text.starts_with("-r")
                }) =>
        {
            hits.push(Hit::on(&LOAD, "everything, again for every file"));
        }
        "truncate" => {
            let options = call.options("-s --size -r --reference");
            if options
                .value(&["-s", "--size"])
                .is_some_and(|size| bytes(size.trim_start_matches(['+', '<', '>'])) > 1024_u64.pow(4))
            {
                hits.push(Hit::of(&LARGE));
            }
        }
        "mkfile" | "xfs_mkfile" if call.words().any(huge) => hits.push(Hit::of(&DISK)),
        "socat"
            if reads_endless()
                || call
                    .words()
                    .any(|w| w.contains("/dev/zero") || w.contains("/dev/urandom")) =>
        {
            hits.push(Hit::of(&DISK));
        }
        "grep" if reads_endless() || call.stdin.endless && call.stdin.noise => {
            hits.push(Hit::of(&ENDLESS_READ));
        }
        "fallocate" => {
            let options = call.options("-l -o --length --offset");
            let all = options.value(&["-l", "--length"]).is_some_and(|size| {
                super::super::words::text::has_unknown(size)
                    && call.origin.is_some_and(|o| o.steps.iter().any(|s| s == "df"))
            });
            if all || options.value(&["-l", "--length"]).is_some_and(huge) {
                hits.push(Hit::of(&DISK));
            }
        }
        "head" => {
            let options = call.options("-c -n --bytes --lines");
            let most = 50 * 1024_u64.pow(3);
            if options
                .value(&["-c", "--bytes"])
                .is_some_and(|size| bytes(size) > most)
                && call.output.is_some_and(|o| o != "/dev/null")
            {
                hits.push(Hit::of(&DISK));
            }
        }
        "dd" => {
            let value = |key: &str| call.words().find_map(|w| w.strip_prefix(key).map(str::to_owned));
            let (count, size) = (value("count="), value("bs="));
            if count.is_none()
                && value("of=").as_deref() == Some("/dev/null")
                && value("if=")
                    .is_some_and(|from| matches!(from.as_str(), "/dev/zero" | "/dev/urandom" | "/dev/random"))
            {
                hits.push(Hit::on(&LOAD, "never ends"));
            }
            if call.place.endless_loop && value("of=").is_some_and(|of| of != "/dev/null") {
                hits.push(Hit::of(&DISK));
            }
            if value("seek=").is_some_and(|seek| bytes(&seek) > 1024_u64.pow(4)) {
                hits.push(Hit::of(&LARGE));
            }
            if let (Some(count), Some(size)) = (count, size)
                && bytes(&count).saturating_mul(bytes(&size)) > 300 * 1024_u64.pow(3)
                && value("of=").is_some_and(|of| of != "/dev/null")
            {
                hits.push(Hit::of(&DISK));
            }
        }
        "openssl"
            if call.has(&["rand"])
                && call
                    .words()
                    .any(|w| w.len() > 10 && w.bytes().all(|b| b.is_ascii_digit())) =>
        {
            hits.push(Hit::of(&DISK));
        }
        "cpulimit"
            if call
                .args
                .windows(2)
                .any(|pair| matches!(pair[0].text.as_str(), "-p" | "--pid") && pair[1].text == "1") =>
        {
            hits.push(Hit::of(&LIMITS));
        }
        "choom" => {
            let options = call.options("-n --adjust -p --pid");
            if options
                .value(&["-n", "--adjust"])
                .is_some_and(|score| score.parse::<i32>().is_ok_and(|score| score >= 500))
                && call.origin.is_some_and(|origin| {
                    origin
                        .steps
                        .iter()
                        .any(|step| step.contains("ssh") || step.contains("systemd") || step.contains("init"))
                })
            {
                hits.push(Hit::of(&LIMITS));
            }
        }
        "ulimit" => {
            let options = call.options("-u -n -v -m -f -s -t");
            let tiny = |name: &str, least: u64| {
                options
                    .value(&[name])
                    .is_some_and(|v| v.parse::<u64>().is_ok_and(|v| v < least))
            };
            if tiny("-s", 64)
                || tiny("-t", 5)
                || tiny("-u", 16)
                || tiny("-n", 8)
                || tiny("-v", 1000)
                || tiny("-f", 1)
            {
                hits.push(Hit::of(&LIMITS));
            }
        }
        "prlimit"
            if call
                .words()
                .any(|w| w.starts_with("--nproc=1") && w.len() < 11 || w.starts_with("--nofile=0"))
                || call
                    .args
                    .windows(2)
                    .any(|pair| matches!(pair[0].text.as_str(), "-p" | "--pid") && pair[1].text == "1")
                    && call.words().any(|w| w.contains('=')) =>
        {
            hits.push(Hit::of(&LIMITS));
        }
        "systemctl" if call.has(&["set-property"]) => {
            let tiny = call.words().any(|w| {
                w.starts_with("MemoryMax=") && w.len() <= 13
                    || w.starts_with("TasksMax=1") && w.len() < 11
                    || w.starts_with("CPUQuota=1%")
            });
            if tiny {
                hits.push(Hit::of(&LIMITS));
            }
        }
        _ => {}
    }
    hits
}

/// What prints at once and ends, so that a loop around it does not wait.
const QUICK: &str = "echo printf date cat cp dd head tail tac yes seq tr base64 ps ls dmesg env uptime df free hostname uuidgen openssl od xxd ip ss";
/// What reads to the end of its input, whatever it is.
const READ_ON: &str = "md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum wc gzip bzip2 xz zstd lz4 pigz 7z tar diff cmp ffmpeg sed awk gawk mawk tr od xxd hexdump strings base64 cat openssl pv split perl";

/// Whether the file that the output is put at the end of is what is read.
fn feeds_itself(call: &Call<'_>) -> bool {
    call.is("cat tail tac")
        && call
            .output
            .is_some_and(|output| call.words().any(|word| call.path(word) == call.path(output)))
}

/// `cp -r / /tmp/x`: the whole tree into a part of itself.
fn copies_all(call: &Call<'_>) -> bool {
    let options = call.options("-t -S --target-directory --suffix");
    options.any(&["-r", "-R", "-a", "--recursive", "--archive"])
        && options.rest.split_last().is_some_and(|(target, sources)| {
            sources
                .iter()
                .any(|source| matches!(call.path(source).as_str(), "/" | "/*"))
                && ["/tmp", "/var", "/root", "/home", "/opt", "/dev/shm", "/usr"]
                    .iter()
                    .any(|tree| super::super::paths::is_under(&call.path(target), tree))
        })
}

/// Load by numbers that are far beyond what a host of this kind serves.
fn load(call: &Call<'_>) -> Option<Hit> {
    let number = |text: &str| text.trim_end_matches(['k', 'K']).parse::<f64>().unwrap_or(0.0);
    let heavy = match call.name {
        "ab" | "wrk" | "wrk2" | "hey" | "bombardier" | "vegeta" | "boom" => {
            let options = call.options("-n -c -t -d -z -r -R -s -T -H -k_");
            options.value(&["-n"]).is_some_and(|n| number(n) >= 1e6)
                || options.value(&["-c"]).is_some_and(|c| number(c) >= 1e3)
        }
        "iperf" | "iperf3" => {
            let options = call.options("-c -t -P -p -b -i");
            options.value(&["-t"]) == Some("0") || options.value(&["-P"]).is_some_and(|p| number(p) >= 64.0)
        }
        "kubectl" | "oc" | "docker" | "docker-compose" | "nomad" | "aws" => call.words().any(|word| {
            (word.starts_with("--replicas=")
                || call.has(&["scale", "--scale", "--replicas", "--desired-count"]))
                && word
                    .rsplit('=')
                    .next()
                    .is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count >= 1_000))
        }),
        "psql" | "mysql" | "mariadb" => call.words().any(|word| {
            let upper = word.to_uppercase();
            (word.contains("generate_series") || upper.contains("BENCHMARK(") || upper.contains("SLEEP("))
                && word.split(|c: char| !(c.is_ascii_alphanumeric())).any(|n| {
                    n.len() >= 9 && n.bytes().all(|b| b.is_ascii_digit())
                        || n.starts_with("1e") && n.len() > 2
                })
        }),
        "redis-cli" | "valkey-cli" => {
            let mut words = call
                .words()
                .skip_while(|word| !word.eq_ignore_ascii_case("debug"));
            words.next().is_some()
                && words
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case("populate"))
                && words.next().is_some_and(|count| number(count) >= 1e6)
        }
        _ => false,
    };
    heavy.then(|| Hit::on(&LOAD, "very many"))
}

/// Whether a size is more than any disk of a host has left.
pub fn is_huge(size: &str) -> bool {
    bytes(size) > 50 * 1024_u64.pow(3)
}

/// Whether a size is beyond what anybody makes on purpose.
fn huge(size: &str) -> bool {
    bytes(size) > 300 * 1024_u64.pow(3)
}

/// `10G`, `1M`, `4k` in bytes.
fn bytes(size: &str) -> u64 {
    let digits = size.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = size[..digits].parse().unwrap_or(1);
    let unit = match size[digits..].chars().next() {
        Some('k' | 'K') => 1024,
        Some('m' | 'M') => 1024_u64.pow(2),
        Some('g' | 'G') => 1024_u64.pow(3),
        Some('t' | 'T') => 1024_u64.pow(4),
        Some('p' | 'P' | 'e' | 'E') => 1024_u64.pow(5),
        _ => 1,
    };
    number.saturating_mul(unit)
}
