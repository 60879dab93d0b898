//! What a cloud provider keeps: machines, buckets, databases, zones; and whole infrastructures by plan.

use super::{Call, Hit, Rule, rules};

rules! {
    DESTROY = "cloud.destroy", Deny, "It destroys a whole infrastructure, or a bucket with all it holds.",
        matches ["terraform destroy -auto-approve", "aws s3 rb s3://data --force", "aws s3 rm s3://data --recursive", "gsutil -m rm -r gs://data", "pulumi destroy --yes", "aws rds delete-db-instance --db-instance-identifier db --skip-final-snapshot", "gcloud projects delete p", "rclone purge s3:data", "az group delete -n rg --yes"],
        near ["aws s3 rm s3://bucket/logs/2022/ --recursive", "gsutil -m rm -r gs://logs/2021/", "rclone delete remote:backups/2021 --min-age 365d", "rclone purge remote:tmp/build-cache", "terraform plan -destroy", "aws s3 ls s3://data", "gsutil ls gs://data", "aws s3 rm s3://data/one.txt"];
    DELETE = "cloud.delete", Ask, "It deletes something at a cloud provider.",
        matches ["aws ec2 terminate-instances --instance-ids i-1", "aws s3 sync /empty s3://data --delete", "gcloud compute instances delete web-1", "az vm delete -n web-1 -g rg", "doctl compute droplet delete web-1", "aws route53 delete-hosted-zone --id Z", "gcloud storage buckets delete gs://x", "hcloud server delete web-1", "terraform apply -destroy", "terraform state rm x", "heroku apps:destroy app", "aws s3 rm s3://bucket/logs/2022/ --recursive", "b2 bucket delete prod", "kopia snapshot delete x --delete"],
        near ["aws s3 sync ./dist s3://www.example.com --delete", "aws ec2 describe-instances", "gcloud compute instances list", "doctl compute droplet list", "aws ec2 start-instances --instance-ids i-1"];
    STOP = "cloud.stop", Ask, "It stops machines at a cloud provider, or takes access away.",
        matches ["aws ec2 stop-instances --instance-ids i-1", "gcloud compute instances stop web-1", "az vm deallocate -n web-1 -g rg", "aws ecs update-service --service web --desired-count 0", "az aks nodepool scale --node-count 0 -n np --cluster-name c -g rg", "aws autoscaling update-auto-scaling-group --auto-scaling-group-name web --desired-capacity 0"], near ["aws ec2 describe-instance-status", "aws ecs update-service --service web --desired-count 3", "aws ecs update-service --service web --force-new-deployment", "az vm list"];
    RIGHTS = "cloud.rights", Ask, "It gives rights or keys at a cloud provider.",
        matches ["aws iam create-access-key --user-name bob", "aws iam attach-user-policy --user-name bob --policy-arn arn:aws:iam::aws:policy/AdministratorAccess", "gcloud iam service-accounts keys create k.json --iam-account x", "aws s3api put-bucket-acl --bucket b --acl public-read"],
        near ["aws iam list-users", "aws sts get-caller-identity"];
    TRAIL = "cloud.trail", Deny, "It stops or deletes the record of what was done at a cloud provider.",
        matches ["aws cloudtrail delete-trail --name t", "aws cloudtrail stop-logging --name t", "gcloud logging logs delete projects/p/logs/cloudaudit.googleapis.com%2Factivity", "aws guardduty delete-detector --detector-id d", "aws configservice stop-configuration-recorder --configuration-recorder-name r"],
        near ["aws cloudtrail describe-trails", "gcloud logging read x"];
    LOGS = "cloud.logs", Ask, "It deletes logs at a cloud provider.",
        matches ["aws logs delete-log-group --log-group-name g", "az monitor log-analytics workspace delete -n w"], near ["aws logs describe-log-groups"];
}

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    if call.name == "aws" && call.has(&["s3"]) && call.has(&["rm"]) && call.has(&["--recursive"]) {
        let passing = call
            .words()
            .filter_map(|word| word.strip_prefix("s3://"))
            .filter(|place| place.trim_end_matches('/').contains('/'))
            .any(|place| {
                place.split('/').any(|part| {
                    super::databases::scratch(part)
                        || matches!(part, "cache" | "previews" | "artifacts" | "uploads-tmp")
                })
            });
        return if passing {
            Vec::new()
        } else if one_part(call) {
            vec![Hit::of(&DELETE)]
        } else {
            vec![Hit::of(&DESTROY)]
        };
    }
    let removes = match call.name {
        "gsutil" => {
            call.has(&["rm"])
                && call
                    .words()
                    .any(|w| w.starts_with('-') && w.contains(['r', 'R', 'a']) || w.contains("**"))
        }
        "gcloud" => call.has(&["storage"]) && call.has(&["rm"]) && call.has(&["-r", "--recursive"]),
        "rclone" => call.has(&["purge", "delete", "cleanup", "rmdirs"]),
        "mc" => call.has(&["rm"]) && call.words().any(|w| w == "--recursive" || w == "-r"),
        "s3cmd" => {
            call.has(&["del", "rm"])
                && call
                    .words()
                    .any(|w| w == "--recursive" || w == "-r" || w == "--force" || w == "-f")
        }
        "azcopy" => call.has(&["remove", "rm"]) && call.has(&["--recursive", "--recursive=true"]),
        _ => false,
    };
    if removes {
        let old = call
            .words()
            .any(|w| w.starts_with("--min-age") || w.starts_with("--older-than"));
        return vec![Hit::of(if old || one_part(call) { &DELETE } else { &DESTROY })];
    }
    if call.name != "aws" || !call.has(&["sync"]) || !call.has(&["--delete"]) {
        return Vec::new();
    }
    let mut operands = call
        .words()
        .skip_while(|w| *w != "sync")
        .skip(1)
        .filter(|w| !w.starts_with('-'));
    let source = operands.next().unwrap_or_default();
    // A site that was built here and is published.
    let built = !source.contains("://")
        && (!source.starts_with('/')
            || ["dist", "build", "public", "site", "out", "html", "www", "current"]
                .iter()
                .any(|name| source.trim_end_matches('/').rsplit('/').next() == Some(*name)))
        && !source.contains("empty");
    if built { Vec::new() } else { vec![Hit::of(&DELETE)] }
}

/// Whether all that is named lies deep below a bucket or holds a date: one part of many.
fn one_part(call: &Call<'_>) -> bool {
    let mut places = call
        .words()
        .filter(|word| !word.starts_with('-'))
        .filter_map(|word| match word.split_once("://") {
            Some((_, place)) => Some(place),
            None if matches!(call.name, "rclone") => word.split_once(':').map(|(_, place)| place),
            None if call.name == "mc" => word.split_once('/').map(|(_, place)| place),
            None => None,
        })
        .map(|place| place.trim_end_matches(['/', '*']))
        .peekable();
    let bucket = usize::from(!matches!(call.name, "rclone" | "mc"));
    places.peek().is_some()
        && places.all(|place| {
            let parts: Vec<&str> = place
                .split('/')
                .filter(|part| !part.is_empty())
                .skip(bucket)
                .collect();
            parts.len() > 1
                || parts
                    .iter()
                    .any(|part| super::databases::dated(part) || super::databases::scratch(part))
        })
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    (
        "aws --no-deletion-protection|--no-disable-api-termination|--no-deletion-protection-enabled|--no-enable-termination-protection",
        &DELETE,
    ),
    ("aws lambda put-function-concurrency 0", &STOP),
    ("aws ecs update-service 0 --desired-count", &STOP),
    ("aws cloudwatch disable-alarm-actions|delete-*", &LOGS),
    ("aws logs put-retention-policy", &LOGS),
    ("aws events|scheduler disable-*|delete-*", &STOP),
    (
        "aws waf|wafv2|glacier|apigatewayv2|stepfunctions|shield|network-firewall|ram|macie2|inspector2|accessanalyzer|lightsail|globalaccelerator|directconnect|transfer|datasync|memorydb|codepipeline|codebuild|codedeploy|imagebuilder|storagegateway|sagemaker|servicediscovery_ delete-*|disassociate-*|terminate-*|deregister-*|disable-*",
        &DELETE,
    ),
    ("aws organizations leave-organization|close-account", &DESTROY),
    (
        "aws iam update-login-profile|create-policy-version|set-default-policy-version|upload-ssh-public-key|deactivate-mfa-device",
        &RIGHTS,
    ),
    ("gcloud compute firewall-rules create|update ~0.0.0.0/0", &RIGHTS),
    ("gcloud compute firewall-rules update --disabled", &STOP),
    ("gcloud alpha|beta delete|destroy|disable|reset|stop", &DELETE),
    (
        "gcloud sql|compute|container --no-backup|--no-deletion-protection",
        &DELETE,
    ),
    ("gcloud container clusters resize --num-nodes=0|--size=0", &STOP),
    ("gcloud container clusters resize 0 --num-nodes|--size", &STOP),
    ("az network nsg rule create|update ~deny", &STOP),
    ("az aks nodepool scale 0 --node-count|-c", &STOP),
    ("az aks scale 0 --node-count|-c", &STOP),
    ("az vmss scale 0 --new-capacity", &STOP),
    ("terraform|tofu apply -replace", &DELETE),
    ("cdktf destroy", &DELETE),
    ("salt-key -D|-d|-R|--delete-all|--delete|--reject-all", &DELETE),
    ("skopeo|crane delete", &DELETE),
    ("oras manifest|blob|repo delete", &DELETE),
    ("regctl|reg tag|manifest|repo|rm delete|rm", &DELETE),
    ("wrangler kv|kv:namespace|d1|r2|queues|pages delete", &DELETE),
    ("gh|glab api delete -X|--method", &DELETE),
    ("restic key remove|passwd", &DELETE),
    ("restic forget --unsafe-allow-remove-all", &DELETE),
    ("terraform|tofu|terragrunt destroy !-target", &DESTROY),
    ("terraform|tofu|terragrunt destroy", &DELETE),
    ("terraform|tofu|terragrunt run-all destroy", &DESTROY),
    ("terraform|tofu|terragrunt apply -destroy", &DELETE),
    (
        "terraform|tofu state|workspace|force-unlock rm|delete|push|replace-provider",
        &DELETE,
    ),
    ("terraform|tofu taint|untaint|force-unlock", &DELETE),
    ("pulumi destroy", &DESTROY),
    ("pulumi stack rm", &DELETE),
    (
        "cdk|sam|serverless|sls|copilot destroy|delete|remove|app",
        &DELETE,
    ),
    ("aws s3 rb --force", &DESTROY),
    ("aws s3 rb", &DELETE),
    ("aws s3 rm --recursive", &DELETE),
    (
        "aws s3api delete-bucket|delete-objects|delete-bucket-policy|put-bucket-lifecycle-configuration|put-bucket-versioning",
        &DELETE,
    ),
    (
        "aws s3api put-bucket-acl|put-bucket-policy|delete-public-access-block",
        &RIGHTS,
    ),
    ("aws rds delete-* --skip-final-snapshot", &DESTROY),
    ("aws cloudtrail delete-*|stop-logging|put-event-selectors", &TRAIL),
    (
        "aws guardduty|configservice|securityhub|detective delete-*|stop-*|disable-*|disassociate-*",
        &TRAIL,
    ),
    ("aws logs delete-*", &LOGS),
    (
        "aws iam create-access-key|attach-*|put-*|create-login-profile|add-user-to-group|update-assume-role-policy|create-user",
        &RIGHTS,
    ),
    ("aws kms schedule-key-deletion|disable-key", &DESTROY),
    (
        "aws ec2|ecs|eks|rds|lambda|elbv2|elb|route53|dynamodb|cloudformation|autoscaling|efs|elasticache|sqs|sns|iam|ecr|redshift|opensearch|es|backup|secretsmanager|ssm|kinesis|glue|emr|apigateway|cloudfront|ebs|docdb|neptune|elasticbeanstalk|batch|cognito-idp|kafka|mq|fsx|workspaces|codecommit|acm|organizations delete-*|terminate-*|deregister-*|detach-*|release-*|remove-*|batch-delete-*|purge-*|disable-*|deprovision-*|modify-db-instance_|revoke-*",
        &DELETE,
    ),
    (
        "aws ec2|rds|autoscaling|ecs|eks stop-*|reboot-*|suspend-*|update-auto-scaling-group",
        &STOP,
    ),
    ("aws ec2 authorize-security-group-ingress ~0.0.0.0/0", &RIGHTS),
    ("gcloud projects delete", &DESTROY),
    ("gcloud logging logs|sinks|buckets delete", &TRAIL),
    ("gcloud storage rm|buckets delete|rm", &DELETE),
    ("gcloud storage buckets delete", &DELETE),
    (
        "gcloud compute|sql|container|dns|functions|run|pubsub|iam|app|kms|spanner|bigtable|redis|dataproc|filestore|secrets|artifacts|services|endpoints delete|destroy|disable|remove-*",
        &DELETE,
    ),
    ("gcloud compute|sql instances stop|reset|suspend|restart", &STOP),
    (
        "gcloud iam|projects service-accounts|add-iam-policy-binding|roles keys|create|set-iam-policy",
        &RIGHTS,
    ),
    (
        "gcloud projects|organizations add-iam-policy-binding|set-iam-policy",
        &RIGHTS,
    ),
    ("gsutil rm", &DELETE),
    ("gsutil rb", &DELETE),
    ("gsutil rsync -d", &DELETE),
    ("gsutil iam|acl ch|set", &RIGHTS),
    ("bq rm", &DELETE),
    ("az group delete", &DESTROY),
    ("az monitor delete", &LOGS),
    (
        "az vm|storage|aks|sql|network|keyvault|webapp|functionapp|acr|cosmosdb|mysql|postgres|redis|disk|vmss|snapshot|image|resource|ad|role|lock|backup|container|cdn|eventhubs|servicebus|deployment delete|purge|delete-batch|remove",
        &DELETE,
    ),
    (
        "az vm|vmss|webapp|functionapp|aks deallocate|stop|power-off",
        &STOP,
    ),
    ("az role|ad assignment|sp create|create-for-rbac", &RIGHTS),
    (
        "doctl compute|databases|kubernetes|k8s|apps|projects|registry delete|rm|d|destroy",
        &DELETE,
    ),
    (
        "doctl compute droplet-action power-off|shutdown|reboot|power-cycle|rebuild",
        &STOP,
    ),
    (
        "hcloud server|volume|network|firewall|load-balancer|image|floating-ip|ssh-key delete",
        &DELETE,
    ),
    ("hcloud server poweroff|shutdown|reset|reboot|rebuild|stop", &STOP),
    (
        "linode-cli linodes|volumes|domains|lke delete|rm|rebuild|shutdown",
        &DELETE,
    ),
    (
        "vultr|vultr-cli instance|bare-metal|block-storage delete|destroy|stop|halt",
        &DELETE,
    ),
    ("scw instance|k8s|rdb delete|terminate", &DELETE),
    (
        "openstack server|volume|network|stack|project|image|router|subnet delete",
        &DELETE,
    ),
    ("nova|cinder|neutron delete|force-delete|net-delete", &DELETE),
    (
        "ibmcloud is|ks|cf|resource instance-delete|cluster|delete|service-instance-delete|rm",
        &DELETE,
    ),
    ("oci compute|db|bv|os terminate|delete|bulk-delete", &DELETE),
    (
        "aliyun|tccli ecs|rds|oss DeleteInstance|DeleteDBInstance|rm",
        &DELETE,
    ),
    (
        "heroku apps:destroy|pg:reset|addons:destroy|ps:scale|maintenance:on|pg:credentials:destroy",
        &DELETE,
    ),
    (
        "flyctl|fly apps|volumes|machine|postgres|secrets destroy|delete|unset",
        &DELETE,
    ),
    (
        "railway|vercel|netlify|wrangler|firebase delete|remove|rm|sites:delete|down|firestore:delete|hosting:disable|projects:delete",
        &DELETE,
    ),
    ("gh repo|release|secret|run|issue delete|archive", &DELETE),
    ("glab repo delete", &DELETE),
    ("rclone sync", &DELETE),
    ("mc rb --force", &DESTROY),
    ("mc mirror --remove", &DELETE),
    ("s3cmd rb --recursive|-r|--force|-f", &DESTROY),
    ("s3cmd rb|sync --delete-removed", &DELETE),
    ("s5cmd rm|rb", &DELETE),
    ("b2 delete-bucket|delete-file-version|rm", &DELETE),
    ("b2 bucket|file delete|rm", &DELETE),
    ("kopia snapshot|policy|repository delete|expire --delete", &DELETE),
    ("swift delete", &DELETE),
    (
        "restic forget !--keep-last|--keep-daily|--keep-weekly|--keep-monthly|--keep-within|--keep-hourly|--keep-yearly|--keep-tag",
        &DELETE,
    ),
    ("borg delete", &DELETE),
    (
        "borg prune !--keep-daily|--keep-weekly|--keep-monthly|--keep-within|--keep-last|-d|-w|-m|--keep-hourly|--keep-yearly",
        &DELETE,
    ),
    ("duplicity|duply purge", &DELETE),
    ("cf delete|delete-org|delete-space|delete-service", &DELETE),
    ("eb terminate", &DELETE),
    ("cloudflared|flarectl tunnel|zone delete", &DELETE),
    ("packer build -force", &DELETE),
    ("ansible-galaxy_ remove", &DELETE),
    ("chef|knife node|client|server|data delete|bulk", &DELETE),
];
