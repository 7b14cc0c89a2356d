//! Programs that take a secret in a short option, and how.
//!
//! Invariant: a table, nothing else.

/// How an option holds its secret.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// `-pVALUE`, and `-p VALUE` never.
    Glued,
    /// `-p VALUE` or `-pVALUE`.
    Value,
    /// `-k VALUE`, and `-kVALUE` never: other options begin so.
    Next,
    /// `-u user:VALUE`, parted by this.
    After(char),
}

impl Takes {
    /// Whether the value may stand in the next word.
    pub fn takes_next(self) -> bool {
        !matches!(self, Self::Glued)
    }
}

/// Programs with their options that hold a secret.
pub(super) const OPTIONS: &[(&[&str], &str, Takes)] = &[
    (
        &[
            "mysql",
            "mysqldump",
            "mysqladmin",
            "mysqlimport",
            "mysqlshow",
            "mysqlcheck",
            "mysqlsh",
            "mysqlpump",
            "mysqlslap",
            "mysqlbinlog",
        ],
        "-p",
        Takes::Glued,
    ),
    (&["mariadb", "mariadb-dump", "mariadb-admin", "mariadb-import", "mariadb-check"], "-p", Takes::Glued),
    (&["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport"], "-p", Takes::Value),
    (&["redis-cli"], "-a", Takes::Value),
    (&["sshpass"], "-p", Takes::Value),
    (&["curl", "wget", "http", "curlie"], "-u", Takes::After(':')),
    (&["curl"], "--user", Takes::After(':')),
    (&["curl"], "--proxy-user", Takes::After(':')),
    (&["curl"], "-U", Takes::After(':')),
    (&["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldappasswd", "ldapwhoami"], "-w", Takes::Value),
    (&["sqlcmd", "bcp"], "-P", Takes::Value),
    (&["unzip", "zip"], "-P", Takes::Value),
    (&["7z", "7za", "7zz", "7zr", "rar", "unrar"], "-p", Takes::Glued),
    (&["lftp"], "-u", Takes::After(',')),
    (&["twine"], "-p", Takes::Value),
    (&["etcdctl"], "--user", Takes::After(':')),
    (&["kadmin"], "-w", Takes::Value),
    (&["check_snmp"], "-C", Takes::Value),
    (&["check_mysql"], "-p", Takes::Value),
    (&["smbclient"], "-U", Takes::After('%')),
    (&["cqlsh"], "-p", Takes::Value),
    (&["login"], "-p", Takes::Value),
    (&["useradd"], "-p", Takes::Value),
    (&["psexec", "psexec64", "rdesktop"], "-p", Takes::Value),
    (&["xfreerdp"], "/p:", Takes::Glued),
    (&["snmpwalk", "snmpget", "snmpset", "snmpbulkwalk", "snmptable"], "-A", Takes::Value),
    (&["snmpwalk", "snmpget", "snmpset", "snmpbulkwalk", "snmptable"], "-X", Takes::Value),
    (&["ipmitool", "mosquitto_pub", "mosquitto_sub", "mosquitto_rr"], "-P", Takes::Next),
    (&["cypher-shell", "beeline", "rabbitmqadmin"], "-p", Takes::Next),
    (&["influx"], "-t", Takes::Next),
    (&["openssl"], "-k", Takes::Next),
    (&["openssl"], "-pass", Takes::After(':')),
    (&["openssl"], "-passin", Takes::After(':')),
    (&["openssl"], "-passout", Takes::After(':')),
];

/// What stands before the mark in the argument of `openssl -pass` when it is no password.
pub(super) const PASS_SOURCES: [&str; 4] = ["env", "file", "fd", "stdin"];
