//! Taking all processes, memory or disk space.

use super::{Call, Hit, Rule, rules};

rules! {
    FORK_BOMB = "exhaust.fork-bomb", Deny, "It starts copies of itself until the host stands still.",
        matches [":(){ :|:& };:", "bomb() { bomb | bomb & }; bomb", "perl -e 'fork while fork'", "python3 -c 'import os\nwhile True: os.fork()'", "f(){ f & f & }; f"],
        near ["f() { echo x | cat & }; f", "retry() { \"$@\" || retry \"$@\"; }; retry true"];
    ENDLESS_READ = "exhaust.endless-read", Deny, "It reads a stream that never ends into memory.",
        matches ["tail /dev/zero", "x=$(cat /dev/zero)", "cat /dev/zero | sort", "sort /dev/urandom"],
        near ["head -c 100 /dev/zero", "cat /dev/zero | head -c 10", "tail -f /var/log/app.log", "dd if=/dev/urandom of=/tmp/x bs=1k count=64"];
    MEMORY = "exhaust.memory", Deny, "It takes more memory than a host has.",
        matches ["stress-ng --vm 8 --vm-bytes 95%", "python3 -c 'x = \"a\" * 10**10'", "perl -e '$x = \"a\" x 1e10'", "stress --vm 4 --vm-bytes 64G"],
        near ["stress-ng --help", "python3 -c 'print(2**10)'"];
    LOAD = "exhaust.load", Ask, "It puts load on the host on purpose.",
        matches ["stress --cpu 8", "stress-ng --cpu 0 --timeout 60", "openssl speed -multi 64", "fio --name=x --rw=write --size=100G --directory=/data"], near ["openssl speed", "fio --version"];
    DISK = "exhaust.disk", Deny, "It fills a disk.",
        matches ["dd if=/dev/zero of=/tmp/fill", "cat /dev/zero > /tmp/x", "yes > /tmp/x", "fallocate -l 900G /x", "cat /dev/urandom >> /var/tmp/fill"],
        near ["dd if=/dev/zero of=/tmp/x bs=1M count=100", "fallocate -l 2G /swapfile", "yes | apt-get install x"];
    MINER = "exhaust.miner", Deny, "It digs for coins with the host's processors.",
        matches ["xmrig -o pool.example.net:3333 -u x", "./worker -o stratum+tcp://pool.example.net:3333 -u x", "minerd -a cryptonight"],
        near ["xmrig --version", "grep -r stratum+tcp:// /opt/app/docs"];
    FILES = "exhaust.files", Ask, "It makes files without end.",
        matches ["for i in $(seq 1 1000000); do touch /data/$i; done", "while true; do mkdir x; cd x; done"], near ["for i in 1 2 3; do touch /tmp/$i; done", "while true; do touch /run/app/alive; sleep 5; done"];
    LIMITS = "exhaust.limits", Ask, "It takes the limits away that protect the host, or sets them so low that nothing runs.",
        matches ["ulimit -u 1", "systemctl set-property ssh.service MemoryMax=1M", "prlimit --nproc=1 --pid 1"], near ["ulimit -n 65536", "ulimit -a"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
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
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    let pool = || {
        call.words()
            .any(|w| w.starts_with("stratum+") || w.contains("=stratum+") || w == "--donate-level")
    };
    if (call.is("xmrig minerd cpuminer ccminer ethminer nbminer lolminer xmr-stak cgminer bfgminer t-rex phoenixminer")
        || !super::quiet::is_quiet(call.name) && pool())
        && !call.has(&["--version", "--help"])
    {
        hits.push(Hit::of(&MINER));
    }
    if call.is("mkdir") && call.place.endless_loop || call.is("touch mkdir mktemp") && call.place.long_loop {
        hits.push(Hit::of(&FILES));
    }
    let reads_endless = || {
        call.words()
            .any(|w| matches!(w, "/dev/zero" | "/dev/urandom" | "/dev/random" | "/dev/full"))
    };
    match call.name {
        "tail" | "sort" | "tac" | "shuf" | "less" | "vim" | "vi" | "nano" | "mapfile" | "readarray"
        | "sponge"
            if (reads_endless() || call.stdin.endless && call.name != "less") =>
        {
            hits.push(Hit::of(&ENDLESS_READ));
        }
        "grep" if reads_endless() => hits.push(Hit::of(&ENDLESS_READ)),
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
            if call.place.endless_loop && value("of=").is_some_and(|of| of != "/dev/null") {
                hits.push(Hit::of(&DISK));
            }
            if let (Some(count), Some(size)) = (count, size)
                && bytes(&count).saturating_mul(bytes(&size)) > 300 * 1024_u64.pow(3)
                && value("of=").is_some_and(|of| of != "/dev/null")
            {
                hits.push(Hit::of(&DISK));
            }
        }
        "ulimit" => {
            let options = call.options("-u -n -v -m -f -s -t");
            let tiny = |name: &str, least: u64| {
                options
                    .value(&[name])
                    .is_some_and(|v| v.parse::<u64>().is_ok_and(|v| v < least))
            };
            if tiny("-u", 16) || tiny("-n", 8) || tiny("-v", 1000) {
                hits.push(Hit::of(&LIMITS));
            }
        }
        "prlimit"
            if call
                .words()
                .any(|w| w.starts_with("--nproc=1") && w.len() < 11 || w.starts_with("--nofile=0")) =>
        {
            hits.push(Hit::of(&LIMITS));
        }
        "systemctl" if call.has(&["set-property"]) => {
            let tiny = call.words().any(|w| {
                w.starts_with("MemoryMax=") && w.len() < 13
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
