use super::*;
use crate::scan::secret::fake;

fn ids(environment: &[&str], history: &[&str]) -> Vec<String> {
    let owned = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
    let config = ImageConfig { environment: owned(environment), history: owned(history), ..ImageConfig::default() };
    let remarks = remarks(&config);
    for entry in environment.iter().chain(history) {
        let value = entry.rsplit('=').next().unwrap_or_default();
        assert!(remarks.iter().all(|remark| !remark.message.contains(value)), "the value is not shown");
    }
    remarks.into_iter().map(|remark| remark.id).collect()
}

#[test]
fn secrets_of_environment_and_history_are_named_without_their_value() {
    let token = fake::expand("{fake:github-token}");
    let environment = format!("GITHUB_TOKEN={token}");
    let step = format!("RUN |1 TOKEN={token} /bin/sh -c make # buildkit TOKEN={token}");
    assert_eq!(ids(&[&environment], &[]), ["secret-in-environment"]);
    assert_eq!(ids(&[], &[&step]), ["secret-in-history"]);
    assert_eq!(ids(&["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8"], &["/bin/sh -c #(nop)  CMD [\"bash\"]"]), [""; 0]);
}
