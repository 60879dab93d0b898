//! The moment at which a server dies: after so many events of an action are stored, before or after what follows from the
//! last of them was begun.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _};
use edgewise::domain::action::ActionId;

/// Before or after what follows from the last event was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// The last event is stored, and nobody outside has heard of what follows from it.
    Before,
    /// What follows from it was done outside, and the server never heard of it.
    After,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Lets a server store so many events and no more, on an SQLite file.
pub struct Fuse {
    own: Mutex<SqliteConnection>,
    action: ActionId,
    events: i64,
    death: Death,
    is_in: AtomicBool,
    met: AtomicBool,
}

impl Fuse {
    /// On the store in this file, for this action.
    pub fn new(file: &Path, action: ActionId, events: usize, death: Death) -> Self {
        let mut own = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        own.batch_execute(&format!(
            "PRAGMA busy_timeout = 10000; \
             CREATE TRIGGER fuse BEFORE INSERT ON events \
             WHEN (SELECT count(*) FROM events WHERE action = NEW.action) >= {events} \
             BEGIN SELECT RAISE(ABORT, 'the server is dead'); END"
        ))
        .unwrap();
        Self {
            own: Mutex::new(own),
            action,
            events: events as i64,
            death,
            is_in: AtomicBool::new(true),
            met: AtomicBool::new(false),
        }
    }

    fn ask(&self, what: &str) -> i64 {
        let sql = format!("SELECT count(*) AS number FROM {what}");
        let own = &mut *self.own.lock().unwrap();
        diesel::sql_query(sql).get_result::<Number>(own).unwrap().number
    }

    /// Returns where the server lives. One that is dead comes to nobody's door.
    pub async fn pass(&self) {
        if self.is_in.load(Ordering::SeqCst) && self.death == Death::Before {
            let stored = self.ask(&format!("events WHERE action = '{}'", self.action));
            if stored >= self.events {
                self.met.store(true, Ordering::SeqCst);
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether the server has come to its end: at a door, or at the store.
    pub fn is_blown(&self) -> bool {
        let gave_up = || {
            let id = self.action;
            self.ask(&format!(
                "actions WHERE id = '{id}' AND claimed_by IS NULL AND claimed_until IS NOT NULL"
            )) > 0
        };
        self.met.load(Ordering::SeqCst) || gave_up()
    }

    /// Whether the action has ended before it came to that.
    pub fn is_over(&self) -> bool {
        let id = self.action;
        self.ask(&format!("actions WHERE id = '{id}' AND ended_at IS NOT NULL")) > 0
    }

    /// The next server lives.
    pub fn take_out(&self) {
        self.is_in.store(false, Ordering::SeqCst);
        let own = &mut *self.own.lock().unwrap();
        own.batch_execute("DROP TRIGGER fuse").unwrap();
    }
}
