//! Data in databases: dropped, truncated, flushed, deleted without a condition.

use super::{Call, Hit, Rule, rules};

rules! {
    DROP = "db.drop", Deny, "It drops a database, a schema or a table with all its data.",
        matches ["mysql -e 'DROP DATABASE app'", "psql -c 'drop schema public cascade'", "dropdb app", "mysqladmin drop app -f", "echo 'DROP TABLE users;' | mysql app", "mongosh app --eval 'db.dropDatabase()'", "sqlite3 app.db 'DROP TABLE users'", "mysql app <<< 'drop table users'", "cqlsh -e 'DROP KEYSPACE app'", "psql ci_12 -c 'DROP DATABASE shop'"],
        near ["dropdb app_test", "psql shop -c 'DROP DATABASE IF EXISTS ci_12'", "psql app_test -c 'DROP TABLE tmp_import'", "mysql -e \"SELECT 'DROP TABLE users'\"", "psql -c 'CREATE DATABASE app'", "mysql -e 'SHOW TABLES'", "echo 'DROP DATABASE app'", "mysql -e '-- DROP TABLE users'"];
    TRUNCATE = "db.truncate", Deny, "It deletes all rows of a table.",
        matches ["mysql app -e 'TRUNCATE TABLE users'", "psql -c 'DELETE FROM users'", "mongosh --eval 'db.users.deleteMany({})'", "psql -c 'update users set admin = true'", "mongo app --eval 'db.users.remove({})'", "psql -c 'DELETE FROM users WHERE 1=1'"],
        near ["psql -c 'DELETE FROM sessions WHERE expires < now()'", "mysql -e 'UPDATE users SET name = 1 WHERE id = 2'"];
    FLUSH = "db.flush", Deny, "It empties a key-value store.",
        matches ["redis-cli FLUSHALL", "redis-cli -n 1 flushdb", "echo flush_all | nc localhost 11211", "etcdctl del '' --prefix", "redis-cli EVAL \"return redis.call('FLUSHALL')\" 0", "consul kv delete -recurse /", "redis-cli --scan | xargs redis-cli DEL"],
        near ["redis-cli DEL session:1", "redis-cli INFO", "etcdctl get --prefix /app"];
    STOP = "db.stop", Ask, "It stops a database server, or takes it out of its cluster.",
        matches ["redis-cli SHUTDOWN NOSAVE", "mysqladmin shutdown", "pg_ctl stop -m immediate -D /data/pg", "nodetool decommission", "rabbitmqctl stop_app", "redis-cli CLUSTER RESET", "nodetool drain"],
        near ["mysqladmin status", "pg_ctl status", "nodetool status", "rabbitmqctl status"];
    RESET = "db.reset", Deny, "It sets a database server, a queue or an index back to nothing.",
        matches ["rabbitmqctl reset", "rabbitmqctl force_reset", "curl -XDELETE http://localhost:9200/_all", "curl -X DELETE 'localhost:9200/logs-*'", "pg_resetwal -f /data/pg", "rabbitmqctl delete_vhost /", "kafka-topics.sh --delete --topic orders --bootstrap-server b:9092", "rails db:drop", "php artisan migrate:fresh --force", "RAILS_ENV=test DATABASE_URL=postgres://db.example.com/production rake db:drop", "influx -execute 'DROP DATABASE app'"],
        near ["curl http://localhost:9200/_cat/indices", "rabbitmqctl list_queues", "kafka-topics.sh --list --bootstrap-server b:9092", "rails db:migrate", "php artisan migrate", "RAILS_ENV=test rake db:drop", "RAILS_ENV=test DATABASE_URL=postgres://localhost/shop_test rake db:drop"];
    PURGE = "db.purge", Ask, "It deletes messages, keys, logs of changes or older rows.",
        matches ["dropdb app_test", "rabbitmqctl purge_queue jobs", "mysql -e 'PURGE BINARY LOGS BEFORE NOW()'", "mysql -e 'RESET MASTER'", "redis-cli CONFIG SET dir /tmp", "curl -X DELETE http://localhost:9200/logs-2020.01", "kafka-consumer-groups.sh --reset-offsets --to-latest --execute --group g --topic t", "mysql -e 'SET GLOBAL read_only=0'", "psql -c 'ALTER TABLE users DROP COLUMN email'"],
        near ["mysql -e 'SHOW BINARY LOGS'", "redis-cli CONFIG GET dir"];
    GRANT = "db.grant", Ask, "It gives an account all rights, from anywhere.",
        matches ["mysql -e \"GRANT ALL PRIVILEGES ON *.* TO 'x'@'%' WITH GRANT OPTION\"", "psql -c 'ALTER ROLE app SUPERUSER'", "mysql -e \"DROP USER 'app'@'%'\"", "psql -c 'REVOKE ALL ON DATABASE app FROM app'", "dropuser app"],
        near ["mysql -e \"GRANT SELECT ON app.* TO 'r'@'10.0.0.5'\"", "mysql -e 'SHOW GRANTS'"];
    CODE = "db.code", Deny, "It makes the database server write a file or run a program.",
        matches ["redis-cli CONFIG SET dir /root/.ssh", "mysql -e \"SELECT '<?php' INTO OUTFILE '/var/www/x.php'\"", "psql -c \"COPY t FROM PROGRAM 'id'\"", "redis-cli SLAVEOF 203.0.113.9 6379", "redis-cli MODULE LOAD /tmp/x.so"],
        near ["psql -c \"COPY t TO STDOUT\"", "redis-cli REPLICAOF NO ONE"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
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
    ("kafka-delete-records.sh|kafka-delete-records", &RESET),
    (
        "kafka-consumer-groups.sh|kafka-consumer-groups --delete|--reset-offsets",
        &PURGE,
    ),
    ("kafka-configs.sh|kafka-configs ~retention.ms=1", &RESET),
    ("zkCli.sh|zookeepercli deleteall|rmr", &RESET),
    ("etcdctl del|rm --prefix|--recursive|--from-key", &FLUSH),
    ("etcdctl del|rm", &PURGE),
    ("etcdctl member remove", &STOP),
    ("etcdctl snapshot restore", &STOP),
    ("consul kv delete -recurse", &FLUSH),
    ("consul leave|force-leave", &STOP),
    ("consul snapshot restore", &STOP),
    ("vault operator seal|rekey|step-down", &STOP),
    ("vault operator raft remove-peer", &STOP),
    ("vault secrets|auth disable", &DROP),
    ("vault kv|lease|token metadata|destroy|revoke delete", &PURGE),
    ("vault kv|delete destroy", &PURGE),
    ("vault delete", &PURGE),
    ("vault lease|token revoke -prefix", &RESET),
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

const SQL: &str = "mysql mariadb psql sqlite3 sqlite cqlsh clickhouse-client clickhouse pgcli mycli sqlcmd sqlplus influx cockroach usql duckdb mysqlsh bq trino presto hive beeline impala-shell snowsql isql db2 mssql-cli";
const MONGO: &str = "mongo mongosh";

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let scratch = call.words().any(scratch);
    if call.is(SQL) {
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
        "dropdb" => vec![Hit::of(if scratch { &PURGE } else { &DROP })],
        "redis-cli" | "valkey-cli" | "keydb-cli" => redis(call),
        "nc" | "ncat" | "netcat" | "telnet" | "socat" => {
            let text = call.stdin.text.as_deref().unwrap_or_default().to_lowercase();
            if text.lines().any(|line| {
                matches!(
                    line.split_whitespace().next(),
                    Some("flush_all" | "flushall" | "flushdb")
                )
            }) {
                vec![Hit::of(&FLUSH)]
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

/// Whether a word names a database for tests, previews or other things that come and go.
pub fn scratch(word: &str) -> bool {
    if word.len() > 80 || word.contains(['/', '=']) {
        return false;
    }
    let lower = word.to_lowercase();
    let name = if lower.contains(' ') {
        // A statement that drops one thing.
        match lower.strip_prefix("drop ") {
            Some(rest) if !rest.trim_end_matches(';').contains([';', ',']) => rest
                .trim_end_matches([';', ' '])
                .rsplit(' ')
                .next()
                .unwrap_or_default(),
            _ => return false,
        }
    } else {
        lower.as_str()
    };
    if name.starts_with("--context") || name.starts_with("-h") {
        return false;
    }
    name.split(['_', '-', '.', ':']).any(|part| {
        matches!(
            part.trim_end_matches(|c: char| c.is_ascii_digit()),
            "test"
                | "tests"
                | "testing"
                | "tmp"
                | "temp"
                | "scratch"
                | "sandbox"
                | "staging"
                | "preview"
                | "ci"
                | "review"
                | "dev"
                | "development"
                | "pr"
                | "mr"
                | "ephemeral"
                | "old"
                | "legacy"
                | "obsolete"
        )
    })
}

/// The milder rule for what was made to be thrown away: a test's database, a preview's cluster objects.
pub fn milder(rule: &'static Rule) -> Option<&'static Rule> {
    Some(match rule.id {
        "db.drop" | "db.truncate" | "db.reset" | "db.flush" => &PURGE,
        "containers.volumes" => &super::containers::VOLUME,
        "cluster.delete" => &super::containers::CLUSTER_REMOVE,
        "cloud.destroy" => &super::cloud::DELETE,
        _ => return None,
    })
}

/// The databases and schemas that the statements of a client drop.
fn dropped_databases(call: &Call<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for statement in statements(call).iter().flat_map(|text| bare(text)) {
        let mut words = statement.split_whitespace();
        if words.next() == Some("DROP") && matches!(words.next(), Some("DATABASE" | "SCHEMA" | "KEYSPACE")) {
            names.extend(
                words
                    .filter(|w| !matches!(*w, "IF" | "EXISTS" | "CASCADE" | "RESTRICT" | "WITH" | "(FORCE)"))
                    .map(|w| w.trim_matches([',', ';', '`', '"']).to_owned()),
            );
        }
    }
    names
}

/// Whether all that a command line names to be removed comes and goes: tests, previews and the like.
pub fn only_scratch(name: &str, words: &[&str]) -> bool {
    if matches!(name, "kubectl" | "oc") || SQL.split(' ').any(|client| client == name) {
        // They look at their own operands.
        return false;
    }
    let verb = words.iter().rposition(|word| {
        matches!(
            *word,
            "rm" | "remove" | "delete" | "del" | "destroy" | "drop" | "purge" | "down" | "prune"
        )
    });
    let Some(verb) = verb else {
        return words.iter().any(|word| scratch(word));
    };
    let names: Vec<&&str> = words[verb + 1..]
        .iter()
        .enumerate()
        .filter(|(at, word)| !(word.starts_with('-') || *at > 0 && words[verb + at].starts_with("--")))
        .map(|(_, word)| word)
        .collect();
    if names.is_empty() {
        words.iter().any(|word| scratch(word))
    } else {
        names.iter().all(|word| scratch(word))
    }
}

/// The statements that a client is given: by option, as an operand, on its input.
fn statements(call: &Call<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = call.words().peekable();
    while let Some(word) = words.next() {
        if matches!(
            word,
            "-e" | "--execute"
                | "-c"
                | "--command"
                | "--eval"
                | "-q"
                | "--query"
                | "-cmd"
                | "-Q"
                | "-execute"
                | "-eval"
        ) || word.strip_prefix('-').is_some_and(|l| {
            !l.starts_with('-')
                && l.len() < 6
                && l.ends_with(['e', 'c'])
                && l.chars().all(|c| c.is_ascii_alphabetic())
        }) {
            out.extend(words.peek().map(|w| (*w).to_owned()));
        } else if let Some((option, value)) = word.split_once('=')
            && matches!(option, "--execute" | "--command" | "--eval" | "--query")
        {
            out.push(value.to_owned());
        } else if let Some(value) = word
            .strip_prefix("-e")
            .or_else(|| word.strip_prefix("-c"))
            .filter(|v| v.contains(' '))
        {
            out.push(value.to_owned());
        } else if word.contains(' ') || word.contains("db.") {
            out.push(word.to_owned());
        } else if let Some(file) = word
            .strip_prefix("--file=")
            .or_else(|| word.strip_prefix("-f").filter(|f| !f.is_empty()))
            && let Some(content) = call.files.get(&call.path(file))
        {
            out.extend(content.text.clone());
        } else if matches!(word, "-f" | "--file" | "--init-command")
            && let Some(next) = words.peek()
        {
            match call.files.get(&call.path(next)) {
                Some(content) => out.extend(content.text.clone()),
                None if word == "--init-command" => out.push((*next).to_owned()),
                None => {}
            }
        } else if word.ends_with(".js")
            && let Some(content) = call.files.get(&call.path(word))
        {
            out.extend(content.text.clone());
        }
    }
    out.extend(call.stdin.text.clone());
    out
}

/// A statement without its literals and comments, in upper case, blanks made single. Comments that `MySQL` runs
/// (`/*! .. */`) stay.
fn bare(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        match c {
            '\'' | '"' => {
                let double = c == '"';
                at += 1;
                let start = at;
                while at < chars.len() && chars[at] != c {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                if double {
                    // An identifier in most dialects.
                    out.extend(
                        chars[start.min(chars.len())..at.min(chars.len())]
                            .iter()
                            .filter(|c| c.is_alphanumeric() || **c == '_'),
                    );
                } else {
                    out.push_str("''");
                }
            }
            '-' if next == Some('-') => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
                out.push(' ');
            }
            '#' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if next == Some('*') && chars.get(at + 2) == Some(&'!') => {
                at += 2;
                while chars.get(at + 1).is_some_and(char::is_ascii_digit) {
                    at += 1;
                }
                out.push(' ');
            }
            '/' if next == Some('*') => {
                at += 2;
                while at < chars.len() && !(chars[at] == '*' && chars.get(at + 1) == Some(&'/')) {
                    at += 1;
                }
                at += 1;
                out.push(' ');
            }
            '*' if next == Some('/') => {
                at += 1;
                out.push(' ');
            }
            c if c.is_whitespace() => out.push(' '),
            '`' => {}
            c => out.extend(c.to_uppercase()),
        }
        at += 1;
    }
    out.split(';')
        .map(|s| s.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|s| !s.is_empty())
        .collect()
}

/// The tables that these statements make for their own session alone.
fn temporary(statements: &[String]) -> Vec<&str> {
    let name = |statement: &'_ String| -> Option<usize> {
        let words: Vec<&str> = statement.split(' ').collect();
        let ["CREATE", "TEMP" | "TEMPORARY", "TABLE", rest @ ..] = &words[..] else {
            return None;
        };
        Some(words.len() - rest.len() + if rest.first() == Some(&"IF") { 3 } else { 0 })
    };
    statements
        .iter()
        .filter_map(|statement| statement.split(' ').nth(name(statement)?))
        .filter_map(|name| name.split('(').next())
        .collect()
}

fn sql(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let upper = text.to_uppercase();
    if upper.contains("INTO OUTFILE")
        || upper.contains("INTO DUMPFILE")
        || upper.contains("COPY") && upper.contains(" PROGRAM ")
        || upper.contains("LO_EXPORT")
        || upper.contains("XP_CMDSHELL")
        || upper.contains("PG_READ_FILE")
        || upper.contains("LOAD_FILE(")
        || upper.contains("SYS_EXEC")
    {
        hits.push(Hit::of(&CODE));
    }
    let statements = bare(text);
    let made = temporary(&statements);
    for statement in &statements {
        let words: Vec<&str> = statement.split(' ').collect();
        let verb = words.first().copied().unwrap_or_default();
        let verb = if verb == "EXPLAIN" { continue } else { verb };
        let second = words.get(1).copied().unwrap_or_default();
        let has = |word: &str| words.contains(&word);
        match verb {
            "DROP" if second == "TABLE" && words.last().is_some_and(|name| made.contains(name)) => {}
            "DROP" => match second {
                "DATABASE" | "SCHEMA" | "TABLE" | "KEYSPACE" | "TABLESPACE" | "TABLES" | "OWNED"
                | "MEASUREMENT" | "COLLECTION" | "SERIES" | "BUCKET" => {
                    hits.push(Hit::on(&DROP, "service data"));
                }
                "USER" | "ROLE" | "LOGIN" => hits.push(Hit::of(&GRANT)),
                "INDEX" | "VIEW" | "FUNCTION" | "TRIGGER" | "PROCEDURE" | "SEQUENCE" | "TYPE"
                | "EXTENSION" | "MATERIALIZED" | "SUBSCRIPTION" | "PUBLICATION" | "POLICY" | "CONSTRAINT" => {
                    hits.push(Hit::of(&PURGE));
                }
                _ => {}
            },
            "TRUNCATE" => hits.push(Hit::on(&TRUNCATE, "service data")),
            "DELETE" if (has("FROM") || !second.is_empty()) && !limited(statement) => {
                hits.push(Hit::on(&TRUNCATE, "service data"));
            }
            "UPDATE" if has("SET") && !limited(statement) => hits.push(Hit::on(&TRUNCATE, "service data")),
            "WITH" | "BEGIN" | "DO" | "CALL" | "EXEC" | "EXECUTE" | "CREATE" | "PREPARE" | "IF" => {
                if verb != "CREATE"
                    && (statement.contains("DROP TABLE")
                        || statement.contains("DROP DATABASE")
                        || statement.contains("DROP SCHEMA"))
                {
                    hits.push(Hit::on(&DROP, "service data"));
                } else if statement.contains("DELETE FROM") && !limited(statement) {
                    hits.push(Hit::on(&TRUNCATE, "service data"));
                }
                if matches!(verb, "DO" | "EXECUTE" | "PREPARE" | "EXEC")
                    && (upper.contains("DROP TABLE")
                        || upper.contains("DROP DATABASE")
                        || upper.contains("DROP SCHEMA"))
                {
                    hits.push(Hit::on(&DROP, "service data"));
                }
                if verb == "CREATE" && statement.contains("OR REPLACE TABLE") {
                    hits.push(Hit::on(&DROP, "service data"));
                }
            }
            "SET" | "SELECT" if upper.contains("PREPARE") && upper.contains("DROP ") => {
                hits.push(Hit::on(&DROP, "service data"));
            }
            "SELECT"
                if statement.contains("PG_TERMINATE_BACKEND")
                    || statement.contains("PG_DROP_REPLICATION_SLOT")
                    || statement.contains("PG_SWITCH_TIMELINE") =>
            {
                hits.push(Hit::of(&PURGE));
            }
            "ALTER" => {
                if second == "TABLE"
                    && (statement.contains(" DROP COLUMN")
                        || statement.contains(" DROP PARTITION")
                        || statement.contains(" TRUNCATE PARTITION")
                        || statement.contains(" DELETE")
                        || statement.contains(" DISCARD TABLESPACE"))
                {
                    hits.push(Hit::of(&PURGE));
                } else if matches!(second, "ROLE" | "USER") && has("SUPERUSER") {
                    hits.push(Hit::of(&GRANT));
                } else if second == "SYSTEM" || second == "DATABASE" && has("RENAME") {
                    hits.push(Hit::of(&PURGE));
                } else if second == "USER" && upper.contains("'ROOT'") && upper.contains("IDENTIFIED") {
                    hits.push(Hit::of(&GRANT));
                }
            }
            "GRANT" if has("ALL") && statement.contains("*.*") || verb == "GRANT" && has("SUPER") => {
                hits.push(Hit::of(&GRANT));
            }
            "REVOKE" if has("ALL") => hits.push(Hit::of(&GRANT)),
            "PURGE" | "RESET" | "FLUSH"
                if matches!(
                    second,
                    "BINARY" | "MASTER" | "SLAVE" | "REPLICA" | "BINLOG" | "LOGS"
                ) && verb != "FLUSH"
                    || statement == "RESET BINARY LOGS AND GTIDS" =>
            {
                hits.push(Hit::of(&PURGE));
            }
            "STOP" if matches!(second, "SLAVE" | "REPLICA" | "GROUP_REPLICATION") => {
                hits.push(Hit::of(&STOP));
            }
            "SHUTDOWN" | "SYSTEM" if verb == "SHUTDOWN" || has("SHUTDOWN") || has("KILL") => {
                hits.push(Hit::of(&STOP));
            }
            "SET"
                if statement.contains("READ_ONLY")
                    || statement.contains("SQL_LOG_BIN")
                    || statement.contains("GENERAL_LOG") =>
            {
                hits.push(Hit::of(&PURGE));
            }
            "KILL" => {}
            "OPTIMIZE" | "DETACH" if verb == "DETACH" => hits.push(Hit::of(&PURGE)),
            _ => {}
        }
    }
    hits
}

/// Whether a statement has a condition that is one.
fn limited(statement: &str) -> bool {
    let Some(at) = statement.find(" WHERE ") else {
        return statement.contains(" LIMIT ");
    };
    let condition = &statement[at + 7..];
    let compact: String = condition.chars().filter(|c| !c.is_whitespace()).collect();
    !(matches!(
        compact.as_str(),
        "1" | "TRUE"
            | "1=1"
            | "''=''"
            | "1<2"
            | "0=0"
            | "NOTFALSE"
            | "1!=0"
            | "2>1"
            | "1ISNOTNULL"
            | "ID>0"
            | "1LIKE1"
            | "(1=1)"
    ) || compact.contains("OR1=1")
        || compact.contains("ORTRUE"))
}

fn mongo(text: &str) -> Vec<Hit> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = compact.to_lowercase();
    let mut hits = Vec::new();
    let called = |name: &str| lower.contains(&format!("{name}("));
    if called("dropdatabase")
        || called(".drop")
        || lower.contains("dropdatabase:1")
        || lower.contains("{drop:")
        || lower.contains("[\"drop\"]")
    {
        hits.push(Hit::on(&DROP, "service data"));
    }
    if [
        "deletemany({})",
        "remove({})",
        "deletemany()",
        "remove()",
        "updatemany({},",
        "deletemany({},",
        "remove({},",
    ]
    .iter()
    .any(|c| lower.contains(c))
    {
        hits.push(Hit::on(&TRUNCATE, "service data"));
    } else if called("deletemany")
        || called("dropindex")
        || called("dropindexes")
        || called("dropuser")
        || called("remove") && lower.contains("db.")
    {
        hits.push(Hit::of(&PURGE));
    }
    if called("shutdownserver")
        || lower.contains("shutdown:1")
        || called("rs.stepdown")
        || called("rs.remove")
        || called("fsynclock")
    {
        hits.push(Hit::of(&STOP));
    }
    if called("renamecollection") && lower.contains(",true") {
        hits.push(Hit::of(&PURGE));
    }
    hits
}

fn redis(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-h -p -a -n -u -s -r -i --user --pass --tls --cacert --cert --key --eval");
    let mut lines: Vec<Vec<String>> = Vec::new();
    if !options.rest.is_empty() {
        lines.push(options.rest.clone());
    }
    if let Some(text) = &call.stdin.text {
        lines.extend(
            text.lines()
                .map(|line| line.split_whitespace().map(str::to_owned).collect()),
        );
    }
    let mut hits = Vec::new();
    for words in &lines {
        let upper: Vec<String> = words.iter().map(|w| w.to_uppercase()).collect();
        let word = |at: usize| upper.get(at).map(String::as_str).unwrap_or_default();
        match word(0) {
            "FLUSHALL" | "FLUSHDB" => hits.push(Hit::on(&FLUSH, "service data")),
            "EVAL" | "SCRIPT"
                if word(1).contains("FLUSH") || word(1).contains("'DEL'") && word(1).contains("KEYS'") =>
            {
                hits.push(Hit::on(&FLUSH, "service data"));
            }
            "EVAL"
                if word(1).contains("OS.EXECUTE")
                    || word(1).contains("IO.POPEN")
                    || word(1).contains("LOADLIB") =>
            {
                hits.push(Hit::of(&CODE));
            }
            "DEL" | "UNLINK"
                if words
                    .iter()
                    .skip(1)
                    .any(|w| super::super::words::text::has_unknown(w))
                    && words.len() < 4
                    && call
                        .origin
                        .is_some_and(|o| o.steps.iter().any(|s| s.contains("redis"))) =>
            {
                hits.push(Hit::of(&FLUSH));
            }
            "SHUTDOWN" => hits.push(Hit::of(&STOP)),
            "DEBUG"
                if matches!(
                    word(1),
                    "SEGFAULT" | "CRASH" | "PANIC" | "SLEEP" | "OOM" | "RESTART"
                ) =>
            {
                hits.push(Hit::of(&STOP));
            }
            "CLUSTER"
                if matches!(
                    word(1),
                    "RESET" | "FORGET" | "FLUSHSLOTS" | "DELSLOTS" | "FAILOVER"
                ) =>
            {
                hits.push(Hit::of(&STOP));
            }
            "SLAVEOF" | "REPLICAOF" if word(1) != "NO" => hits.push(Hit::of(&CODE)),
            "MODULE" if word(1) == "LOAD" => hits.push(Hit::of(&CODE)),
            "CONFIG" if word(1) == "SET" => {
                let path = words.get(3).map(String::as_str).unwrap_or_default();
                let sensitive = path.contains("/.ssh")
                    || path.contains("cron")
                    || path.contains("authorized_keys")
                    || path.starts_with("/etc")
                    || path.starts_with("/var/www")
                    || path.starts_with("/root");
                match word(2) {
                    "DIR" | "DBFILENAME" if sensitive => hits.push(Hit::of(&CODE)),
                    "DIR" | "DBFILENAME" | "SAVE" | "APPENDONLY" | "REQUIREPASS" | "PROTECTED-MODE" => {
                        hits.push(Hit::of(&PURGE));
                    }
                    "MAXMEMORY" if matches!(path, "1" | "1b" | "1k") => hits.push(Hit::of(&FLUSH)),
                    _ => {}
                }
            }
            "SWAPDB" | "RESTORE" | "MIGRATE" => hits.push(Hit::of(&PURGE)),
            "ACL" if matches!(word(1), "DELUSER" | "SETUSER") => hits.push(Hit::of(&PURGE)),
            _ => {}
        }
    }
    hits
}

/// Requests that delete at the ports of search engines, queues and registries.
fn delete_by_http(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().collect();
    let method = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(w, _)| {
            matches!(
                **w,
                "-X" | "--request" | "-sX" | "-XX" | "-sSX" | "-fsX" | "-sfX" | "-sSfX" | "-kX"
            ) || w.starts_with("--method")
        })
        .map(|(_, v)| *v);
    let delete = method.is_some_and(|m| m.eq_ignore_ascii_case("delete"))
        || words.iter().any(|w| {
            matches!(
                w.to_ascii_uppercase().as_str(),
                "-XDELETE"
                    | "--REQUEST=DELETE"
                    | "--METHOD=DELETE"
                    | "-SXDELETE"
                    | "-SSXDELETE"
                    | "-FSXDELETE"
            )
        })
        || matches!(call.name, "http" | "https" | "xh") && words.first() == Some(&"DELETE");
    let url = words
        .iter()
        .find(|w| w.contains("://") || w.contains(":9200") || w.contains("localhost"))
        .copied()
        .unwrap_or_default();
    let path = url
        .split("://")
        .last()
        .unwrap_or_default()
        .split_once('/')
        .map_or("", |(_, path)| path);
    let shown = super::super::words::text::shown(path);
    let path = shown.split('?').next().unwrap_or_default().trim_end_matches('/');
    let search = url.contains(":9200")
        || url.contains("elastic")
        || url.contains("opensearch")
        || url.contains("/_all");
    let everything =
        search && (matches!(path, "_all" | "*" | "") || path.contains('*') || path == "_data_stream/*");
    if delete && everything
        || url.contains("/_delete_by_query") && words.iter().any(|w| w.contains("match_all"))
    {
        return vec![Hit::on(&RESET, "service data")];
    }
    if delete
        && (search
            || url.contains(":15672")
            || url.contains(":8500/v1/kv")
            || url.contains(":2379")
            || url.contains(":5984")
            || url.contains("/api/v1/namespaces")
            || url.contains(":9090")
            || url.contains("/containers/")
            || url.contains("docker.sock"))
    {
        let recursive = url.contains("recurse") || url.contains(":5984");
        return vec![Hit::of(if recursive { &RESET } else { &PURGE })];
    }
    if url.contains("_shutdown") || url.contains("/_cluster/nodes/") {
        return vec![Hit::of(&STOP)];
    }
    if url.contains(":9200")
        && words
            .iter()
            .any(|w| w.contains("read_only_allow_delete") || w.contains("cluster.routing.allocation.enable"))
    {
        return Vec::new();
    }
    Vec::new()
}
