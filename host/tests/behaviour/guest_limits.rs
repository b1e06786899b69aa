//! Limits that a program in a language of its own hardly reaches: components written as text, which
//! do what they do when an instance is made.

use std::process::Output;

use super::process::run;

/// Serves a component of `declarations` and a module of `code`, with `imports` for it, until the
/// host gives up.
fn serve(declarations: &str, imports: &str, code: &str, arguments: &[&str]) -> Output {
    let text = format!(
        r#"(component
  (import "wasi:http/types@0.2.12" (instance $types
    (export "incoming-request" (type (sub resource)))
    (export "response-outparam" (type (sub resource)))))
  (alias export $types "incoming-request" (type $request))
  (alias export $types "response-outparam" (type $out))
  {declarations}
  (core module $module
    {code}
    (func (export "handle") (param i32 i32)))
  (core instance $instance (instantiate $module {imports}))
  (func $handle (param "request" (own $request)) (param "response-out" (own $out))
    (canon lift (core func $instance "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.12" (instance $handler)))"#
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.wasm");
    std::fs::write(&file, wat::parse_str(text).unwrap()).unwrap();
    let arguments = [&["serve", file.to_str().unwrap()], arguments].concat();
    run(
        &arguments,
        &[("PORT", "0"), ("ATTACHE_DATA_DIR", ":memory:")],
    )
}

/// What the host complains of, and that it is not the component's silence: that comes later.
fn complaint(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{complaint}");
    complaint
}

/// It got as far as not to answer.
fn was_asked(output: &Output) -> bool {
    let complaint = String::from_utf8_lossy(&output.stderr);
    output.status.code() == Some(65) && complaint.contains("gave no answer")
}

#[test]
fn a_component_that_does_no_harm_is_asked_for_its_card() {
    let output = serve("", "", "", &[]);
    assert!(was_asked(&output), "{output:?}");
}

#[test]
fn tables_grow_to_a_limit() {
    // Traps when it is refused.
    let code = r"
      (table $table 1 funcref)
      (func $start
        (table.grow $table (ref.null func) (i32.const 4000))
        (if (i32.eq (i32.const -1)) (then unreachable)))
      (start $start)";
    let output = serve("", "", code, &["--table-elements", "4000"]);
    let complaint = complaint(&output);
    assert!(
        complaint.contains(
            "tables of more than 4000 elements; ATTACHE_TABLE_ELEMENTS (--table-elements)"
        ),
        "{complaint}"
    );
    let output = serve("", "", code, &["--table-elements", "4001"]);
    assert!(was_asked(&output), "{output:?}");
}

#[test]
fn all_memories_of_an_instance_count() {
    let other = "
      (core module $other (memory 100))
      (core instance (instantiate $other))";
    let code = "(memory 100)";
    let output = serve(other, "", code, &["--memory", "8MiB"]);
    let complaint = complaint(&output);
    assert!(
        complaint.contains("more than 8MiB of memory; ATTACHE_MEMORY (--memory)"),
        "{complaint}"
    );
    let output = serve(other, "", code, &["--memory", "16MiB"]);
    assert!(was_asked(&output), "{output:?}");
}

#[test]
fn a_components_own_resources_are_counted() {
    let declarations = "
      (type $resource (resource (rep i32)))
      (core func $new (canon resource.new $resource))";
    let imports = r#"(with "" (instance (export "new" (func $new))))"#;
    let code = r#"
      (import "" "new" (func $new (param i32) (result i32)))
      (func $start (loop $more (drop (call $new (i32.const 0))) (br $more)))
      (start $start)"#;
    let output = serve(declarations, imports, code, &[]);
    let complaint = complaint(&output);
    assert!(
        complaint.contains("more than 10000 resources")
            && complaint.contains("ATTACHE_MAX_RESOURCES (--max-resources)"),
        "{complaint}"
    );
}

#[test]
fn a_component_of_many_instances_is_refused() {
    let many =
        "(core module $other) ".to_owned() + &"(core instance (instantiate $other)) ".repeat(8);
    let output = serve(&many, "", "", &[]);
    assert_ne!(output.status.code(), Some(0));
    assert!(!was_asked(&output), "{output:?}");
}

#[test]
fn an_instance_that_is_never_ready_is_stopped() {
    let code = "(func $start (loop $more (br $more))) (start $start)";
    let output = serve("", "", code, &["--cpu-ms", "100"]);
    let complaint = complaint(&output);
    assert!(
        complaint.contains("ATTACHE_CPU_MS (--cpu-ms)"),
        "{complaint}"
    );
}
