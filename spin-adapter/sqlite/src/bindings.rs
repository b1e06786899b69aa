#![allow(unsafe_code, reason = "generated")]
#![allow(missing_docs, reason = "generated")]

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package attache:spin-sqlite;
        world executor {
            import spin:sqlite/sqlite@3.0.0;
        }
    ",
    world: "attache:spin-sqlite/executor",
    with: { "spin:sqlite/sqlite@3.0.0": generate },
});
