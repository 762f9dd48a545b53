//! A PostgreSQL that is gone, or takes no changes.

use super::{Trial, filled, open, runtime};
use crate::cluster::Cluster;
use crate::node::NodeConfig;

#[test]
fn a_database_that_says_no_is_said_and_waited_for() {
    let Some(mut cluster) = Cluster::start() else { return };
    let (runtime, folder) = (runtime(), tempfile::tempdir().expect("a folder"));
    let url = cluster.url();
    let ground = filled(&runtime, folder.path(), Some(&url));
    let config = NodeConfig { database: Some(url.clone()), ..NodeConfig::in_folder(folder.path()) };
    let trial = Trial::begin(config, ground, runtime);

    // Gone, and nobody listens there.
    cluster.halt();
    trial.probe().refused_as("unavailable");
    assert_eq!(trial.probe().read(), 503);
    assert!(trial.probe().is_alive());
    cluster.go_on();
    trial.probe().recovered();

    // There, and every connection is ended.
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skydeck'";
    cluster.run(end_all);
    trial.probe().recovered();

    // There, and for reading only, as a standby is that has not taken over yet.
    let reads_only = format!("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf(); {end_all}");
    for statement in reads_only.split("; ") {
        cluster.run(statement);
    }
    // Connections that were just ended may still be what the first answers tell of.
    trial.probe().refused_as("read_only");
    trial.wait_until("reading goes on", || trial.probe().read() == 200);
    for statement in ["ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"] {
        cluster.run(statement);
    }
    trial.probe().recovered();
    trial.end(|_| open(folder.path(), Some(&url)));
}
