use wasmtime::Config;

/// How much of the process's address space the memory of an instance takes.
///
/// Large is quick: what an instance cannot reach is never checked, because four gigabytes are
/// reserved around its memory. They cost nothing, unless somebody limits what a process may reserve.
/// Small checks every access in code and reserves what is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressSpace {
    /// Four gigabytes for each memory.
    #[default]
    Large,
    /// What is used.
    Small,
}

/// Small memories move when they grow beyond this, so it is not too little.
const RESERVED: u64 = 1 << 20;
const GUARD: u64 = 64 << 10;

impl AddressSpace {
    /// The name that it is chosen by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Small => "small",
        }
    }

    pub(super) fn shape(self, config: &mut Config) {
        if self == Self::Small {
            config
                .memory_reservation(0)
                .memory_reservation_for_growth(RESERVED)
                .memory_guard_size(GUARD)
                .guard_before_linear_memory(false);
        }
    }
}
