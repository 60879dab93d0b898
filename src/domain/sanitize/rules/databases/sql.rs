//! What statements do to data.

use super::super::Hit;
use super::scratch::transient;
use super::statements::bare;
use super::{CODE, DROP, GRANT, PURGE, STOP, TRUNCATE};

/// The tables that these statements make for their own session alone.
pub(super) fn temporary(statements: &[String]) -> Vec<&str> {
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

pub(super) fn sql(text: &str) -> Vec<Hit> {
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
                "TABLE" | "COLLECTION" | "MEASUREMENT" if passing(&words) => hits.push(Hit::of(&PURGE)),
                "DATABASE" | "SCHEMA" | "TABLE" | "KEYSPACE" | "TABLESPACE" | "TABLES" | "OWNED"
                | "MEASUREMENT" | "COLLECTION" | "SERIES" | "BUCKET" => {
                    hits.push(Hit::on(&DROP, "service data"));
                }
                // Elsewhere a schema is an account, and its tables go with it.
                "USER" if has("CASCADE") => hits.push(Hit::on(&DROP, "service data")),
                "USER" | "ROLE" | "LOGIN" => hits.push(Hit::of(&GRANT)),
                "INDEX" | "VIEW" | "FUNCTION" | "TRIGGER" | "PROCEDURE" | "SEQUENCE" | "TYPE"
                | "EXTENSION" | "MATERIALIZED" | "SUBSCRIPTION" | "PUBLICATION" | "POLICY" | "CONSTRAINT" => {
                    hits.push(Hit::of(&PURGE));
                }
                _ => {}
            },
            "TRUNCATE" | "DELETE" | "UPDATE"
                if passing(&words) && (verb == "TRUNCATE" || !limited(statement)) =>
            {
                hits.push(Hit::of(&PURGE));
            }
            "MATCH" if has("DELETE") && !has("WHERE") && !statement.contains('{') => {
                hits.push(Hit::on(&TRUNCATE, "service data"));
            }
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
            "SYSTEM" if has("DROP") && has("REPLICA") => hits.push(Hit::of(&PURGE)),
            "SET"
                if statement.contains("MAX_CONNECTIONS")
                    && words.last().is_some_and(|value| {
                        value
                            .trim_start_matches('=')
                            .parse::<u32>()
                            .is_ok_and(|number| number < 5)
                    }) =>
            {
                hits.push(Hit::of(&STOP));
            }
            "CHANGE" if matches!(second, "MASTER" | "REPLICATION") => hits.push(Hit::of(&STOP)),
            "INSTALL" if matches!(second, "PLUGIN" | "COMPONENT" | "SONAME") => hits.push(Hit::of(&CODE)),
            "KILL" => {}
            "OPTIMIZE" | "DETACH" if verb == "DETACH" => hits.push(Hit::of(&PURGE)),
            _ => {}
        }
    }
    hits
}

/// Whether all tables that a statement drops, empties or changes hold what is kept for a while only.
fn passing(words: &[&str]) -> bool {
    let mut names = words
        .iter()
        .skip(1)
        .filter(|word| {
            !matches!(
                **word,
                "TABLE"
                    | "COLLECTION"
                    | "MEASUREMENT"
                    | "FROM"
                    | "ONLY"
                    | "IF"
                    | "EXISTS"
                    | "LOW_PRIORITY"
                    | "QUICK"
                    | "IGNORE"
            )
        })
        .take_while(|word| {
            !matches!(
                **word,
                "CASCADE"
                    | "RESTRICT"
                    | "RESTART"
                    | "CONTINUE"
                    | "SET"
                    | "WHERE"
                    | "USING"
                    | "RETURNING"
                    | "PURGE"
                    | "SYNC"
                    | "ON"
                    | "LIMIT"
            )
        })
        .flat_map(|word| word.split(','))
        .filter(|name| !name.is_empty())
        .peekable();
    names.peek().is_some() && names.all(transient)
}

/// Whether a statement has a condition that is one.
pub(super) fn limited(statement: &str) -> bool {
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
            | "IDISNOTNULL"
            | "1LIKE1"
            | "(1=1)"
    ) || compact.contains("OR1=1")
        || compact.contains("ORTRUE"))
}
