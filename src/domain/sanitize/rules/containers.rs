//! Containers, images and volumes, and what runs on a cluster.

use super::{Call, Hit, Rule, rules};

rules! {
    REMOVE_ALL = "containers.remove-all", Ask, "It removes or stops all containers or images of the host.",
        matches ["docker rmi -f $(docker images -q)", "docker system prune -a -f", "docker stop $(docker ps -q)", "docker kill $(docker ps -q)", "podman rm -fa", "docker ps -q | xargs docker kill"],
        near ["docker rm web", "docker ps -aq", "docker rm $(docker ps -aq -f status=exited)", "docker image prune -f"];
    REMOVE_RUNNING = "containers.remove-running", Deny, "It removes all containers or services, also those that run.",
        matches ["docker rm -f $(docker ps -aq)", "docker ps -aq | xargs docker rm -f", "docker service rm $(docker service ls -q)", "nerdctl rm -f $(nerdctl ps -aq)", "docker stack ls --format '{{.Name}}' | xargs docker stack rm", "ctr -n k8s.io c rm $(ctr -n k8s.io c ls -q)"],
        near ["docker rm -f web", "docker rm -f $(docker ps -aq --filter name=app)", "docker rm $(docker ps -aq -f status=exited)", "docker rmi -f $(docker images -q)"];
    VOLUMES = "containers.volumes", Deny, "It removes volumes: the data of containers is gone with them.",
        matches ["docker system prune -af --volumes", "docker volume rm $(docker volume ls -q)", "docker volume prune -af", "podman system reset -f", "podman volume rm -af"],
        near ["docker volume ls", "docker compose down", "docker compose up -d"];
    VOLUME = "containers.volume", Ask, "It removes a volume, a network or what is not used at the moment.",
        matches ["docker volume rm data", "docker network prune -f", "docker compose down -v", "docker-compose down --volumes", "docker compose rm -fv", "docker volume prune -f", "docker swarm leave --force", "docker service rm web", "docker stack rm app"],
        near ["docker network ls", "docker volume inspect data", "docker service ls", "docker rm -f web"];
    ESCAPE = "containers.escape", Deny, "The container gets the whole host.",
        matches ["docker run -v /:/mnt --rm -it alpine chroot /mnt id", "docker run --privileged --pid=host alpine nsenter -t 1 -m sh", "docker run -v /etc:/x alpine sh", "lxc config device add c r disk source=/ path=/mnt/root", "kubectl run x --image alpine --overrides '{\"spec\":{\"hostPID\": true}}'"],
        near ["docker run -v /opt/app/data:/data app", "docker run -p 80:80 nginx", "kubectl run x --image alpine"];
    ESCAPE_DOUBTFUL = "containers.host-access", Ask, "The container gets rights over the host that few containers need.",
        matches ["docker run --privileged app", "docker run --cap-add SYS_ADMIN app", "lxc config set c security.privileged true", "nsenter --target 1 --mount --pid -- bash", "docker run --pid=host alpine ps", "docker run -v /var/run/docker.sock:/var/run/docker.sock x"], near ["docker run --cap-add NET_BIND_SERVICE app", "docker run --network host app"];
    CLUSTER_DELETE = "cluster.delete", Deny, "It deletes namespaces, nodes, volumes or everything of a kind from a cluster.",
        matches ["kubectl delete namespace production", "kubectl delete ns prod", "kubectl delete all --all -n prod", "kubectl delete pvc --all", "kubectl delete node web-1 web-2", "kubectl delete deploy,svc --all -A", "kubectl delete crd x.example.com", "kubeadm reset -f", "kubectl delete pv data", "kubectl delete ns pr-17 production", "talosctl reset --graceful=false"],
        near ["kubectl delete namespace feature-123", "kubectl delete pvc cache-0", "kubectl get ns", "kubectl delete pod web-1", "kubectl rollout restart deploy/web", "kubectl delete -f old.yaml --dry-run=client"];
    CLUSTER_REMOVE = "cluster.remove", Ask, "It removes something from a cluster, or takes a node out of it.",
        matches ["kubectl delete deployment web", "kubectl drain node-1 --ignore-daemonsets", "helm uninstall web", "kubectl scale deploy --all --replicas=0", "kubectl cordon node-1", "kubectl delete -f app.yaml", "kubectl replace --force -f x.yaml", "helm delete web", "nomad job stop web", "kubectl patch deploy web -p '{\"spec\":{\"replicas\":0}}'", "calicoctl delete node web-1", "docker service scale web=0", "docker node update --availability drain n1", "helmfile destroy", "oc adm drain n1"],
        near ["kubectl scale deploy/web --replicas=3", "docker service scale web=3", "helmfile diff", "helm list", "kubectl uncordon node-1", "kubectl delete pod web-1", "helm upgrade web ./chart"];
    CLUSTER_RIGHTS = "cluster.rights", Deny, "It makes an account the administrator of the cluster.",
        matches ["kubectl create clusterrolebinding x --clusterrole=cluster-admin --user=bob"], near ["kubectl get clusterrolebinding", "kubectl create rolebinding x --role=view --user=bob"];
    CLUSTER_PROXY = "cluster.proxy", Ask, "It lets anybody on the network command the cluster.",
        matches ["kubectl proxy --address=0.0.0.0 --accept-hosts='.*'"], near ["kubectl proxy", "kubectl proxy --port=8002"];
    CLUSTER_SECRET = "cluster.secret", Ask, "It shows secrets of all of the cluster.",
        matches ["kubectl get secrets -A -o yaml", "kubectl get secrets --all-namespaces -o json"], near ["kubectl get secret db -o jsonpath='{.data.password}'", "kubectl get secrets"];
    MACHINES = "containers.machines", Ask, "It removes a virtual machine, or a container that is kept as one.",
        matches ["qm destroy 100 --purge", "virsh undefine web-1", "virsh destroy web-1", "lxc delete web", "vagrant destroy -f", "pct destroy 101", "multipass delete --all", "virsh vol-delete x --pool p"], near ["qm list", "virsh list --all", "lxc list", "vagrant status", "qm start 100"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("qm|pct stop|shutdown", &MACHINES),
    ("pvesh create|set|delete ~/status", &MACHINES),
    ("lxc|incus stop --all", &MACHINES),
    ("docker service scale ~=0", &CLUSTER_REMOVE),
    ("docker node update ~drain", &CLUSTER_REMOVE),
    ("dockerd ~tcp://0.0.0.0", &CLUSTER_PROXY),
    ("podman machine rm|reset", &MACHINES),
    ("ctr tasks|task|t kill|delete|rm", &VOLUME),
    (
        "ctr snapshots|snapshot|content|leases|lease rm|remove|delete|del",
        &VOLUME,
    ),
    ("buildah rm|rmi -a|--all", &REMOVE_ALL),
    ("kubectl|oc label ~enforce=privileged", &ESCAPE_DOUBTFUL),
    ("kubectl|oc apply --prune --all", &CLUSTER_REMOVE),
    ("helmfile destroy|delete", &CLUSTER_REMOVE),
    ("flux suspend", &CLUSTER_REMOVE),
    ("oc adm drain|cordon|taint", &CLUSTER_REMOVE),
    ("docker|podman|nerdctl system prune --volumes", &VOLUMES),
    ("docker|podman|nerdctl system prune -a|--all", &REMOVE_ALL),
    ("docker|podman|nerdctl system prune", &VOLUME),
    ("podman system reset", &VOLUMES),
    ("docker|podman|nerdctl volume prune -a|--all", &VOLUMES),
    ("docker|podman|nerdctl volume rm|remove|prune", &VOLUME),
    ("docker|podman|nerdctl network rm|prune|remove", &VOLUME),
    ("docker|podman compose down -v|--volumes", &VOLUME),
    ("docker|podman compose down --rmi", &VOLUME),
    ("docker|podman compose rm -v", &VOLUME),
    ("docker-compose|podman-compose down -v|--volumes", &VOLUME),
    ("docker-compose|podman-compose down --rmi", &VOLUME),
    ("docker swarm leave|init_", &VOLUME),
    ("docker service|stack|node|secret|config rm|remove", &VOLUME),
    ("docker node demote|update_", &VOLUME),
    ("podman|nerdctl volume rm|remove -a|--all|-af|-fa", &VOLUMES),
    ("podman|docker rm|stop|kill|rmi -a|--all", &REMOVE_ALL),
    ("podman pod rm|stop|kill -a|--all", &REMOVE_ALL),
    ("docker|podman rm -v|--volumes -f|--force", &VOLUME),
    ("docker|podman builder|buildx_ prune_", &VOLUME),
    ("docker context rm", &VOLUME),
    ("docker plugin disable|rm", &VOLUME),
    ("crictl rmi|rm|rmp|stopp -a|--all|--prune", &REMOVE_ALL),
    (
        "ctr images|containers|namespaces|c|i|ns rm|remove|delete|del",
        &VOLUME,
    ),
    ("kubeadm reset", &CLUSTER_DELETE),
    ("talosctl reset", &CLUSTER_DELETE),
    ("gcloud container clusters delete", &CLUSTER_DELETE),
    ("aws eks delete-cluster", &CLUSTER_REMOVE),
    (
        "calicoctl|cilium|crossplane|clusterctl|kustomize_ delete|uninstall",
        &CLUSTER_REMOVE,
    ),
    ("kubectl|oc proxy ~0.0.0.0", &CLUSTER_PROXY),
    ("kubectl|oc proxy --accept-hosts ~.*", &CLUSTER_PROXY),
    ("lxc|incus config device add ~source=/", &ESCAPE_DOUBTFUL),
    ("lxc|incus config device add source=/", &ESCAPE),
    (
        "lxc|incus config|init|launch|profile ~security.privileged",
        &ESCAPE_DOUBTFUL,
    ),
    ("crictl stopp|stop|rm|rmp|rmi ~-a", &REMOVE_ALL),
    ("kubectl|oc drain|cordon|taint", &CLUSTER_REMOVE),
    ("kubectl|oc replace --force", &CLUSTER_REMOVE),
    (
        "kubectl|oc create clusterrolebinding ~cluster-admin",
        &CLUSTER_RIGHTS,
    ),
    (
        "oc adm policy add-cluster-role-to-* cluster-admin",
        &CLUSTER_RIGHTS,
    ),
    ("oc delete project", &CLUSTER_DELETE),
    (
        "kubectl|oc get secret|secrets -A|--all-namespaces ~yaml|json|jsonpath|go-template",
        &CLUSTER_SECRET,
    ),
    ("kubectl|oc patch ~finalizers", &CLUSTER_REMOVE),
    ("kubectl|oc config delete-*|unset", &CLUSTER_REMOVE),
    ("kubectl|oc rollout undo|pause --all", &CLUSTER_REMOVE),
    ("helm uninstall|delete|del|un", &CLUSTER_REMOVE),
    (
        "helm upgrade|rollback --force|--cleanup-on-fail_ --reset-values",
        &CLUSTER_REMOVE,
    ),
    (
        "nomad job|node|namespace|volume|alloc stop|drain|purge|delete|deregister",
        &CLUSTER_REMOVE,
    ),
    ("nomad system|node gc|drain", &CLUSTER_REMOVE),
    ("nomad stop -purge", &CLUSTER_REMOVE),
    ("nomad stop", &CLUSTER_REMOVE),
    (
        "k3s-uninstall.sh|k3s-killall.sh|rke2-uninstall.sh|k3s-agent-uninstall.sh|rke2-killall.sh",
        &CLUSTER_DELETE,
    ),
    (
        "kind|k3d|minikube cluster|clusters|delete delete|cluster|clusters",
        &CLUSTER_REMOVE,
    ),
    ("minikube delete", &CLUSTER_REMOVE),
    ("kind delete", &CLUSTER_REMOVE),
    ("rke remove", &CLUSTER_DELETE),
    ("microk8s reset", &CLUSTER_DELETE),
    ("kops delete", &CLUSTER_DELETE),
    ("eksctl delete", &CLUSTER_DELETE),
    ("argocd app|cluster|proj delete|rm", &CLUSTER_REMOVE),
    ("flux uninstall|delete", &CLUSTER_REMOVE),
    ("velero backup|restore|schedule delete", &CLUSTER_REMOVE),
    ("istioctl uninstall", &CLUSTER_REMOVE),
    ("linkerd uninstall", &CLUSTER_REMOVE),
    (
        "qm|pct destroy|stop --purge|--destroy-unreferenced-disks|--force",
        &MACHINES,
    ),
    ("qm|pct destroy|rollback|delsnapshot|reset", &MACHINES),
    ("qm|pct disk unlink", &MACHINES),
    ("pvesm free|remove", &MACHINES),
    ("pvecm delnode", &CLUSTER_DELETE),
    (
        "virsh destroy|undefine|vol-delete|pool-delete|pool-destroy|net-destroy|net-undefine|snapshot-delete|snapshot-revert|vol-wipe|managedsave-remove|detach-disk|shutdown|reset|blockcommit",
        &MACHINES,
    ),
    ("lxc|incus delete|rm|restore", &MACHINES),
    (
        "lxc|incus storage|network|image|project|profile delete",
        &MACHINES,
    ),
    ("lxc-destroy", &MACHINES),
    ("vagrant destroy", &MACHINES),
    ("multipass delete|purge", &MACHINES),
    (
        "VBoxManage|vboxmanage unregistervm|closemedium|snapshot",
        &MACHINES,
    ),
    (
        "vim-cmd vmsvc/destroy|vmsvc/unregister|vmsvc/power.off",
        &MACHINES,
    ),
    ("esxcli vm|storage|system kill|remove|shutdown", &MACHINES),
    ("govc vm.destroy|datastore.rm|vm.power|object.destroy", &MACHINES),
    (
        "xl|xe destroy|vm-destroy|vm-uninstall|vdi-destroy|sr-destroy",
        &MACHINES,
    ),
    ("firecracker|machinectl terminate|remove|poweroff", &MACHINES),
    ("onevm|oneimage terminate|delete", &MACHINES),
    ("docker checkpoint rm", &VOLUME),
    ("qemu-img resize --shrink", &MACHINES),
    ("rancher clusters|cluster delete|rm", &CLUSTER_DELETE),
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    match call.name {
        "docker" | "podman" | "nerdctl" => docker(call),
        "ctr" | "crictl" if call.lists_own("rm remove delete del stop stopp rmp rmi") => {
            let images = call.has(&["images", "image", "i", "rmi"]);
            vec![Hit::on(
                if images || call.has(&["stop", "stopp"]) {
                    &REMOVE_ALL
                } else {
                    &REMOVE_RUNNING
                },
                "every container",
            )]
        }
        "helm" if call.lists_own("uninstall delete del un") => {
            vec![Hit::on(&CLUSTER_DELETE, "every release")]
        }
        "nsenter"
            if call.words().any(|word| {
                word.starts_with("--mount") || word == "-m" || word == "-a" || word == "--all"
            }) =>
        {
            let first = call
                .args
                .windows(2)
                .any(|pair| matches!(pair[0].text.as_str(), "-t" | "--target") && pair[1].text == "1")
                || call.words().any(|word| matches!(word, "--target=1" | "-t1"));
            if first {
                vec![Hit::of(&ESCAPE_DOUBTFUL)]
            } else {
                Vec::new()
            }
        }
        "kubectl" | "oc" => kubectl(call),
        _ => Vec::new(),
    }
}

fn docker(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().collect();
    let mut hits = Vec::new();
    let verb_at = words.iter().position(|w| {
        matches!(
            *w,
            "rm" | "rmi" | "stop" | "kill" | "pause" | "run" | "create" | "exec" | "remove"
        )
    });
    let Some(at) = verb_at else { return hits };
    // Not the values of options that say which engine is asked.
    let group = words[..at]
        .iter()
        .enumerate()
        .find(|(at, word)| {
            !word.starts_with('-')
                && (*at == 0
                    || !matches!(
                        words[at - 1],
                        "-n" | "--namespace"
                            | "-H"
                            | "--host"
                            | "--context"
                            | "-c"
                            | "--url"
                            | "-a"
                            | "--address"
                    ))
        })
        .map(|(_, word)| *word);
    match words[at] {
        "rm" | "rmi" | "stop" | "kill" | "pause" | "remove"
            if matches!(
                group,
                None | Some("container" | "image" | "volume" | "network" | "service" | "stack")
            ) =>
        {
            let unknown = words[at + 1..].iter().any(|w| {
                !w.starts_with('-') && super::super::words::text::has_unknown(w) && w.chars().count() == 1
            });
            let forced = words[at + 1..].iter().any(|w| {
                w.starts_with("-f")
                    || *w == "--force"
                    || w.starts_with('-') && w.contains('f') && !w.starts_with("--")
            });
            if unknown {
                let every = call
                    .origin
                    .is_some_and(|origin| origin.steps.first().is_some_and(|s| s == "containers, all"))
                    && !call
                        .origin
                        .is_some_and(|o| o.steps.iter().any(|s| s.contains("grep")));
                if group == Some("volume") {
                    hits.push(Hit::of(&VOLUMES));
                } else if every
                    && (forced && words[at] == "rm" && group != Some("image")
                        || matches!(group, Some("service" | "stack")))
                {
                    hits.push(Hit::of(&REMOVE_RUNNING));
                } else if call
                    .origin
                    .is_some_and(|o| o.steps.first().is_some_and(|s| s == "containers, chosen"))
                {
                    // Chosen by a filter.
                } else if forced || matches!(words[at], "stop" | "kill" | "pause") && group != Some("network")
                {
                    hits.push(Hit::of(&REMOVE_ALL));
                }
            }
        }
        "run" | "create" | "exec" if matches!(group, None | Some("container" | "compose")) => {
            hits.extend(host_access(&words[at + 1..]));
        }
        _ => {}
    }
    hits
}

fn host_access(words: &[&str]) -> Option<Hit> {
    let mut mounted = false;
    let mut doubtful = false;
    let mut privileged = false;
    let mut host_pid = false;
    for (at, word) in words.iter().enumerate() {
        let value = word
            .split_once('=')
            .map(|(_, v)| v)
            .or_else(|| words.get(at + 1).copied())
            .unwrap_or_default();
        match word.split('=').next().unwrap_or_default() {
            "-v" | "--volume" => {
                let host = value.split(':').next().unwrap_or_default();
                let host = if host.len() > 1 {
                    host.trim_end_matches('/')
                } else {
                    host
                };
                let read_only = value.ends_with(":ro") || value.contains(":ro,");
                if matches!(
                    host,
                    "/" | "/etc"
                        | "/root"
                        | "/boot"
                        | "/usr"
                        | "/bin"
                        | "/dev"
                        | "/var"
                        | "/home"
                        | "/proc"
                        | "/sys"
                        | "/lib"
                        | "/sbin"
                        | "/root/.ssh"
                ) {
                    if read_only
                        || matches!(host, "/proc" | "/sys" | "/home" | "/dev" | "/var")
                            && !words.contains(&"--privileged")
                    {
                        doubtful |= !read_only;
                    } else {
                        mounted = true;
                    }
                } else if host.ends_with("docker.sock") {
                    doubtful = true;
                }
            }
            "--mount"
                if value.contains("source=/,")
                    || value.contains("src=/,")
                    || value.contains("source=/etc,")
                    || value.contains("src=/etc,") =>
            {
                mounted |= !value.contains("readonly");
            }
            "--privileged" => privileged = true,
            "--pid" | "--userns" | "--ipc" | "--uts" if value == "host" => host_pid = true,
            "--cap-add" => {
                doubtful |= matches!(
                    value.to_uppercase().trim_start_matches("CAP_"),
                    "SYS_ADMIN" | "ALL" | "SYS_PTRACE" | "SYS_MODULE" | "DAC_READ_SEARCH" | "SYS_RAWIO"
                );
            }
            "--device" => doubtful |= super::disks::is_disk(value.split(':').next().unwrap_or_default()),
            "--security-opt" => doubtful |= value.contains("unconfined"),
            _ => {}
        }
    }
    if mounted || privileged && host_pid {
        Some(Hit::on(&ESCAPE, "the host's root"))
    } else if privileged || doubtful || host_pid {
        Some(Hit::of(&ESCAPE_DOUBTFUL))
    } else {
        None
    }
}

fn kubectl(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options(super::valued(call.name).unwrap_or_default());
    let mut hits = Vec::new();
    let verb = options.rest.first().map(String::as_str).unwrap_or_default();
    match verb {
        "delete" => {
            let kinds = options.rest.get(1).map(|k| k.to_lowercase()).unwrap_or_default();
            let listed = call.origin.is_some_and(|origin| {
                origin.steps.first().is_some_and(|s| {
                    s.starts_with("kubectl ") && {
                        let kind = s.trim_start_matches("kubectl ");
                        matches!(
                            kind,
                            "ns" | "namespace"
                                | "namespaces"
                                | "crd"
                                | "crds"
                                | "customresourcedefinition"
                                | "customresourcedefinitions"
                                | "pv"
                                | "pvc"
                                | "nodes"
                                | "node"
                                | "all"
                                | "no"
                        )
                    }
                }) && !origin.steps.iter().any(|s| s.contains("grep"))
            });
            if listed
                && options
                    .rest
                    .iter()
                    .skip(1)
                    .any(|w| super::super::words::text::has_unknown(w))
            {
                hits.push(Hit::on(&CLUSTER_DELETE, "cluster"));
            }
            let all = options.any(&["--all", "-A", "--all-namespaces"]);
            let grave = kinds.split(',').any(|kind| {
                let kind = kind.split('/').next().unwrap_or_default();
                let kind = kind.split('.').next().unwrap_or_default();
                matches!(
                    kind,
                    "namespace"
                        | "namespaces"
                        | "ns"
                        | "node"
                        | "nodes"
                        | "no"
                        | "pv"
                        | "pvc"
                        | "persistentvolume"
                        | "persistentvolumes"
                        | "persistentvolumeclaim"
                        | "persistentvolumeclaims"
                        | "crd"
                        | "crds"
                        | "customresourcedefinition"
                        | "customresourcedefinitions"
                        | "all"
                        | "statefulset"
                        | "statefulsets"
                        | "sts"
                        | "storageclass"
                        | "sc"
                        | "clusterrole"
                        | "clusterrolebinding"
                        | "apiservice"
                        | "volumesnapshot"
                        | "ingressclass"
                        | "project"
                )
            });
            let pod = kinds.split(',').all(|kind| {
                matches!(
                    kind.split('/').next().unwrap_or_default(),
                    "pod"
                        | "pods"
                        | "po"
                        | "job"
                        | "jobs"
                        | "replicaset"
                        | "rs"
                        | "cm"
                        | "configmap"
                        | "configmaps"
                )
            }) || call.origin.is_some_and(|origin| {
                origin.steps.first().is_some_and(|s| {
                    matches!(
                        s.as_str(),
                        "kubectl pods" | "kubectl pod" | "kubectl po" | "kubectl jobs"
                    )
                })
            }) || options.any(&["--ignore-not-found"])
                && options.value(&["-f", "--filename"]).is_some();
            let names: Vec<&str> = if kinds.contains('/') {
                let operands = options.rest.iter().skip(1);
                operands
                    .filter_map(|w| w.split_once('/').map(|(_, name)| name))
                    .collect()
            } else {
                options.rest.iter().skip(2).map(String::as_str).collect()
            };
            let wide = kinds.split(',').any(|kind| {
                let kind = kind.split('/').next().unwrap_or_default();
                matches!(
                    kind,
                    "namespace"
                        | "namespaces"
                        | "ns"
                        | "node"
                        | "nodes"
                        | "no"
                        | "pv"
                        | "persistentvolume"
                        | "persistentvolumes"
                        | "crd"
                        | "crds"
                        | "project"
                        | "storageclass"
                        | "sc"
                )
            });
            // The last one counts, and it may not be abbreviated.
            let namespace = options
                .values
                .iter()
                .rfind(|(given, _)| matches!(given.as_str(), "-n" | "--namespace"))
                .map(|(_, value)| value.as_str());
            let passing =
                |name: &&str| super::databases::scratch(name) || !wide && super::databases::transient(name);
            let scratch = !names.is_empty() && names.iter().all(passing)
                || !wide
                    && !options.any(&["-A", "--all-namespaces"])
                    && namespace.is_some_and(super::databases::scratch);
            // One node by its name: its work moves on. Without a name, or many, the cluster goes.
            let one_node = matches!(kinds.as_str(), "node" | "nodes" | "no")
                && !all
                && !options.any(&["-l", "--selector", "--force"])
                && names.len() == 1
                && !names
                    .iter()
                    .any(|name| super::super::words::text::has_unknown(name));
            if one_node {
                hits.push(Hit::of(&CLUSTER_REMOVE));
            } else if kinds.split(',').any(|k| {
                matches!(k, "sts" | "statefulset" | "statefulsets")
                    || k.starts_with("sts/")
                    || k.starts_with("statefulset/")
            }) && !all
            {
                hits.push(Hit::of(&CLUSTER_REMOVE));
            } else if scratch && (grave || all) {
                hits.push(Hit::of(&CLUSTER_REMOVE));
            } else if grave || all && !kinds.is_empty() && !pod {
                hits.push(Hit::on(&CLUSTER_DELETE, "cluster"));
            } else if all || !pod || kinds.is_empty() {
                hits.push(Hit::of(&CLUSTER_REMOVE));
            }
        }
        "patch"
            if call.words().any(|word| {
                let compact: String = word.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
                compact.contains("replicas:0") && !compact.contains("replicas:0.")
            }) =>
        {
            hits.push(Hit::of(&CLUSTER_REMOVE));
        }
        "scale" if options.value(&["--replicas"]) == Some("0") => hits.push(Hit::of(&CLUSTER_REMOVE)),
        "run" | "debug" | "create" | "apply" => {
            let text = format!(
                "{} {}",
                options.all_values(&["--overrides"]).join(" "),
                call.stdin.text.as_deref().unwrap_or_default()
            );
            let compact: String = text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
            if compact.contains("hostPID:true")
                || compact.contains("hostPath:{path:/}")
                || compact.contains("path:/}") && compact.contains("hostPath")
                || compact.contains("hostPath:path:/type")
                || compact.contains("privileged:true") && compact.contains("hostPath")
                || text.contains("hostPath:")
                    && text
                        .lines()
                        .any(|l| matches!(l.trim(), "path: /" | "path: /etc" | "path: /root"))
            {
                hits.push(Hit::on(&ESCAPE, "the host's root"));
            } else if compact.contains("privileged:true") || options.any(&["--privileged"]) {
                hits.push(Hit::of(&ESCAPE_DOUBTFUL));
            }
        }
        _ => {}
    }
    hits
}
