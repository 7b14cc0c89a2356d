//! Brings the tables up to date, and says whether tables that are ahead of us may be used.
//!
//! In a rolling upgrade the new version migrates while the old one still serves. So a migration only adds: tables,
//! columns with a default, indexes; its name then begins with `add_`, and the old version goes on. Whatever else a
//! migration does, an older version refuses the database.
//!
//! Invariant: of several processes that start together, one migrates and the others wait for it.

use sqlx::migrate::Migrate;

use super::super::{Connection, migrations};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Where the driver notes what was applied.
const TABLE: &str = "_sqlx_migrations";

pub(in crate::store) async fn run(connection: &mut Connection) -> Result<(), Failure> {
    // The description is the file's name with blanks for underscores.
    const NEWER: &str = "SELECT description FROM _sqlx_migrations WHERE version > $1 ORDER BY version";
    let mut migrations = migrations();
    migrations.set_ignore_missing(true);
    let newest = migrations.iter().map(|migration| migration.version).max().unwrap_or_default();
    connection.lock().await?;
    connection.ensure_migrations_table(TABLE).await?;
    let newer: Vec<String> = sqlx::query_scalar(NEWER).bind(newest).fetch_all(&mut *connection).await?;
    if let Some(other) = newer.iter().find(|description| !description.starts_with("add ")) {
        return Err(format!("it belongs to a newer version of dockgate, which changed it: {other:.80}").into());
    }
    migrations.run_direct(None, &mut *connection, false).await?;
    connection.unlock().await?;
    Ok(())
}
