//! Rebuilds the crate when a policy file comes or goes: the macro that embeds them notices changes only.

fn main() {
    println!("cargo:rerun-if-changed=policies");
}
