//! Hands the target triple to the crate: compiled components name it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(target) = std::env::var("TARGET") {
        println!("cargo::rustc-env=ATTACHE_TARGET={target}");
    }
}
