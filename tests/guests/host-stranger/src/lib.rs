//! Imports two interfaces that the host does not give.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    reason = "generated code: the canonical ABI is made of raw pointers"
)]

wit_bindgen::generate!({
    inline: r"
        package tests:stranger;

        interface elsewhere { look: func() -> u32; }

        world stranger {
            import elsewhere;
            import here: func() -> u32;
            export run: func() -> u32;
        }
    ",
});

struct Stranger;

impl Guest for Stranger {
    fn run() -> u32 {
        tests::stranger::elsewhere::look() + here()
    }
}

export!(Stranger);
