//! Every example of every built-in policy as one named test: denied on exactly the marked lines, silent otherwise, and
//! silent after its edit.

use dockgate::scan::finding::Category;
use dockgate::scan::policy::example::{check_edits, check_edits_among};
use dockgate::scan::policy::{Policy, PolicySet};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let set = PolicySet::builtin();
    let mut trials = vec![Trial::test("every policy loads", move || loads(set))];
    for policy in set.iter() {
        trials.push(Trial::test(format!("{}: its edit, if any, works", policy.id), move || {
            check_edits(policy).map_err(Failed::from)
        }));
        trials.push(Trial::test(format!("{}: its edit, if any, works beside all policies", policy.id), move || {
            check_edits_among(policy, set).map_err(Failed::from)
        }));
        for example in policy.examples() {
            let name = format!("{}: {}", policy.id, example.name);
            trials.push(Trial::test(name, move || example.run(policy).map_err(Failed::from)));
        }
    }
    trials.push(Trial::test("every superseded policy exists", move || supersedes(set)));
    trials
        .push(Trial::test("every policy has two examples that it denies and two that tempt it", move || examples(set)));
    trials.push(Trial::test("every security policy says what an attacker does", move || attacks(set)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn loads(set: &PolicySet) -> Result<(), Failed> {
    let mistakes: Vec<String> = set.check().err().unwrap_or_default().iter().map(ToString::to_string).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("\n").into()) }
}

fn attacks(set: &PolicySet) -> Result<(), Failed> {
    let is_silent = |policy: &&Policy| policy.category == Category::Security && policy.attack.is_empty();
    let silent: Vec<&str> = set.iter().filter(is_silent).map(|policy| policy.id.as_str()).collect();
    if silent.is_empty() { Ok(()) } else { Err(format!("{silent:?} lack `attack`").into()) }
}

fn examples(set: &PolicySet) -> Result<(), Failed> {
    let is_bare = |policy: &&Policy| {
        let denied = policy.examples().iter().filter(|example| example.is_denied()).count();
        denied < 2 || policy.examples().len() - denied < 2
    };
    let bare: Vec<&str> = set.iter().filter(is_bare).map(|policy| policy.id.as_str()).collect();
    if bare.is_empty() { Ok(()) } else { Err(format!("{bare:?} lack examples").into()) }
}

fn supersedes(set: &PolicySet) -> Result<(), Failed> {
    let unknown = |policy: &&Policy| policy.supersedes.iter().any(|id| set.get(id).is_none());
    let wrong: Vec<&str> = set.iter().filter(unknown).map(|policy| policy.id.as_str()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:?} supersede a policy that does not exist").into()) }
}
