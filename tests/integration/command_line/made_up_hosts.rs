//! Made-up hosts with the files that `edgewise` needs to reach them.

use edgewise::fleet::{Fleet, FleetPlan, HostPlan};
use tempfile::TempDir;

/// Hosts in this process, and a folder with `ssh_config` and `known_hosts` for them.
pub(crate) struct MadeUpHosts {
    pub fleet: Fleet,
    pub folder: TempDir,
    /// Runs the hosts while the test waits for a binary.
    _runtime: tokio::runtime::Runtime,
}

impl MadeUpHosts {
    /// Hosts of these names, all of them known.
    pub fn start(names: &[&str]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let plan = FleetPlan {
            hosts: names
                .iter()
                .map(|name| HostPlan {
                    name: (*name).to_owned(),
                    zone: "east".to_owned(),
                })
                .collect(),
            root: folder.path().join("fleet"),
        };
        let fleet = runtime.block_on(Fleet::start(plan)).unwrap();
        let known_hosts = folder.path().join("known_hosts");
        std::fs::write(&known_hosts, fleet.known_hosts_text()).unwrap();
        let config = format!(
            "UserKnownHostsFile {}\nGlobalKnownHostsFile none\nIdentityFile {}\nIdentityAgent none\nConnectTimeout 5\n{}",
            known_hosts.display(),
            fleet.client_key().display(),
            fleet.ssh_config_text()
        );
        std::fs::write(folder.path().join("ssh_config"), config).unwrap();
        Self {
            fleet,
            folder,
            _runtime: runtime,
        }
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
