//! A connection for asynchronous programs.
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connection::{Connection, InterruptHandle};
use crate::database::Database;
use crate::error::{Error, Result};

/// A connection that runs what it is told on a thread of tokio's for what blocks. Clones are the same connection: one call runs at a
/// time, the others wait their turn. Open several of a [`Database`] for several at once.
///
/// A future that is dropped before it is done, as by a timeout, interrupts what it runs: that is undone as any statement that fails, and
/// a transaction with it. What has not begun does not begin.
///
/// ```
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 1)] async fn main() -> turdb::Result<()> {
/// let conn = turdb::AsyncConnection::open_in_memory().await?;
/// let sum: i64 = conn
///     .call(|conn| {
///         let transaction = conn.transaction()?;
///         transaction.execute_batch("create table t(a int); insert into t values (1), (2)")?;
///         transaction.commit()?;
///         conn.query_row("select sum(a)::bigint from t", (), |row| row.get(0))
///     })
///     .await?;
/// assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AsyncConnection {
    conn: Arc<Mutex<Connection>>,
    interrupt: InterruptHandle,
}

/// How far a call is. Whoever changes it, or acts on it, holds its lock.
#[derive(PartialEq)]
enum Progress {
    Waiting,
    Running,
    Over,
    Dropped,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What panicked was the program's; a connection is sound all the same: a transaction was rolled back as it was dropped.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops a call whose future is dropped.
struct Call {
    progress: Arc<Mutex<Progress>>,
    interrupt: InterruptHandle,
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut progress = lock(&self.progress);
        match *progress {
            Progress::Waiting => *progress = Progress::Dropped,
            // It cannot end, nor the next begin, before the lock is given back.
            Progress::Running => self.interrupt.interrupt(),
            Progress::Over | Progress::Dropped => {}
        }
    }
}

impl AsyncConnection {
    /// Of a connection that is open.
    pub fn new(conn: Connection) -> Result<Self> {
        let interrupt = conn.interrupt_handle()?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)), interrupt })
    }

    /// Opens a database and a connection of it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        blocking(move || Connection::open(path).and_then(Self::new)).await
    }

    /// Opens a database in memory.
    pub async fn open_in_memory() -> Result<Self> {
        Self::open(":memory:").await
    }

    /// A connection of a database that is open.
    pub async fn connect(database: Arc<Database>) -> Result<Self> {
        blocking(move || database.connect().and_then(Self::new)).await
    }

    /// Runs something with the connection.
    ///
    /// # Panics
    /// When `body` panics, or the runtime shuts down.
    pub async fn call<T: Send + 'static>(&self, body: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static) -> Result<T> {
        let call = Call { progress: Arc::new(Mutex::new(Progress::Waiting)), interrupt: self.interrupt.clone() };
        let (conn, progress) = (self.conn.clone(), call.progress.clone());
        let result = blocking(move || {
            let mut conn = lock(&conn);
            {
                let mut progress = lock(&progress);
                if *progress == Progress::Dropped {
                    return Err(Error::Dropped);
                }
                *progress = Progress::Running;
            }
            /// Before the connection is given back, whatever happens.
            struct Ends(Arc<Mutex<Progress>>);
            impl Drop for Ends {
                fn drop(&mut self) {
                    *lock(&self.0) = Progress::Over;
                }
            }
            let _ends = Ends(progress);
            body(&mut conn)
        })
        .await;
        drop(call);
        result
    }
}

async fn blocking<T: Send + 'static>(body: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(body).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("the call did not run: {error}"),
        },
    }
}

impl fmt::Debug for AsyncConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncConnection").finish_non_exhaustive()
    }
}
