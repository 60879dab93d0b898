//! Power, run levels, targets.

use super::{Call, Hit, Rule, rules};

rules! {
    OFF = "power.off", Deny, "It switches the host off, and nobody is there to switch it on.",
        matches ["shutdown -h now", "poweroff", "halt -p", "init 0", "systemctl poweroff", "shutdown now", "telinit 0", "shutdown -P +1", "openrc-shutdown -p now"],
        near ["shutdown -c", "man shutdown", "last -x reboot", "systemctl status poweroff.target", "wall 'shutdown at noon'"];
    OFF_PLANNED = "power.off-planned", Ask, "It switches the host off in an orderly way, with time to stop it.",
        matches ["shutdown -h +30 'disks are changed'", "shutdown -P 23:00", "ipmitool chassis power soft"], near ["shutdown -c", "ipmitool chassis power status"];
    REBOOT = "power.reboot", Ask, "It starts the host again while it may be in service.",
        matches ["reboot", "shutdown -r +5", "systemctl reboot", "init 6", "needs-restarting -r || shutdown -r now"],
        near ["last reboot", "systemctl list-dependencies reboot.target", "who -b"];
    FORCED = "power.forced", Deny, "It stops or restarts the host without stopping what runs on it.",
        matches ["reboot -f", "systemctl reboot --force --force", "halt -f", "reboot -nf", "echo b > /proc/sysrq-trigger"],
        near ["reboot --help", "systemctl restart app"];
    HIDDEN = "power.hidden", Deny, "It restarts the host after the step has ended, when nobody looks any more.",
        matches ["sleep 30 && reboot &", "nohup sh -c 'sleep 60; reboot' &", "(sleep 10; init 6) &"], near ["sleep 30 && systemctl restart app &"];
    LEVEL = "power.level", Deny, "It leaves the run level in which services run.",
        matches ["init 1", "systemctl isolate rescue.target", "systemctl rescue", "systemctl emergency", "telinit s", "systemctl isolate poweroff.target"],
        near ["runlevel", "systemctl get-default", "systemctl isolate multi-user.target"];
    DEFAULT = "power.default-target", Deny, "The host would not start its services when it starts again.",
        matches ["systemctl set-default rescue.target", "systemctl set-default poweroff.target"], near ["systemctl set-default multi-user.target", "systemctl get-default"];
    SLEEP = "power.sleep", Ask, "It puts the host to sleep.",
        matches ["systemctl suspend", "systemctl hibernate", "pm-suspend", "rtcwake -m mem -s 60"], near ["systemctl status sleep.target", "rtcwake -m no -s 60"];
    REMOTE = "power.remote", Deny, "It cuts the power of a host through its management board.",
        matches ["ipmitool chassis power off", "ipmitool -H b -U u -P p power cycle"], near ["ipmitool chassis power status", "ipmitool sel list"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("runit-init 0", &OFF),
    ("runit-init 6", &REBOOT),
    ("s6-linux-init-hpr|s6-poweroff|s6-halt", &OFF),
    ("s6-reboot", &REBOOT),
    ("dinitctl shutdown", &OFF),
    ("upsmon -c fsd", &OFF),
    ("apcupsd|upsdrvctl --killpower", &OFF),
    (
        "initctl emit runlevel RUNLEVEL=0|RUNLEVEL=1|RUNLEVEL=6|RUNLEVEL=S",
        &LEVEL,
    ),
    (
        "ansible|ansible-console * reboot|ansible.builtin.reboot -m|--module-name",
        &REBOOT,
    ),
    (
        "systemctl suspend|hibernate|hybrid-sleep|suspend-then-hibernate",
        &SLEEP,
    ),
    ("pm-suspend|pm-hibernate|s2ram|s2disk|zzz", &SLEEP),
    ("rtcwake ~mem|disk|standby|freeze|off", &SLEEP),
    ("ipmitool chassis power off|cycle|reset", &REMOTE),
    ("ipmitool power off|cycle|reset", &REMOTE),
    ("ipmitool chassis power soft", &OFF_PLANNED),
    ("ipmitool power soft", &OFF_PLANNED),
    ("openrc|rc single|shutdown", &LEVEL),
    ("redfishtool|redfish ~poweroff|forceoff|forcerestart", &REMOTE),
    ("racadm serveraction powerdown|powercycle|hardreset", &REMOTE),
    ("systemctl soft-reboot|kexec", &REBOOT),
    ("loginctl poweroff|halt", &OFF),
    ("loginctl reboot", &REBOOT),
    ("busctl|dbus-send|gdbus ~poweroff|halt", &OFF),
    ("busctl|dbus-send|gdbus ~reboot", &REBOOT),
    ("xe host-shutdown|host-reboot|vm-shutdown", &REMOTE),
    ("openrc-shutdown", &OFF),
    ("acpitool -s", &SLEEP),
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    if !call.is("shutdown poweroff halt reboot init telinit systemctl uadmin") {
        return Vec::new();
    }
    let options = call.options("-t -m --message --time --when -n");
    let operand = options.rest.first().map(String::as_str).unwrap_or_default();
    let restart = || if call.place.background { &HIDDEN } else { &REBOOT };
    let forced = || {
        call.words()
            .map(|w| match w.strip_prefix('-') {
                Some(letters) if !letters.starts_with('-') => letters.matches('f').count(),
                _ => usize::from(w.len() > 4 && "--force".starts_with(w)),
            })
            .sum::<usize>()
    };
    let rule = match call.name {
        "shutdown" => {
            if options.any(&["-c", "--show"]) {
                return Vec::new();
            }
            if options.any(&["-r", "--reboot"]) && !options.any(&["-h", "-P", "-H", "--halt", "--poweroff"]) {
                if options.any(&["-f", "-n"]) {
                    &FORCED
                } else {
                    restart()
                }
            } else if options.any(&["-k"]) {
                return Vec::new();
            } else if planned(&options) {
                &OFF_PLANNED
            } else {
                &OFF
            }
        }
        "poweroff" | "halt" => {
            if options.any(&["--wtmp-only", "-w"]) {
                return Vec::new();
            }
            if options.any(&["--reboot"]) {
                restart()
            } else if forced() > 0 {
                &FORCED
            } else {
                &OFF
            }
        }
        "reboot" => {
            if options.any(&["--wtmp-only", "-w"]) {
                return Vec::new();
            }
            if options.any(&["-p", "--poweroff", "--halt"]) {
                &OFF
            } else if forced() > 0 || options.any(&["-n", "--no-sync"]) {
                &FORCED
            } else {
                restart()
            }
        }
        "init" | "telinit" => match operand {
            "0" => &OFF,
            "6" => restart(),
            "1" | "s" | "S" | "single" => &LEVEL,
            _ => return Vec::new(),
        },
        "systemctl" => return systemctl(call, operand, &options, forced()),
        "uadmin" => &FORCED,
        _ => return Vec::new(),
    };
    vec![Hit::on(rule, "power")]
}

/// Whether there is time to stop it: it happens at an hour, or so many minutes later that people are told before.
fn planned(options: &super::Options) -> bool {
    let said = options.rest.len() > 1;
    options.rest.first().is_some_and(|when| {
        let minutes = when.strip_prefix('+').and_then(|n| n.parse::<u32>().ok());
        let hour = when
            .split_once(':')
            .is_some_and(|(h, m)| [h, m].iter().all(|n| n.len() <= 2 && n.parse::<u8>().is_ok()));
        hour || minutes.is_some_and(|minutes| minutes >= 10 || minutes > 1 && said)
    })
}

fn systemctl(call: &Call<'_>, verb: &str, options: &super::Options, forced: usize) -> Vec<Hit> {
    let restart = || if call.place.background { &HIDDEN } else { &REBOOT };
    let unit = options
        .rest
        .get(1)
        .map(|unit| unit.trim_end_matches(".target"))
        .unwrap_or_default();
    let rule = match verb {
        "poweroff" | "halt" if forced > 1 => &FORCED,
        "poweroff" | "halt" => &OFF,
        "reboot" if forced > 0 => &FORCED,
        "reboot" => restart(),
        "rescue" | "emergency" => &LEVEL,
        "isolate" | "start" | "switch-root"
            if matches!(
                unit,
                "rescue"
                    | "emergency"
                    | "poweroff"
                    | "halt"
                    | "sysinit"
                    | "basic"
                    | "runlevel0"
                    | "runlevel1"
                    | "shutdown"
                    | "umount"
                    | "exit"
            ) =>
        {
            &LEVEL
        }
        "isolate" | "start" if matches!(unit, "reboot" | "runlevel6" | "kexec") => restart(),
        "set-default" if !matches!(unit, "multi-user" | "graphical" | "runlevel3" | "runlevel5") => &DEFAULT,
        "exit" if !options.any(&["--user"]) => &OFF,
        _ => return Vec::new(),
    };
    vec![Hit::on(rule, "power")]
}
