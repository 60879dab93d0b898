//! The log: the spool, and the table of the places behind it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::BootError;
use crate::app::ports::SetAside;
use crate::logs::elasticsearch::{ElasticsearchLogs, ElasticsearchOptions, Indices, Login, Period};
use crate::logs::embedded::EmbeddedLogs;
use crate::logs::file::FileSink;
use crate::logs::pipeline::Pipeline;
use crate::logs::sink::Sink;
use crate::logs::spool::{Audit, Fsync, SpoolOptions};
use crate::logs::stdout::StdoutSink;
use crate::logs::syslog::SyslogSink;
use crate::logs::{self, Keeping, Reading};
use crate::settings::{ElasticsearchSettings, IndexPeriod, LogAudit, LogFsync, LogSettings};

/// What sinks refused last, by sink, the newest first, from the data folder of a server that may be running.
///
/// # Errors
/// Where its spool cannot be read.
pub fn refused(data_dir: &Path) -> std::io::Result<BTreeMap<String, Vec<SetAside>>> {
    logs::set_aside(&data_dir.join(SPOOL))
}

/// The spool's folder in the data folder.
const SPOOL: &str = "spool";

/// The log of this process.
pub struct Log {
    /// The spool and what delivers from it.
    pub pipeline: Pipeline,
    /// Where it is read.
    pub reading: Reading,
    /// Where it forgets.
    pub keeping: Keeping,
}

/// A place that entries go to: none where the settings do not ask for it.
type Made = Result<Option<Arc<dyn Sink>>, BootError>;

/// Every place that entries go to beside the two that they are read in.
const SINKS: &[fn(&LogSettings) -> Made] = &[stdout, file, syslog];

fn stdout(settings: &LogSettings) -> Made {
    if !settings.stdout {
        return Ok(None);
    }
    Ok(Some(Arc::new(StdoutSink::new().map_err(wrong)?)))
}

fn file(settings: &LogSettings) -> Made {
    let Some(path) = &settings.file else {
        return Ok(None);
    };
    Ok(Some(Arc::new(FileSink::new(path.clone()).map_err(wrong)?)))
}

fn syslog(settings: &LogSettings) -> Made {
    let Some(address) = &settings.syslog else {
        return Ok(None);
    };
    let address = address
        .parse()
        .map_err(|error| wrong(format!("log.syslog: {error}")))?;
    Ok(Some(Arc::new(SyslogSink::new(address))))
}

fn wrong(error: impl std::fmt::Display) -> BootError {
    BootError::Log(error.to_string())
}

/// Opens the log in the data folder and begins to deliver. Elasticsearch need not be there. `is_shared`: several servers may work
/// on the store, each with a log of its own.
///
/// # Errors
/// [`BootError::Log`] where a file cannot be used, or a setting is wrong.
pub async fn open(
    data_dir: &Path,
    settings: &LogSettings,
    elasticsearch: &ElasticsearchSettings,
    is_shared: bool,
) -> Result<Log, BootError> {
    let local = EmbeddedLogs::open(&data_dir.join("log.db"))
        .await
        .map_err(wrong)?;
    let remote = remote(elasticsearch)?;
    let mut sinks: Vec<Arc<dyn Sink>> = vec![Arc::new(local.clone())];
    sinks.extend(remote.clone().map(|remote| Arc::new(remote) as Arc<dyn Sink>));
    for make in SINKS {
        sinks.extend(make(settings)?);
    }
    let spool = SpoolOptions {
        max_bytes: u64::from(settings.spool_max_mib) << 20,
        fsync: match settings.fsync {
            LogFsync::Always => Fsync::Always,
            LogFsync::Interval => Fsync::Interval,
            LogFsync::Never => Fsync::Never,
        },
        audit: match settings.audit {
            LogAudit::Strict => Audit::Strict,
            LogAudit::Relaxed => Audit::Relaxed,
        },
        ..SpoolOptions::new(data_dir.join(SPOOL))
    };
    let pipeline = Pipeline::start(spool, sinks).map_err(wrong)?;
    let keeping = Keeping::new(
        (local.clone(), settings.keep_days),
        (remote.clone(), elasticsearch.keep_days),
    );
    Ok(Log {
        reading: Reading::new(pipeline.clone(), local, remote, is_shared),
        pipeline,
        keeping,
    })
}

fn remote(settings: &ElasticsearchSettings) -> Result<Option<ElasticsearchLogs>, BootError> {
    if settings.urls.is_empty() {
        return Ok(None);
    }
    let login = match (&settings.username, &settings.password, &settings.api_key) {
        (None, None, None) => None,
        (Some(username), Some(password), None) => Some(Login::Basic {
            username: username.clone(),
            password: password.reveal().to_owned(),
        }),
        (None, None, Some(key)) => Some(Login::ApiKey(key.reveal().to_owned())),
        _ => {
            return Err(wrong(
                "elasticsearch: give username and password, or api_key, and not a part of the one or both",
            ));
        }
    };
    let ca = match &settings.ca_file {
        None => None,
        Some(path) => Some(
            std::fs::read(path)
                .map_err(|error| wrong(format!("elasticsearch.ca_file: {}: {error}", path.display())))?,
        ),
    };
    let options = ElasticsearchOptions {
        login,
        ca,
        indices: Indices {
            prefix: settings.index_prefix.clone(),
            period: match settings.index_period {
                IndexPeriod::Day => Period::Day,
                IndexPeriod::Month => Period::Month,
            },
        },
        ..ElasticsearchOptions::new(settings.urls.iter().map(|url| url.reveal().to_owned()).collect())
    };
    Ok(Some(ElasticsearchLogs::new(&options).map_err(wrong)?))
}
